"""Builds model folders of a megabyte in FunASR's layout, with FunASR's networks and seeded random weights."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml

from app.engine.sanm.pieces import read_pieces
from tests.engine.sanm.paraformer_folders import (
    CHARACTERS,
    FRONTEND,
    STACKED,
    Sizes,
    config_of,
    write_normalisation,
)

LATIN = ("hello", "wor@@", "ld", "tes@@", "ting")  # `@@`: the word goes on
CHARACTER_TOKENS = ("<blank>", "<s>", "</s>", *dict.fromkeys(CHARACTERS), *LATIN, "<unk>")
SEGMENTED = {"hello": "hello", "world": "wor@@ ld", "testing": "tes@@ ting"}
TAGS = ("zh", "en", "yue", "ja", "ko", "nospeech", "HAPPY", "NEUTRAL", "Speech", "BGM", "withitn", "woitn")
PUNCTUATION = ["<unk>", "_", "，", "。", "？", "、"]
CTC_BYTES = 256  # the ranks of the tiny CTC vocabulary: each byte is a token

WIDTH = 64
LOW_RATE = {**FRONTEND, "lfr_m": 7, "lfr_n": 6}  # no dither given: FunASR adds noise then
ENCODER = {
    "output_size": WIDTH,
    "attention_heads": 4,
    "linear_units": 96,
    "num_blocks": 2,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "kernel_size": 11,
    "sanm_shfit": 0,
    "selfattention_layer_type": "sanm",
}
PARAFORMER = Sizes(
    width=WIDTH,
    heads=4,
    encoder_units=96,
    encoder_kernel=11,
    decoder_units=96,
    decoder_blocks=2,
    hotword_blocks=2,
    hotword_kernel=21,
    tokens=len(CHARACTER_TOKENS),
    dither=None,
)
ADAPTOR = {"downsample_rate": 1, "ffn_dim": 96, "llm_dim": WIDTH, "encoder_dim": WIDTH, "n_layer": 2}

Build = Callable[[Path], Path]


def build_sensevoice(folder: Path) -> Path:
    pieces = train_pieces(folder / "chn_jpn_yue_eng_ko_spectok.bpe.model")
    config = {
        "model": "SenseVoiceSmall",
        "model_conf": {"length_normalized_loss": True, "sos": 1, "eos": 2, "ignore_id": -1},
        "encoder": "SenseVoiceEncoderSmall",
        "encoder_conf": {**ENCODER, "tp_blocks": 1},
        "frontend": "WavFrontend",
        "frontend_conf": {**LOW_RATE, "cmvn_file": None},
        "tokenizer": "SentencepiecesTokenizer",
        "tokenizer_conf": {"bpemodel": None, "unk_symbol": "<unk>", "split_with_space": True},
    }
    write_normalisation(folder / "am.mvn", STACKED)
    files = {"tokenizer_conf": {"bpemodel": pieces.name}, "frontend_conf": {"cmvn_file": "am.mvn"}}
    vocabulary = len(read_pieces(pieces.read_bytes()))
    return _finish(folder, config, files, input_size=STACKED, vocab_size=vocabulary)


def build_paraformer(folder: Path) -> Path:
    return _build_paraformer(folder, config_of("Paraformer", PARAFORMER))


def build_seaco(folder: Path) -> Path:
    return _build_paraformer(folder, config_of("SeacoParaformer", PARAFORMER))


def build_nano(folder: Path, *, has_ctc: bool = False) -> Path:
    """Build Fun-ASR-Nano; without the CTC tensors as published on Hugging Face."""
    _build_language_model(folder / "Qwen3-0.6B")
    ranks = (base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(CTC_BYTES))
    (folder / "multilingual.tiktoken").write_bytes(b"".join(ranks))
    files = {
        "tokenizer_conf": {"init_param_path": "Qwen3-0.6B"},
        "llm_conf": {"init_param_path": "Qwen3-0.6B"},
        "ctc_tokenizer_conf": {"vocab_path": "multilingual.tiktoken"},
    }
    _finish(folder, _nano_config(), files, input_size=STACKED)
    if not has_ctc:
        rewrite(folder, lambda state: {k: v for k, v in state.items() if not k.startswith("ctc")})
    return folder


def build_punctuation(folder: Path) -> Path:
    tokens = ["<blank>", "<s>", "</s>", *dict.fromkeys(CHARACTERS), "hello", "world", "<unk>"]
    _write_json(folder / "tokens.json", tokens)
    config = {
        "model": "CTTransformer",
        "model_conf": {
            "ignore_id": 0,
            "embed_unit": WIDTH,
            "att_unit": WIDTH,
            "punc_list": PUNCTUATION,
            "punc_weight": [1.0] * len(PUNCTUATION),
            "sentence_end_id": 3,
        },
        "encoder": "SANMEncoder",
        "encoder_conf": {**ENCODER, "input_size": WIDTH, "padding_idx": 0},
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>"},
    }
    return _finish(folder, config, {"tokenizer_conf": {"token_list": "tokens.json"}}, vocab_size=len(tokens))


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], Mapping[str, Any]]) -> None:
    """Replace the weights of a folder."""
    torch.save(change(torch.load(folder / "model.pt")), folder / "model.pt")


# Parts


def _build_paraformer(folder: Path, config: dict[str, Any]) -> Path:
    _write_json(folder / "tokens.json", list(CHARACTER_TOKENS))
    segmented = {**{character: character for character in CHARACTERS}, **SEGMENTED}
    lines = (f"{word} {pieces}\n" for word, pieces in segmented.items())
    (folder / "seg_dict").write_text("".join(lines), encoding="utf-8")
    write_normalisation(folder / "am.mvn", STACKED)
    files = {
        "tokenizer_conf": {"token_list": "tokens.json", "seg_dict_file": "seg_dict"},
        "frontend_conf": {"cmvn_file": "am.mvn"},
    }
    return _finish(folder, config, files, input_size=STACKED, vocab_size=len(CHARACTER_TOKENS))


def _nano_config() -> dict[str, Any]:
    return {
        "model": "FunASRNano",
        "model_conf": {"lsm_weight": 0.1, "length_normalized_loss": True},
        "audio_encoder": "SenseVoiceEncoderSmall",
        "audio_encoder_conf": {**ENCODER, "tp_blocks": 1, "freeze": True},
        "llm": "Qwen3-0.6b",
        "llm_conf": {"hub": "hf", "freeze": True, "llm_dtype": "fp32", "init_param_path": "Qwen3-0.6B"},
        "audio_adaptor": "Transformer",
        "audio_adaptor_conf": {**ADAPTOR, "use_low_frame_rate": True, "attention_heads": 4},
        "ctc_decoder": "Transformer",
        "ctc_decoder_conf": {**ADAPTOR, "attention_heads": 4},
        "ctc_vocab_size": CTC_BYTES + 44,
        "ctc_weight": 1.0,
        "ctc_conf": {},
        "ctc_tokenizer": "SenseVoiceTokenizer",
        "ctc_tokenizer_conf": {
            "vocab_path": "multilingual.tiktoken",
            "is_multilingual": True,
            "num_languages": 8749,
        },
        "frontend": "WavFrontend",
        "frontend_conf": {**LOW_RATE, "cmvn_file": None},
        "tokenizer": "HuggingfaceTokenizer",
        "tokenizer_conf": {"init_param_path": "Qwen3-0.6B"},
        "dataset_conf": {"do_think": False, "sys_prompt": True},
    }


def _build_language_model(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import Qwen3Config

    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    sentences = [CHARACTERS[i:] + CHARACTERS[:i] for i in range(len(CHARACTERS))]
    bytes_first = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([*sentences, "system user assistant hello world"], bytes_first)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
    _write_json(folder / "tokenizer_config.json", {**names, "pad_token": "<|endoftext|>"})
    Qwen3Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        initializer_range=0.6,  # wide, so that it does not repeat one token
        eos_token_id=tokenizer.token_to_id("<|im_end|>"),
        pad_token_id=tokenizer.token_to_id("<|endoftext|>"),
        architectures=["Qwen3ForCausalLM"],
    ).save_pretrained(folder)


def train_pieces(file: Path) -> Path:
    import sentencepiece

    file.parent.mkdir(parents=True, exist_ok=True)
    sentences = [f"{CHARACTERS[i:] + CHARACTERS[:i]} hello world testing" for i in range(len(CHARACTERS))]
    with file.open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            vocab_size=100,
            model_type="bpe",
            character_coverage=1.0,
            user_defined_symbols=[f"<|{tag}|>" for tag in TAGS],
            hard_vocab_limit=False,
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,
            minloglevel=2,
        )
    return file


# Files


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _finish(folder: Path, config: dict[str, Any], files: dict[str, Any], **sizes: int) -> Path:
    """Write the two descriptions and weights that fit them."""
    text = yaml.safe_dump(json.loads(json.dumps(config)), allow_unicode=True, sort_keys=False)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    metas = {"init_param": "model.pt", "config": "config.yaml", **files}
    _write_json(folder / "configuration.json", {"framework": "pytorch", "file_path_metas": metas})
    torch.save(_random_network(folder, config, files, sizes).state_dict(), folder / "model.pt")
    return folder


def _random_network(
    folder: Path, config: dict[str, Any], files: dict[str, Any], sizes: dict[str, int]
) -> torch.nn.Module:
    from funasr.register import tables

    torch.manual_seed(7)
    arguments = json.loads(json.dumps(config))  # FunASR writes into what it is given
    for part, names in files.items():
        arguments.setdefault(part, {}).update({key: str(folder / name) for key, name in names.items()})
    arguments = {**arguments.pop("model_conf"), **arguments, **sizes}
    network = tables.model_classes[config["model"]](**arguments)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 1:  # biases of 0 and gains of 1 would hide mistakes
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return network
