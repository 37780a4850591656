"""Part of the real speech also goes through codecs before training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.codecs import ENCODINGS, Encoding, through
from training.coded import LOW_RATES, pack_coded
from training.config import load_config
from training.packing import Pack, Samples, writing
from training.train import training_items
from training.vocabulary import build_vocabulary

RECIPE = Path(__file__).parents[2] / "training" / "whisper.yaml"


def tone(seconds: float) -> Samples:
    wave = 8000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * 16_000)) / 16_000)
    return wave.astype(np.int16)


@pytest.mark.parametrize("encoding", LOW_RATES, ids=lambda encoding: encoding.name)
def test_low_rates_keep_length_and_level(encoding: Encoding) -> None:
    coded = through(tone(2.0), encoding)
    assert len(coded) == pytest.approx(32_000, abs=4_000)
    middle = coded[8_000:24_000].astype(np.float64)
    assert np.sqrt((middle**2).mean()) == pytest.approx(8000 / np.sqrt(2), rel=0.2)


@pytest.mark.parametrize("encoding", [*ENCODINGS, *LOW_RATES], ids=lambda encoding: encoding.name)
def test_every_length_can_be_encoded_and_its_end_is_heard(encoding: Encoding) -> None:
    for samples in (103_296, 103_297, 16_001):
        sound = np.zeros(samples, np.int16)
        sound[-1_600:] = tone(0.1)
        coded = through(sound, encoding)
        assert len(coded) == pytest.approx(samples, abs=4_000)
        assert np.abs(coded[-4_000:]).max() > 2_000


def test_a_share_of_the_utterances_is_heard_through_codecs_too(tmp_path: Path) -> None:
    config = replace(load_config(RECIPE), work=tmp_path, speech_train=("spoken",), coded_one_in=2)
    vocabulary = build_vocabulary(["你好 hello"] * 9, folder=tmp_path, num_pieces=12, max_characters=9, min_count=1)
    for name, text in (("real-spoken", "你好"), ("non-speech", "")):
        with writing(tmp_path / name) as writer:
            for _ in range(12):
                writer.add(tone(1.0), text=text, language="zh", condition=name, syllables="ni Xau")
    assert not any("," in item.utterance.condition for item, _ in training_items(config, vocabulary)[0])
    name, count = pack_coded(config, ("real-spoken", "coded-spoken"))
    assert name == "coded-spoken"
    assert 0 < count < 12
    assert {utterance.text for utterance in Pack(tmp_path / "coded-spoken").utterances} == {"你好"}
    items = [item for item, _ in training_items(config, vocabulary)[0]]
    assert sum("real-spoken, " in item.utterance.condition for item in items) == count
