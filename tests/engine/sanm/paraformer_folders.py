"""Builds Paraformer folders of 200 KB in FunASR's layout, without FunASR.

Weights are random numbers seeded by their names, so that FunASR's code and ours share them without a file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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

STACKED = 560  # seven frames of 80 mel bands
FRONTEND = {"fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10}


@dataclass(frozen=True)
class Sizes:
    """What differs between two tiny Paraformers; the rest is as published."""

    width: int
    heads: int
    encoder_units: int
    encoder_kernel: int
    decoder_units: int
    decoder_blocks: int
    hotword_blocks: int
    hotword_kernel: int
    tokens: int
    dither: float | None = 0.0
    """None: not given, and FunASR adds noise."""


SMALL = Sizes(
    width=16,
    heads=2,
    encoder_units=64,
    encoder_kernel=5,
    decoder_units=64,
    decoder_blocks=3,
    hotword_blocks=6,
    hotword_kernel=7,
    tokens=len(TOKENS),
)


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


def config_of(kind: str, sizes: Sizes = SMALL, *, is_bidirectional: bool = False) -> dict[str, Any]:
    """Return the configuration of one of KINDS, as published but for the sizes."""
    is_fine = kind != "Paraformer"
    dither = {} if sizes.dither is None else {"dither": sizes.dither}
    config: dict[str, Any] = {
        "model": kind,
        "model_conf": {"ctc_weight": 0.0, "lsm_weight": 0.1, "predictor_bias": 1, "sampling_ratio": 0.75},
        "encoder": "SANMEncoder",
        "encoder_conf": _encoder(sizes),
        "decoder": "ParaformerSANMDecoder",
        "decoder_conf": {
            **_decoder(sizes.heads, sizes.decoder_units, sizes.decoder_blocks, sizes.encoder_kernel),
            "att_layer_num": 2,
        },
        "predictor": "CifPredictorV3" if is_fine else "CifPredictorV2",
        "predictor_conf": _predictor(sizes.width, is_fine=is_fine),
        "frontend": "WavFrontend",
        "frontend_conf": {**FRONTEND, "lfr_m": 7, "lfr_n": 6, **dither},
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
    }
    if kind == "SeacoParaformer":
        config["model_conf"] |= {
            "inner_dim": sizes.width,
            "bias_encoder_type": "lstm",
            "bias_encoder_bid": is_bidirectional,
            "seaco_lsm_weight": 0.1,
            "seaco_length_normal": True,
            "train_decoder": True,
            "NO_BIAS": sizes.tokens - 2,
        }
        config["seaco_decoder"] = "ParaformerSANMDecoder"
        config["seaco_decoder_conf"] = {
            **_decoder(sizes.heads, 64, sizes.hotword_blocks, sizes.hotword_kernel),
            "use_output_layer": False,
            "wo_input_layer": True,
        }
    return config


def _encoder(sizes: Sizes) -> dict[str, Any]:
    return {
        "output_size": sizes.width,
        "attention_heads": sizes.heads,
        "linear_units": sizes.encoder_units,
        "num_blocks": 2,
        "input_layer": "pe",
        "pos_enc_class": "SinusoidalPositionEncoder",
        "normalize_before": True,
        "kernel_size": sizes.encoder_kernel,
        "sanm_shfit": 0,
        "selfattention_layer_type": "sanm",
    }


def _decoder(heads: int, units: int, blocks: int, kernel: int) -> dict[str, Any]:
    return {
        "attention_heads": heads,
        "linear_units": units,
        "num_blocks": blocks,
        "kernel_size": kernel,
        "sanm_shfit": 0,
    }


def _predictor(width: int, *, is_fine: bool) -> dict[str, Any]:
    coarse = {"idim": width, "threshold": 1.0, "l_order": 1, "r_order": 1, "tail_threshold": 0.45}
    if not is_fine:
        return coarse
    return {
        **coarse,
        "smooth_factor2": 0.25,
        "noise_threshold2": 0.01,
        "upsample_times": 3,
        "use_cif1_cnn": False,
        "upsample_type": "cnn_blstm",
    }


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
