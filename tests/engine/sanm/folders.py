"""Writes tiny model folders of the FunASR family without its package. Golden numbers are FunASR's results on them.

Weights are waves over the positions of each tensor: names and shapes determine them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from app.engine.sanm.ct_transformer import CtTransformer, punctuation_config
from app.engine.sanm.fsmn import FsmnVadNetwork, fsmn_config
from app.engine.sanm.nano.nano import NanoNetwork, nano_config
from app.engine.sanm.nano.qwen3 import qwen3_config
from tests.engine.sanm.paraformer_folders import CHARACTERS, FRONTEND, write_normalisation
from tests.engine.sounds import RATE, Samples, buzz

GOLDEN = Path(__file__).parents[2] / "data" / "sanm"
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

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")
PAIRS = ("he", "ll", "hell", "hello", " h")
"""Tokens of more than a byte in the vocabulary of the CTC head of Fun-ASR-Nano."""
CTC_OUTPUTS = 300
QWEN3 = {
    "model_type": "qwen3",
    "hidden_act": "silu",
    "vocab_size": 264,
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1_000_000,
    "tie_word_embeddings": True,
    "attention_bias": False,
    "use_sliding_window": False,
    "bos_token_id": 256,
    "eos_token_id": 258,
    "pad_token_id": 256,
    "architectures": ["Qwen3ForCausalLM"],
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
            **FRONTEND,
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


def conversation(seconds: float, seed: int) -> Samples:
    """Return stretches of voice between silences of a tenth of a second up to three."""
    chosen = np.random.default_rng(seed)
    sound = [np.zeros(RATE // 5, dtype=np.float32)]
    while sum(map(len, sound)) < seconds * RATE:
        sound.append(buzz(float(chosen.uniform(0.1, 6.0)), level=float(chosen.uniform(0.05, 0.4))))
        sound.append(np.zeros(round(RATE * float(chosen.uniform(0.1, 3.0))), dtype=np.float32))
    hiss = 1e-4 * chosen.standard_normal(round(seconds * RATE))
    return (np.concatenate(sound)[: round(seconds * RATE)] + hiss).astype(np.float32)


def write_nano(folder: Path, *, has_ctc: bool = True) -> Path:
    """Write Fun-ASR-Nano; without a CTC head as its weights on Hugging Face."""
    adaptor = {
        "downsample_rate": 1,
        "ffn_dim": 20,
        "llm_dim": 16,
        "encoder_dim": 16,
        "n_layer": 2,
        "attention_heads": 2,
    }
    config = {
        "model": "FunASRNano",
        "model_conf": {"lsm_weight": 0.1, "length_normalized_loss": True},
        "audio_encoder": "SenseVoiceEncoderSmall",
        "audio_encoder_conf": {**ENCODER, "num_blocks": 2, "tp_blocks": 1, "freeze": True},
        "llm": "Qwen3-0.6b",
        "llm_conf": {"hub": "hf", "freeze": True, "llm_dtype": "fp32", "init_param_path": "Qwen3-0.6B"},
        "audio_adaptor": "Transformer",
        "audio_adaptor_conf": {**adaptor, "use_low_frame_rate": True},
        "ctc_decoder": "Transformer",
        "ctc_decoder_conf": adaptor,
        "ctc_vocab_size": CTC_OUTPUTS,
        "ctc_weight": 1.0,
        "ctc_conf": {},
        "ctc_tokenizer": "SenseVoiceTokenizer",
        "ctc_tokenizer_conf": {"vocab_path": "multilingual.tiktoken", "is_multilingual": True},
        "frontend": "WavFrontend",
        "frontend_conf": {**FRONTEND, "lfr_m": 7, "lfr_n": 6, "cmvn_file": None},
        "tokenizer": "HuggingfaceTokenizer",
        "tokenizer_conf": {"init_param_path": "Qwen3-0.6B"},
        "dataset_conf": {"do_think": False, "sys_prompt": True},
    }
    files = {
        "tokenizer_conf": {"init_param_path": "Qwen3-0.6B"},
        "llm_conf": {"init_param_path": "Qwen3-0.6B"},
        "ctc_tokenizer_conf": {"vocab_path": "multilingual.tiktoken"},
    }
    write_folder(folder, config, files)
    write_language_model(folder / "Qwen3-0.6B")
    tokens = [*(bytes([byte]) for byte in range(256)), *(pair.encode() for pair in PAIRS)]
    lines = (base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))
    (folder / "multilingual.tiktoken").write_bytes(b"".join(lines))
    shape = nano_config(config, qwen3_config(QWEN3))
    state = waves(NanoNetwork(560, shape, has_ctc=has_ctc).state_dict(), 0.35)
    state["llm.lm_head.weight"] = state["llm.model.embed_tokens.weight"]
    torch.save(state, folder / "model.pt")
    return folder


def write_language_model(folder: Path) -> None:
    """Write configuration and vocabulary of Qwen3: each byte is a token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder.mkdir()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
    write_json(folder / "tokenizer_config.json", {**names, "pad_token": "<|endoftext|>"})
    write_json(folder / "config.json", QWEN3)
