"""Builds Paraformer folders of 200 KB in FunASR's layout, without FunASR.

Weights are random numbers that follow from their names, so that FunASR's code and ours know them without a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from app.engine import SAMPLE_RATE
from app.engine.sanm.paraformer import Paraformer
from app.engine.sanm.paraformer_config import paraformer_config
from app.engine.sanm.seaco import SeacoParaformer
from tests.engine.sounds import Samples, sentence

CHARACTERS = "今天气很好我们去公园玩吧你喜欢语音识别系统使用开放时间营业客服电话"
TOKENS = ("<blank>", "<s>", "</s>", *CHARACTERS, "hello", "wor@@", "ld", "a", "i", "<unk>")
SEGMENTS = {**{character: character for character in CHARACTERS}, "hello": "hello", "world": "wor@@ ld"}
KINDS = ("Paraformer", "BiCifParaformer", "SeacoParaformer")

WIDTH = 16
STACKED = 560  # seven frames of 80 mel bands
ENCODER = {
    "output_size": WIDTH,
    "attention_heads": 2,
    "linear_units": 64,
    "num_blocks": 2,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "kernel_size": 5,
    "sanm_shfit": 0,
    "selfattention_layer_type": "sanm",
}
DECODER = {
    "attention_heads": 2,
    "linear_units": 64,
    "num_blocks": 3,
    "att_layer_num": 2,
    "kernel_size": 5,
    "sanm_shfit": 0,
}
HOTWORD_DECODER = {
    "attention_heads": 2,
    "linear_units": 64,
    "num_blocks": 6,
    "kernel_size": 7,
    "sanm_shfit": 0,
    "use_output_layer": False,
    "wo_input_layer": True,
}
PREDICTOR = {"idim": WIDTH, "threshold": 1.0, "l_order": 1, "r_order": 1, "tail_threshold": 0.45}
FINE_PREDICTOR = {
    **PREDICTOR,
    "smooth_factor2": 0.25,
    "noise_threshold2": 0.01,
    "upsample_times": 3,
    "use_cif1_cnn": False,
    "upsample_type": "cnn_blstm",
}


def build(folder: Path, kind: str, *, seed: int = 0, is_bidirectional: bool = False) -> Path:
    """Write a folder of one of KINDS."""
    folder.mkdir(parents=True, exist_ok=True)
    config = config_of(kind, is_bidirectional=is_bidirectional)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    files = {
        "init_param": "model.pt",
        "config": "config.yaml",
        "tokenizer_conf": {"token_list": "tokens.json", "seg_dict_file": "seg_dict"},
        "frontend_conf": {"cmvn_file": "am.mvn"},
    }
    (folder / "configuration.json").write_text(json.dumps({"file_path_metas": files}), encoding="utf-8")
    (folder / "tokens.json").write_text(json.dumps(TOKENS, ensure_ascii=False), encoding="utf-8")
    lines = (f"{word} {pieces}\n" for word, pieces in SEGMENTS.items())
    (folder / "seg_dict").write_text("".join(lines), encoding="utf-8")
    write_normalisation(folder / "am.mvn", STACKED)
    torch.save(random_weights(_network(config).state_dict(), seed), folder / "model.pt")
    return folder


def config_of(kind: str, *, is_bidirectional: bool = False) -> dict[str, Any]:
    """Return the configuration of one of KINDS, as published but for the widths."""
    is_fine = kind != "Paraformer"
    config: dict[str, Any] = {
        "model": kind,
        "model_conf": {"ctc_weight": 0.0, "lsm_weight": 0.1, "predictor_bias": 1, "sampling_ratio": 0.75},
        "encoder": "SANMEncoder",
        "encoder_conf": ENCODER,
        "decoder": "ParaformerSANMDecoder",
        "decoder_conf": DECODER,
        "predictor": "CifPredictorV3" if is_fine else "CifPredictorV2",
        "predictor_conf": FINE_PREDICTOR if is_fine else PREDICTOR,
        "frontend": "WavFrontend",
        "frontend_conf": {
            "fs": 16000,
            "window": "hamming",
            "n_mels": 80,
            "frame_length": 25,
            "frame_shift": 10,
            "lfr_m": 7,
            "lfr_n": 6,
            "dither": 0.0,
        },
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
    }
    if kind == "SeacoParaformer":
        config["model_conf"] |= {
            "inner_dim": WIDTH,
            "bias_encoder_type": "lstm",
            "bias_encoder_bid": is_bidirectional,
            "seaco_lsm_weight": 0.1,
            "seaco_length_normal": True,
            "train_decoder": True,
            "NO_BIAS": len(TOKENS) - 2,
        }
        config |= {"seaco_decoder": "ParaformerSANMDecoder", "seaco_decoder_conf": HOTWORD_DECODER}
    return config


def sound(seconds: float) -> Samples:
    """Return a sentence in a room: where nothing sounds at all, logarithms differ by the rounding of a program."""
    clean = sentence()[: round(SAMPLE_RATE * seconds)]
    noise = np.random.RandomState(0).standard_normal(len(clean)) * 0.01
    return (clean + noise).astype(np.float32)


def random_weights(state: dict[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
    """Return tensors of these names and shapes with values that every version of numpy draws."""
    made = {}
    for number, (name, tensor) in enumerate(sorted(state.items())):
        values = np.random.RandomState(1000 * seed + number).standard_normal(tuple(tensor.shape))
        values = values * (0.25 if tensor.dim() > 1 else 0.1)
        values = values + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
        made[name] = torch.tensor(values, dtype=torch.float32)
    return made


def write_normalisation(file: Path, size: int) -> None:
    """Write am.mvn, a network of Kaldi as text: what is added to the features, and by what they are multiplied."""
    layers = (("AddShift", np.linspace(-9, -13, size)), ("Rescale", np.linspace(0.15, 0.3, size)))
    lines = [
        f"<{name}> {size} {size}\n<LearnRateCoef> 0 [ {' '.join(f'{value:.4f}' for value in values)} ]\n"
        for name, values in layers
    ]
    file.write_text(f"<Nnet>\n<Splice> {size} {size}\n[ 0 ]\n{''.join(lines)}</Nnet>\n")


def _network(config: dict[str, Any]) -> Paraformer:
    shape = paraformer_config(config)
    if shape.hotword_decoder:
        return SeacoParaformer(STACKED, shape, shape.hotword_decoder, len(TOKENS))
    return Paraformer(STACKED, shape, len(TOKENS))
