"""Writes tiny model folders of the FunASR family without its package. Golden numbers are FunASR's own on them.

Weights are waves over the places of each tensor: whoever knows names and shapes knows them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from app.engine.sanm.ct_transformer import CtTransformer, punctuation_config

GOLDEN = Path(__file__).parents[2] / "data" / "sanm"
CHARACTERS = "今天气很好我们去公园玩吧你喜欢语音识别系统使用开放时间营业客服电话"
WORDS = ("今天", "天气", "我们", "公园", "喜欢", "语音", "识别", "系统", "电话")
MARKS = ["<unk>", "_", "，", "。", "？", "、"]
ENCODER = {
    "output_size": 16,
    "attention_heads": 2,
    "linear_units": 24,
    "num_blocks": 3,
    "dropout_rate": 0.1,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "kernel_size": 5,
    "sanm_shfit": 0,
    "selfattention_layer_type": "sanm",
}


def waves(state: Mapping[str, torch.Tensor], strength: float = 0.2) -> dict[str, torch.Tensor]:
    """Return tensors of these names and shapes that depend on nothing but their order."""
    made = {}
    for number, (name, tensor) in enumerate(sorted(state.items())):
        places = np.arange(tensor.numel(), dtype=np.float64)
        values = np.sin(places * (0.7 + 0.01 * number) + number) * (strength if tensor.dim() > 1 else 0.1)
        values = values + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
        made[name] = torch.tensor(values.reshape(tensor.shape), dtype=torch.float32)
    return made


def write_folder(folder: Path, config: Mapping[str, Any], files: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(dict(config), allow_unicode=True, sort_keys=False)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    metas = {"init_param": "model.pt", "config": "config.yaml", **files}
    write_json(folder / "configuration.json", {"framework": "pytorch", "file_path_metas": metas})


def write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def change_config(folder: Path, **changes: object) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    (folder / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")


def write_punctuation(folder: Path, *, has_dictionary: bool = False, sentences_end: bool = True) -> Path:
    """Write ct-punc.

    Args:
        folder: where to.
        has_dictionary: its vocabulary has words beside the characters.
        sentences_end: else it hears none to end, only commas.
    """
    words = WORDS if has_dictionary else ()
    tokens = ["<blank>", "<s>", "</s>", *dict.fromkeys(CHARACTERS), *words, "hello", "world", "<unk>"]
    config = {
        "model": "CTTransformer",
        "model_conf": {
            "ignore_id": 0,
            "embed_unit": 16,
            "att_unit": 16,
            "dropout_rate": 0.1,
            "punc_list": MARKS,
            "punc_weight": [1.0] * len(MARKS),
            "sentence_end_id": 3,
        },
        "encoder": "SANMEncoder",
        "encoder_conf": {"input_size": 16, **ENCODER, "padding_idx": 0},
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>"},
    }
    files: dict[str, Any] = {"tokenizer_conf": {"token_list": "tokens.json"}}
    if has_dictionary:
        files["jieba_usr_dict"] = "jieba_usr_dict"
    write_folder(folder, config, files)
    write_json(folder / "tokens.json", tokens)
    if has_dictionary:
        (folder / "jieba_usr_dict").write_text("".join(f"{word}\n" for word in WORDS), encoding="utf-8")
    network = CtTransformer(len(tokens), punctuation_config(config))
    state = waves(network.state_dict(), 0.6)
    if not sentences_end:
        state["decoder.bias"] = torch.tensor([-9.0, 3.0, 0.0, -9.0, -9.0, -9.0])
    torch.save(state, folder / "model.pt")
    return folder
