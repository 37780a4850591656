"""What reads a recording in a child process tries again where that was killed once, in every stage."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors.audio import DecodingCrashed
from app.domain.options import TranscriptionOptions, VadOptions
from app.engine import EngineSpec
from app.engine.preparation.pool import PreparationPool, Reply
from app.services import retry
from app.services.speakers.labelling import SpeakerLabeller
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.direct import DirectTranscriber
from app.services.vad.analyses import VadAnalyses
from app.store.files.vad_folders import VadFolders
from tests.fakes import EchoEngine
from tests.services.conftest import LIMITS, House, talk
from tests.waiting import wait_until

UNUSED = SpeakerLabeller(VoiceHearing(lambda: None, lambda _folder, _check: pytest.fail("no speakers are asked for")))


class Killing(PreparationPool):
    """Kills the child that got the first request of a kind."""

    def __init__(self, kind: str, times: int = 1) -> None:
        super().__init__()
        self._kind, self._left = kind, times

    def ask(self, request: dict[str, Any], seconds: float, cancelled: Callable[[], bool]) -> Reply:
        if self._kind in request and self._left:
            self._left -= 1
            with self._child_for(b"") as child:
                os.kill(child._process.pid, signal.SIGKILL)
                return child.wait(seconds, cancelled)
        return super().ask(request, seconds, cancelled)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture(name="recording")
def _recording(tmp_path: Path) -> Path:
    file = tmp_path / "talk.wav"
    file.write_bytes(talk(0.2))
    return file


def direct(pool: PreparationPool, folder: Path) -> DirectTranscriber:
    return DirectTranscriber(EchoEngine(EngineSpec(folder)), TranscriptionOptions(), LIMITS, UNUSED, pool)


class Bar:
    n = 0.0

    def reset(self, total: float | None = None) -> None: ...

    def update(self, n: float | None = 1) -> bool | None: ...


def test_the_command_reads_again_after_a_kill(recording: Path, tmp_path: Path) -> None:
    with Killing("source") as pool:
        found = direct(pool, tmp_path).run(recording, Bar())

    assert found.transcript.text == "Level 2."


def test_the_command_tells_of_a_file_that_kills_twice(recording: Path, tmp_path: Path) -> None:
    with Killing("source", times=2) as pool, pytest.raises(DecodingCrashed, match="SIGKILL"):
        direct(pool, tmp_path).run(recording, Bar())


@pytest.mark.parametrize("kind", ["source", "choices"], ids=["first reading", "other detectors"])
def test_the_vad_page_reads_again_after_a_kill(house: House, kind: str) -> None:
    with Killing(kind) as pool:
        vad = VadAnalyses(VadFolders(house.folder), house.queue, LIMITS, VadOptions(), pool)
        with vad.running():
            with vad.receive("talk.wav", 10**9) as incoming:
                incoming.write(talk(0.2))
                id = vad.submit(incoming).id
            wait_until(lambda: vad.get(id).state == "ready")
            assert vad.report(id, VadOptions(detector="webrtcvad")).spans
