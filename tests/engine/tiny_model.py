"""Builds a model folder of a few kilobytes with random weights from a fixed seed: it loads and outputs nonsense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from app.engine.conformer import Conformer, ConformerConfig

UNITS = (
    "<blank>",
    "<unk>",
    "<sos/eos>",
    *"你好世界一二三天气",
    "\u2581hello",
    "\u2581world",
    "\u2581a",
    "b",
    "ing",
)
ENCODER: dict[str, Any] = {
    "output_size": 16,
    "attention_heads": 2,
    "linear_units": 32,
    "num_blocks": 2,
    "cnn_module_kernel": 7,
    "cnn_module_norm": "layer_norm",
    "input_layer": "conv2d",
}
WHISPER: dict[str, Any] = {
    "encoder": "transformer",
    "input_layer": "conv1d2",
    "pos_enc_layer_type": "abs_pos_whisper",
    "selfattention_layer_type": "selfattn",
    "activation_type": "gelu",
    "key_bias": False,
    "static_chunk_size": -1,
}
"""WeNet's dialect for encoders of Whisper, as its converter writes it."""
DECODER: dict[str, Any] = {"attention_heads": 2, "linear_units": 32, "num_blocks": 1, "r_num_blocks": 1}


def tiny_config(decoder: str | None = "bitransformer", **encoder_conf: Any) -> dict[str, Any]:
    """Return a train.yaml as a dictionary; keyword arguments go into encoder_conf."""
    is_whisper = encoder_conf.get("input_layer") == WHISPER["input_layer"]
    return {
        "encoder": encoder_conf.pop("encoder", "conformer"),
        "encoder_conf": {**ENCODER, **encoder_conf},
        "decoder": decoder,
        "decoder_conf": DECODER,
        "tokenizer": "char",
        "tokenizer_conf": {"special_tokens": {"<blank>": 0, "<unk>": 1, "<sos>": 2, "<eos>": 2}},
        "ctc_conf": {"ctc_blank_id": 0},
        "cmvn": None if is_whisper else "global_cmvn",
        "dataset_conf": {"feats_type": "log_mel_spectrogram" if is_whisper else "fbank"},
        "input_dim": 80,
        "output_dim": len(UNITS),
        "recognition": {"minimum_confidence": 0.0},
    }


def tiny_network(seed: int = 0, decoder: str | None = "bitransformer", **encoder_conf: Any) -> Conformer:
    """Return the network alone, with every parameter different from its first value, ready to infer."""
    torch.manual_seed(seed)
    model = Conformer(ConformerConfig.from_yaml_dict(tiny_config(decoder, **encoder_conf)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        model.ctc.ctc_lo.weight.mul_(5)  # sure of itself, so that greedy finds more than blanks
        if model.encoder.global_cmvn is not None:
            model.encoder.global_cmvn.mean.fill_(8.0)
            model.encoder.global_cmvn.istd.fill_(0.3)
    return model.eval()


def build_tiny_model(folder: Path, seed: int = 0, **encoder_conf: Any) -> Path:
    """Write train.yaml, final.pt and units.txt and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = tiny_config(**encoder_conf)
    (folder / "train.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    torch.save(tiny_network(seed, **encoder_conf).state_dict(), folder / "final.pt")
    lines = (f"{unit} {number}\n" for number, unit in enumerate(UNITS))
    (folder / "units.txt").write_text("".join(lines), encoding="utf-8")
    return folder
