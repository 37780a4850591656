"""Builds folders in FunASR's layout with networks of the published sizes and random weights, for FunASR and for us."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from app.engine import SAMPLE_RATE, Waveform
from app.engine.features.features import pad_waveforms
from app.engine.sanm.config import encoder_config, frontend_config
from app.engine.sanm.frontend import LowRateFrontend
from app.engine.sanm.paraformer import Paraformer
from app.engine.sanm.paraformer_config import paraformer_config
from app.engine.sanm.seaco import SeacoParaformer
from app.engine.sanm.sensevoice import QUESTIONS, SenseVoiceSmall

STACKED = 560
SENSEVOICE_UNITS, PARAFORMER_UNITS = 25_055, 8_404
BLANK_SHARE = 0.7  # of the 17 frames of a second: five tokens remain
TOKEN_SHARE = 0.27  # that a frame weighs: 17 of them make four or five tokens
ENCODER: dict[str, Any] = {
    "output_size": 512,
    "attention_heads": 4,
    "linear_units": 2048,
    "num_blocks": 50,
    "kernel_size": 11,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "sanm_shfit": 0,
    "selfattention_layer_type": "sanm",
}
DECODER = {
    "attention_heads": 4,
    "linear_units": 2048,
    "num_blocks": 16,
    "att_layer_num": 16,
    "kernel_size": 11,
}
PREDICTOR = {"idim": 512, "threshold": 1.0, "l_order": 1, "r_order": 1, "tail_threshold": 0.45}
FINE_PREDICTOR = {
    **PREDICTOR,
    "smooth_factor2": 0.25,
    "noise_threshold2": 0.01,
    "upsample_times": 3,
    "use_cif1_cnn": False,
    "upsample_type": "cnn_blstm",
}
FRONTEND = {
    "fs": 16000,
    "window": "hamming",
    "n_mels": 80,
    "frame_length": 25,
    "frame_shift": 10,
    "lfr_m": 7,
    "lfr_n": 6,
    "dither": 0.0,
}


def noise(seconds: float, seed: int) -> Waveform:
    """Return something to compute; random weights hear nothing in it."""
    samples = np.random.RandomState(seed).uniform(-0.3, 0.3, round(seconds * SAMPLE_RATE))
    waveform: Waveform = samples.astype(np.float32)
    return waveform


@torch.inference_mode()
def build_sensevoice(folder: Path) -> Path:
    """Write a SenseVoiceSmall whose CTC head says about five tokens a second."""
    config = {
        "model": "SenseVoiceSmall",
        "model_conf": {"length_normalized_loss": True, "sos": 1, "eos": 2, "ignore_id": -1},
        "encoder": "SenseVoiceEncoderSmall",
        "encoder_conf": {**ENCODER, "tp_blocks": 20},
        "tokenizer": "SentencepiecesTokenizer",
        "tokenizer_conf": {"bpemodel": None, "unk_symbol": "<unk>", "split_with_space": True},
        "frontend": "WavFrontend",
        "frontend_conf": FRONTEND,
    }
    network = SenseVoiceSmall(STACKED, encoder_config(config), SENSEVOICE_UNITS).eval()
    features, lengths = _features(config)
    log_probs = network(features, lengths, ["auto"], [True])[1][0, QUESTIONS:]
    network.ctc.ctc_lo.bias[0] += (log_probs[:, 1:].amax(1) - log_probs[:, 0]).quantile(BLANK_SHARE)
    pieces = "chn_jpn_yue_eng_ko_spectok.bpe.model"
    _write(folder, config, {"tokenizer_conf": {"bpemodel": pieces}}, network)
    (folder / pieces).write_bytes(_sentencepiece_model(SENSEVOICE_UNITS))
    return folder


@torch.inference_mode()
def build_paraformer(folder: Path, *, has_hotwords: bool = False) -> Path:
    """Write a Paraformer-large, or a SeACo-Paraformer, whose predictor counts about five tokens a second."""
    config: dict[str, Any] = {
        "model": "SeacoParaformer" if has_hotwords else "Paraformer",
        "model_conf": {"ctc_weight": 0.0, "predictor_bias": 1, "sampling_ratio": 0.75},
        "encoder": "SANMEncoder",
        "encoder_conf": ENCODER,
        "decoder": "ParaformerSANMDecoder",
        "decoder_conf": DECODER,
        "predictor": "CifPredictorV3" if has_hotwords else "CifPredictorV2",
        "predictor_conf": FINE_PREDICTOR if has_hotwords else PREDICTOR,
        "frontend": "WavFrontend",
        "frontend_conf": FRONTEND,
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
    }
    if has_hotwords:
        config["model_conf"] |= {
            "inner_dim": 512,
            "bias_encoder_type": "lstm",
            "NO_BIAS": PARAFORMER_UNITS - 27,
        }
        config["seaco_decoder"] = "ParaformerSANMDecoder"
        config["seaco_decoder_conf"] = {
            "attention_heads": 4,
            "linear_units": 1024,
            "num_blocks": 4,
            "kernel_size": 21,
            "use_output_layer": False,
            "wo_input_layer": True,
        }
    shape = paraformer_config(config)
    network = (
        SeacoParaformer(STACKED, shape, shape.hotword_decoder, PARAFORMER_UNITS)
        if shape.hotword_decoder
        else Paraformer(STACKED, shape, PARAFORMER_UNITS)
    ).eval()
    network.predictor.cif_output.bias.fill_(float(np.log(TOKEN_SHARE / (1 - TOKEN_SHARE))))
    tokens = [
        "<blank>",
        "<s>",
        "</s>",
        *(chr(0x4E00 + place) for place in range(PARAFORMER_UNITS - 4)),
        "<unk>",
    ]
    files = {"tokenizer_conf": {"token_list": "tokens.json", "seg_dict_file": "seg_dict"}}
    _write(folder, config, files, network)
    (folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")
    (folder / "seg_dict").write_text("".join(f"{token} {token}\n" for token in tokens[3:-1]), encoding="utf-8")
    return folder


BUILDS: dict[str, Callable[[Path], Path]] = {
    "sensevoice": build_sensevoice,
    "paraformer": build_paraformer,
    "seaco": lambda folder: build_paraformer(folder, has_hotwords=True),
}


def _features(config: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    frontend = LowRateFrontend(frontend_config(config), torch.full((STACKED,), -10.0), torch.full((STACKED,), 0.2))
    features: tuple[torch.Tensor, torch.Tensor] = frontend(*pad_waveforms([noise(5.0, 0)]))
    return features


def _write(folder: Path, config: dict[str, Any], files: dict[str, Any], network: torch.nn.Module) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    metas = {
        "init_param": "model.pt",
        "config": "config.yaml",
        "frontend_conf": {"cmvn_file": "am.mvn"},
        **files,
    }
    (folder / "configuration.json").write_text(json.dumps({"file_path_metas": metas}), encoding="utf-8")
    layers = (("AddShift", "-10"), ("Rescale", "0.2"))
    lines = (
        f"<{name}> {STACKED} {STACKED}\n<LearnRateCoef> 0 [ {' '.join([value] * STACKED)} ]\n" for name, value in layers
    )
    normalisation = f"<Nnet>\n<Splice> {STACKED} {STACKED}\n[ 0 ]\n{''.join(lines)}</Nnet>\n"
    (folder / "am.mvn").write_text(normalisation, encoding="utf-8")
    torch.save(network.state_dict(), folder / "model.pt")


def _sentencepiece_model(size: int) -> bytes:
    """Return a model of SentencePiece with so many pieces: <unk>, <s>, </s>, then single characters."""
    special = [_piece("<unk>", 2), _piece("<s>", 3), _piece("</s>", 3)]
    characters = [_piece(chr(0x4E00 + place), 1) for place in range(size - len(special))]
    return b"".join((*special, *characters))


def _piece(text: str, kind: int) -> bytes:
    """Return field 1 of sentencepiece_model.proto: text (1), score 0 (2) and kind (3) of a piece."""
    content = text.encode()
    message = b"\x0a" + bytes([len(content)]) + content + b"\x15\x00\x00\x00\x00\x18" + bytes([kind])
    return b"\x0a" + bytes([len(message)]) + message
