"""A Whisper with fewer tokens writes the same as the whole one, as long as it has the tokens."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from app.engine import SAMPLE_RATE
from app.engine.catalog.whisper_folder import languages_of, require_files
from app.engine.catalog.whisper_weights import read_facts
from app.engine.features.whisper_mel import LogMel, padded_frames
from app.engine.whisper.vocabulary import Vocabulary
from tests.engine.tiny_whisper import BYTES, build_tiny_whisper
from training.prune_whisper import kept_ids, whole_tokenizer, write_folder
from training.whisper import read_ctranslate2


@pytest.fixture(name="whole")
def _whole(tmp_path: Path) -> Path:
    folder = build_tiny_whisper(tmp_path / "whole")
    tokens = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    (folder / "vocabulary.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    (folder / "vocabulary.json").unlink()
    return folder


def written(folder: Path, size: int) -> list[str]:
    """What the network writes of a noise, greedily."""
    vocabulary = Vocabulary(folder, size)
    waveform = (np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE) * 0.1).astype(np.float32)
    features = LogMel(80)(waveform, padded_frames([waveform]))[None]
    network = ctranslate2.models.Whisper(str(folder), compute_type="float32", intra_threads=1)
    encoded = network.encode(ctranslate2.StorageView.from_array(features))
    [found] = network.generate(encoded, [vocabulary.prompt("en")], beam_size=1, max_length=40)
    return [piece.text for piece in vocabulary.pieces(vocabulary.text_tokens(found.sequences_ids[0]))]


def test_all_tokens_of_two_languages_write_the_same_text(whole: Path, tmp_path: Path) -> None:
    tokenizer = whole_tokenizer(whole / "tokenizer.json")
    letters = [BYTES.index(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    kept = kept_ids(tokenizer, Counter(letters), 10_000)

    write_folder(whole, tmp_path / "pruned", tokenizer, kept)

    require_files(tmp_path / "pruned")
    before, after = read_facts(whole), read_facts(tmp_path / "pruned")
    assert languages_of(tmp_path / "pruned") == ("zh", "en", "zh-hant")
    assert after.vocabulary_size == before.vocabulary_size - 2  # ja and de
    assert written(tmp_path / "pruned", after.vocabulary_size) == written(whole, before.vocabulary_size) != []


def test_weights_are_stored_in_8_bits_within_half_a_step(whole: Path, tmp_path: Path) -> None:
    tokenizer = whole_tokenizer(whole / "tokenizer.json")
    write_folder(whole, tmp_path / "pruned", tokenizer, kept_ids(tokenizer, Counter(), 10_000))

    exact = read_ctranslate2((whole / "model.bin").read_bytes())
    stored = read_ctranslate2((tmp_path / "pruned/model.bin").read_bytes())

    name = "encoder/layer_0/ffn/linear_0/weight"
    scale = stored[f"{name}_scale"][:, None]
    assert stored[name].dtype == np.int8
    assert float(np.abs(stored[name] / scale - exact[name]).max()) <= 0.501 / float(scale.min())
    assert stored["encoder/conv1/weight"].dtype == exact["encoder/conv1/weight"].dtype


def test_the_most_frequent_tokens_stay_with_all_that_they_are_made_of() -> None:
    vocab = {chr(256 + id): id for id in range(256)} | {
        "ab": 256,
        "abc": 257,
        "xy": 258,
        "<|endoftext|>": 259,
    }
    vocab |= {letter: 260 + at for at, letter in enumerate("abcxy")}
    tokenizer = {"model": {"vocab": vocab, "merges": ["a b", "ab c", "x y"]}}

    kept = kept_ids(tokenizer, Counter({257: 9, 258: 5, 259: 99}), 256 + 5)

    assert kept == [*range(256), 256, 257, 260, 261, 262]


def test_the_merge_that_published_files_have_lost_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps({"model": {"vocab": {"Ġt": 0}, "merges": ["Ġ a", "Ġt h"]}}), encoding="utf-8")
    assert whole_tokenizer(file)["model"]["merges"] == ["Ġ t", "Ġ a", "Ġt h"]

    file.write_text(json.dumps(whole_tokenizer(file)), encoding="utf-8")
    assert whole_tokenizer(file)["model"]["merges"] == ["Ġ t", "Ġ a", "Ġt h"]
