"""Whisper training: the network matches CTranslate2's numbers, and CTranslate2 loads the trained weights."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
import torch

from app.engine import SAMPLE_RATE
from app.engine.features.whisper_mel import LogMel, padded_frames
from tests.conftest import REPOSITORY
from tests.engine.tiny_whisper import build_tiny_whisper
from training.config import Config, load_config
from training.export_whisper import export
from training.packing import writing
from training.tune_whisper import IGNORED, Texts, TuneOptions, Tuner
from training.whisper import read_ctranslate2
from training.whisper_network import WhisperNetwork
from training.written import chinese_text, is_marked, marked


@pytest.fixture(name="model")
def _model(tmp_path: Path) -> Path:
    folder = build_tiny_whisper(tmp_path / "tiny", languages=("zh", "en"))
    tokens = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    (folder / "vocabulary.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    """Two sentences of noise, and noise without any."""
    config = replace(load_config(REPOSITORY / "training" / "config.yaml"), work=tmp_path / "work")
    generator = np.random.default_rng(0)
    with writing(config.work / "written-zh-train-cv") as pack:
        for text in ("hello there", "good bye"):
            pack.add(noise(generator, 1.5), text=text, language="en", condition="noise")
    with writing(config.work / "non-speech") as pack:
        pack.add(noise(generator, 2.0), text="", language="none", condition="non-speech")
    return config


def noise(generator: np.random.Generator, seconds: float) -> np.ndarray:
    return (generator.standard_normal(round(seconds * SAMPLE_RATE)) * 3000).astype(np.int16)


def features() -> np.ndarray:
    waveform = (np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE) * 0.1).astype(np.float32)
    return LogMel(80)(waveform, padded_frames([waveform]))[None]


def test_the_network_gives_the_numbers_of_ctranslate2_within_1e_4(model: Path) -> None:
    network = WhisperNetwork(read_ctranslate2((model / "model.bin").read_bytes()))
    reference = ctranslate2.models.Whisper(str(model), compute_type="float32", intra_threads=1)
    heard = reference.encode(ctranslate2.StorageView.from_array(features()))
    texts = Texts(model)
    tokens, _ = texts.row("abc", "en", random.Random(2))

    with torch.no_grad():
        encoded = network.encode(torch.from_numpy(features()))
        logits = network.decode(torch.tensor([tokens]), encoded)
    aligned = reference.align(heard, tokens[:3], [tokens[4:-1]], [400])

    np.testing.assert_allclose(encoded.numpy(), np.array(heard), atol=1e-4)
    probabilities = logits[0, 3:-2, : texts.end].softmax(-1).gather(-1, torch.tensor(tokens[4:-1])[:, None])[:, 0]
    assert probabilities.tolist() == pytest.approx(list(aligned[0].text_token_probs), abs=1e-4)


def test_it_learns_goes_on_from_a_checkpoint_and_is_read_by_the_product(
    model: Path, config: Config, tmp_path: Path
) -> None:
    options = TuneOptions(steps=30, peak_rate=1e-2, log_every=10, save_every=15)
    first = Tuner(config, model, options)
    first.run(15)
    second = Tuner(config, model, options)
    second.run(30)
    export(model, config.work / "checkpoints-tuned" / "step-30.pt", tmp_path / "tuned")

    assert second.losses[-1] < 0.8 * first.losses[0]
    tuned = ctranslate2.models.Whisper(str(tmp_path / "tuned"), compute_type="float32", intra_threads=1)
    exported = np.array(tuned.encode(ctranslate2.StorageView.from_array(features())))
    with torch.no_grad():
        learned = second.network.encode(torch.from_numpy(features())).numpy()
    assert np.abs(exported - learned).max() < 0.15  # weights of 8 bits


def test_half_of_what_was_learned_lies_half_way(model: Path, config: Config, tmp_path: Path) -> None:
    Tuner(config, model, TuneOptions(steps=2, peak_rate=1e-2)).run(2)
    checkpoint = config.work / "checkpoints-tuned" / "step-2.pt"
    for share in (0.0, 0.5, 1.0):
        export(model, checkpoint, tmp_path / str(share), share)
    name = "decoder/layer_norm/gamma"
    none, half, all_ = (
        read_ctranslate2((tmp_path / str(share) / "model.bin").read_bytes())[name] for share in (0.0, 0.5, 1.0)
    )

    np.testing.assert_allclose(half, (none + all_) / 2, atol=1e-6)
    assert not np.allclose(none, all_)


def test_only_the_text_its_end_and_the_language_are_asked_for(model: Path) -> None:
    tokens, wanted = Texts(model).row("ab", "en", random.Random(2))
    silent, of_silence = Texts(model).row("", "none", random.Random(2))

    assert wanted[:1] == [IGNORED]
    assert wanted[1] == tokens[1]
    assert wanted[2:4] == [IGNORED, IGNORED]
    assert wanted[4:] == tokens[4:]
    assert of_silence[1] not in silent
    assert of_silence[-1] == silent[-1]


@pytest.mark.parametrize(
    ("said", "heard", "written"),
    [
        ("WELL IT'S A SHIP", "Well, it's a sheep.", "Well, it's a ship"),
        ("我们明天去不去", "我们，明天去。", "我们，明天去。不去"),
        ("NOTHING", "", "nothing"),
    ],
)
def test_marks_are_lent_to_the_words_that_were_heard(said: str, heard: str, written: str) -> None:
    assert marked(said, heard) == written


def test_chinese_is_written_as_the_product_writes_it() -> None:
    assert chinese_text("一共三十五塊五,是「第一」") == "一共35块5，是“第一”"
    assert is_marked("你好，世界")
    assert not is_marked("THE END")
