import random
from pathlib import Path

import numpy as np
import pytest

from training.batches import Item, plan_epoch, waveforms
from training.packing import Pack, writing
from training.schedule import Schedule
from training.speed import at_speed
from training.synthesise import resample


def _pack(path: Path, seconds: list[float]) -> Pack:
    with writing(path) as writer:
        for number, length in enumerate(seconds):
            samples = np.full(int(length * 16_000), number + 1, np.int16)
            writer.add(samples, text=f"text {number}", language="en", condition="test")
    return Pack(path)


def test_a_pack_gives_back_the_samples_and_texts_that_were_added(tmp_path: Path) -> None:
    pack = _pack(tmp_path / "some-pack", [0.5, 1.25, 0.1])
    assert [u.text for u in pack.utterances] == ["text 0", "text 1", "text 2"]
    assert [u.seconds for u in pack.utterances] == [0.5, 1.25, 0.1]
    for number, utterance in enumerate(pack.utterances):
        assert set(pack.samples(utterance).tolist()) == {number + 1}


def test_a_pack_that_was_not_finished_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        _write_half(tmp_path / "pack")
    assert not (tmp_path / "pack.jsonl").exists()
    assert not (tmp_path / "pack.s16").exists()


def _write_half(pack: Path) -> None:
    with writing(pack) as writer:
        writer.add(np.zeros(10, np.int16), text="", language="en", condition="test")
        writer.add(None, text="", language="en", condition="test")  # type: ignore[arg-type]


def test_an_epoch_repeats_items_by_weight_and_no_batch_is_too_long(tmp_path: Path) -> None:
    pack = _pack(tmp_path / "pack", [0.2 + 0.01 * n for n in range(120)])
    items = [(Item(pack, utterance), 2.0) for utterance in pack.utterances]
    batches = plan_epoch(items, batch_seconds=6.0, max_seconds=1.0, seed=3, epoch=0)
    drawn = [item.utterance.start for batch in batches for item in batch]
    short = [u.start for u in pack.utterances if u.seconds <= 1.0]
    assert sorted(drawn) == sorted(short * 2)
    assert all(len(batch) * max(i.utterance.seconds for i in batch) <= 6.0 for batch in batches)


def test_the_plan_of_an_epoch_depends_on_seed_and_epoch_only(tmp_path: Path) -> None:
    pack = _pack(tmp_path / "pack", [0.2 + 0.01 * n for n in range(60)])
    items = [(Item(pack, utterance), 0.5) for utterance in pack.utterances]

    def plan(epoch: int) -> list[list[int]]:
        batches = plan_epoch(items, batch_seconds=4.0, max_seconds=9.0, seed=3, epoch=epoch)
        return [[item.utterance.start for item in batch] for batch in batches]

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_resampling_keeps_a_tone_and_the_duration() -> None:
    time = np.arange(22_050) / 22_050
    tone = (np.sin(2 * np.pi * 440 * time) * 10_000).astype(np.int16)
    resampled = resample(tone, 22_050)
    expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000) * 10_000
    assert len(resampled) == 16_000
    assert np.abs(resampled[500:-500] - expected[500:-500]).max() < 150


def test_the_learning_rate_rises_holds_and_falls() -> None:
    schedule = Schedule(peak=1.0, warm_up=10, fall_from=50, total=100)
    assert schedule.rate(0) == pytest.approx(0.1)
    assert schedule.rate(30) == 1.0
    assert schedule.rate(75) == pytest.approx(0.5)
    assert schedule.rate(100) == pytest.approx(0.01)


def test_a_faster_utterance_is_shorter_and_higher() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    faster = at_speed(tone, 1.25)
    assert abs(len(faster) - 12_800) <= 256
    assert faster.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(faster[:12_800]))
    assert spectrum.argmax() * 16_000 / 12_800 == pytest.approx(1250, abs=15)
    assert 0.9 < np.abs(faster[1000:-1000]).max() < 1.1


def test_only_speech_without_alignment_changes_its_speed(tmp_path: Path) -> None:
    with writing(tmp_path / "pack") as writer:
        for spans in ((), (0, 400, 400, 900)):
            samples = np.full(16_000, 99, np.int16)
            writer.add(
                samples,
                text="some words",
                language="en",
                condition="",
                syllables="some words",
                spans_ms=spans,
            )
    pack = Pack(tmp_path / "pack")
    batch = [Item(pack, utterance) for utterance in pack.utterances]
    _, lengths, _ = waveforms(batch, random.Random(1), 0.0, (0.5,))
    assert lengths.tolist() == [32_256, 16_000]  # in steps of 256
