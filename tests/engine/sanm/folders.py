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
from app.engine.sanm.fsmn import FsmnVadNetwork, fsmn_config
from tests.engine.sounds import RATE, Samples, babble

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

FEATURES = {"fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10}


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


def write_vad(folder: Path) -> Path:
    """Write fsmn-vad, so that it takes a loud voice for speech and its absence for silence."""
    config = {
        "model": "FsmnVADStreaming",
        "model_conf": {"sil_pdf_ids": [0, 1], "silence_pdf_num": 2, "max_end_silence_time": 800},
        "encoder": "FSMN",
        "encoder_conf": {
            "input_dim": 400,
            "input_affine_dim": 12,
            "fsmn_layers": 2,
            "linear_dim": 16,
            "proj_dim": 8,
            "lorder": 6,
            "rorder": 0,
            "lstride": 1,
            "rstride": 0,
            "output_affine_dim": 12,
            "output_dim": 9,
        },
        "frontend": "WavFrontendOnline",
        "frontend_conf": {
            **FEATURES,
            "dither": 0.0,
            "lfr_m": 5,
            "lfr_n": 1,
        },
    }
    write_folder(folder, config, {"frontend_conf": {"cmvn_file": "am.mvn"}})
    write_normalisation(folder / "am.mvn", 400)
    state = waves(FsmnVadNetwork(fsmn_config(config)).state_dict(), 0.1)
    hear_loudness(state)
    torch.save(state, folder / "model.pt")
    return folder


def hear_loudness(state: dict[str, torch.Tensor]) -> None:
    """Let one channel of fsmn-vad carry how loud it is, and silence be likely where it is not."""
    state["encoder.in_linear1.linear.weight"][0] = 0.01  # the mean of 400 features, times 4
    state["encoder.in_linear2.linear.weight"][0, 0] = 1.0
    state["encoder.in_linear2.linear.bias"][0] = 4.0
    for layer in ("linear", "affine"):
        for name in [name for name in state if name.endswith(f".{layer}.linear.weight")]:
            state[name][0, 0] = 1.0
    state["encoder.out_linear1.linear.weight"][0, 0] = 1.0
    state["encoder.out_linear2.linear.weight"][:2, 0] = -1.0
    state["encoder.out_linear2.linear.bias"][:2] = 3.0


def write_normalisation(file: Path, size: int) -> None:
    """Write am.mvn, a network of Kaldi as text: what is added to the features, and by what they are multiplied."""
    layers = (("AddShift", np.linspace(-9, -13, size)), ("Rescale", np.linspace(0.15, 0.3, size)))
    lines = [
        f"<{name}> {size} {size}\n<LearnRateCoef> 0 [ {' '.join(f'{value:.4f}' for value in values)} ]\n"
        for name, values in layers
    ]
    file.write_text(f"<Nnet>\n<Splice> {size} {size}\n[ 0 ]\n{''.join(lines)}</Nnet>\n", encoding="utf-8")


def conversation(seconds: float, seed: int) -> Samples:
    """Return stretches of voice between silences of a tenth of a second up to three."""
    chosen = np.random.default_rng(seed)
    sound = [np.zeros(RATE // 5, dtype=np.float32)]
    while sum(map(len, sound)) < seconds * RATE:
        sound.append(babble(float(chosen.uniform(0.1, 6.0)), level=float(chosen.uniform(0.05, 0.4))))
        sound.append(np.zeros(round(RATE * float(chosen.uniform(0.1, 3.0))), dtype=np.float32))
    hiss = 1e-4 * chosen.standard_normal(round(seconds * RATE))
    return (np.concatenate(sound)[: round(seconds * RATE)] + hiss).astype(np.float32)
