"""Recordings analysed only for speech, and their removal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

import av
import numpy as np
import pytest

from app.domain.errors.transcriptions import AnalysisNotFound
from app.domain.options import TranscriptionOptions, VadOptions
from app.engine.preparation.preparation import Cancelled
from app.services.vad.analyses import VadAnalyses
from app.services.vad.records import Analysis
from app.store.files.vad_folders import VadFolders
from tests.engine import sounds
from tests.services.conftest import LIMITS, House, talk
from tests.waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture(name="vad")
def _vad(house: House) -> Iterator[VadAnalyses]:
    vad = VadAnalyses(VadFolders(house.folder), house.queue, LIMITS, VadOptions())
    with vad.running():
        yield vad


def look_at(vad: VadAnalyses) -> Analysis:
    with vad.receive("talk.wav", 10**9) as incoming:
        incoming.write(talk(0.2))
        return vad.submit(incoming)


def test_the_track_that_was_transcribed_is_analysed(house: House, vad: VadAnalyses, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film"), "w", format="matroska") as film:
        streams = [film.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream, seconds in zip(streams, (3.0, 1.0), strict=True):
            sounds.encode_onto(film, stream, np.atleast_2d(sounds.babble(seconds)), 16_000, "mono")
    film_bytes = (tmp_path / "film").read_bytes()
    for track, seconds in ((0, 3.0), (2, 1.0)):
        job = house.submit(film_bytes, "film.mkv", TranscriptionOptions(track=track))
        analysis = vad.of_transcription(job.id)
        wait_until(lambda key=analysis.id: vad.get(key).state == "ready")

        assert vad.get(analysis.id).duration == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize("work", ["prepare", "judge_apart"], ids=["first reading", "other detectors"])
def test_removing_ends_what_is_read_and_leaves_no_file(
    vad: VadAnalyses, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    begun, ended = Event(), Event()

    def write_until_unwanted(*arguments: Any, **_: Any) -> NoReturn:
        [id] = vad.analyses.ids()
        begun.set()
        wait_until(arguments[-1])
        (vad.analyses.folder(id) / "late").touch()
        ended.set()
        raise Cancelled

    monkeypatch.setattr(f"app.services.vad.analyses.{work}", write_until_unwanted)
    id = look_at(vad).id
    assert begun.wait(PATIENCE_SECONDS)

    vad.remove(id)

    assert ended.is_set()
    assert vad.analyses.ids() == []
    with pytest.raises(AnalysisNotFound):
        vad.get(id)
