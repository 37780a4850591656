"""A Whisper folder of a few kilobytes with random weights, built with CTranslate2's specification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import specs
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, LAYERS = 16, 2, 1
BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
BEFORE_LANGUAGES = ("<|endoftext|>", "<|startoftranscript|>")
AFTER_LANGUAGES = (
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nocaptions|>",
    "<|notimestamps|>",
)
TIMESTAMPS = [f"<|{step / 50:.2f}|>" for step in range(1501)]


def build_tiny_whisper(
    folder: Path, languages: tuple[str, ...] = ("en", "zh", "ja", "de"), mel_bins: int = 80, seed: int = 0
) -> Path:
    """Write a folder as faster-whisper has them, and return it."""
    folder.mkdir(parents=True)
    special = [*BEFORE_LANGUAGES, *(f"<|{code}|>" for code in languages), *AFTER_LANGUAGES]
    tokenizer = Tokenizer(models.BPE(vocab={byte: id for id, byte in enumerate(BYTES)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = [*BYTES, *special, *TIMESTAMPS]
    spec = specs.WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    _fill(spec, len(tokens), mel_bins, np.random.default_rng(seed))
    spec.register_vocabulary(tokens)
    first = len(BYTES) + len(BEFORE_LANGUAGES)
    spec.config.lang_ids = list(range(first, first + len(languages)))
    letters = {BYTES.index(letter) for letter in "abcdefghijklmnopqrstuvwxyz"}
    spec.config.suppress_ids = [id for id in range(len(tokens)) if id not in letters and id != len(BYTES)]
    spec.config.suppress_ids_begin = [len(BYTES)]
    spec.config.alignment_heads = [[0, 0], [0, 1]]
    spec.validate()
    spec.save(str(folder))
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["lang_ids"]
    return folder


def _fill(spec: Any, vocabulary: int, mel_bins: int, random: np.random.Generator) -> None:
    def matrix(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = matrix(outputs, inputs), np.zeros(outputs, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(layer: Any, *, is_own: bool) -> None:
        norm(layer.layer_norm)
        shapes = [(3 * WIDTH,), (WIDTH,)] if is_own else [(WIDTH,), (2 * WIDTH,), (WIDTH,)]
        for projection, (outputs,) in zip(layer.linear, shapes, strict=True):
            linear(projection, outputs, WIDTH)

    def forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * WIDTH, WIDTH)
        linear(layer.linear_1, WIDTH, 4 * WIDTH)

    for convolution, inputs in ((spec.encoder.conv1, mel_bins), (spec.encoder.conv2, WIDTH)):
        convolution.weight, convolution.bias = matrix(WIDTH, inputs, 3), np.zeros(WIDTH, np.float32)
    spec.encoder.position_encodings.encodings = matrix(1500, WIDTH)
    norm(spec.encoder.layer_norm)
    for layer in spec.encoder.layer:
        attention(layer.self_attention, is_own=True)
        forward(layer.ffn)
    spec.decoder.embeddings.weight = matrix(vocabulary, WIDTH)
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    spec.decoder.position_encodings.encodings = matrix(448, WIDTH)
    norm(spec.decoder.layer_norm)
    for layer in spec.decoder.layer:
        attention(layer.self_attention, is_own=True)
        attention(layer.attention, is_own=False)
        forward(layer.ffn)
