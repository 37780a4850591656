"""An existing model tells when each unit of a pack is spoken."""

from pathlib import Path

import numpy as np

from app.engine.native.checkpoint import load_checkpoint
from tests.engine.tiny_model import build_tiny_model
from training.packing import Pack, writing
from training.unit_times import write_times
from training.vocabulary import build_vocabulary

SECONDS = (1.8, 0.05, 0.9, 2.4)
TEXTS = ("你好", "你好", "", "好你好")


def test_every_unit_gets_a_time_in_order_and_inside_its_utterance(tmp_path: Path) -> None:
    vocabulary = build_vocabulary(["你好 hello"] * 9, folder=tmp_path, num_pieces=9, max_characters=9, min_count=1)
    checkpoint = load_checkpoint(build_tiny_model(tmp_path / "model"), seal_padding=True)
    generator = np.random.default_rng(0)
    with writing(tmp_path / "pack") as writer:
        for seconds, text in zip(SECONDS, TEXTS, strict=True):
            samples = generator.integers(-3000, 3000, int(seconds * 16_000)).astype(np.int16)
            writer.add(samples, text=text, language="zh", condition="real")
    assert Pack(tmp_path / "pack").unit_times_ms == [(), (), (), ()]
    assert write_times(tmp_path / "pack", checkpoint, vocabulary) == 2
    times = Pack(tmp_path / "pack").unit_times_ms
    assert [len(row) for row in times] == [
        2,
        0,
        0,
        3,
    ]  # the second is too short for its text, the third has none
    for row, seconds in zip(times, SECONDS, strict=True):
        assert list(row) == sorted(set(row))
        assert all(0 <= time <= 1000 * seconds for time in row)
