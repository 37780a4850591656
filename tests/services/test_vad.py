"""Recordings analysed only for speech, and their removal."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any, NoReturn

import pytest

from app.domain.errors.transcriptions import AnalysisNotFound
from app.domain.options import VadOptions
from app.engine.preparation.preparation import Cancelled
from app.services.vad.analyses import VadAnalyses
from app.services.vad.records import Analysis
from app.store.files.vad_folders import VadFolders
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
