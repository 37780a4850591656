"""The waveform peaks of a recording."""

from __future__ import annotations

import numpy as np

from app.engine.audio import peaks as peaks_module
from app.engine.audio.peaks import peaks_of_file


def test_each_bucket_holds_its_lowest_and_highest_sample(tmp_path):
    samples = np.array([0, 32767, -32768, 0, 258, -258, 0, 0], dtype="<i2")
    samples.tofile(tmp_path / "a.s16")
    assert peaks_of_file(tmp_path / "a.s16", 4) == [[0, 127], [-127, 0], [-1, 1], [0, 0]]


def test_there_are_never_more_buckets_than_samples(tmp_path):
    np.zeros(3, dtype="<i2").tofile(tmp_path / "a.s16")
    assert peaks_of_file(tmp_path / "a.s16", 10) == [[0, 0]] * 3


def test_no_sample_gives_no_bucket(tmp_path):
    (tmp_path / "a.s16").write_bytes(b"")
    assert peaks_of_file(tmp_path / "a.s16", 10) == []


def test_a_bucket_larger_than_a_block_is_read_in_blocks(tmp_path, monkeypatch):
    samples = np.random.default_rng(1).integers(-32768, 32767, 10_000).astype("<i2")
    samples.tofile(tmp_path / "a.s16")
    whole = peaks_of_file(tmp_path / "a.s16", 7)
    monkeypatch.setattr(peaks_module, "_BLOCK_SAMPLES", 100)
    assert peaks_of_file(tmp_path / "a.s16", 7) == whole
