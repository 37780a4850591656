"""The child side of preparation.py: reads one file under limits and answers with one line of JSON.

Run as `python -m app.engine.preparation_child REQUEST`. It imports numpy, FFmpeg and webrtcvad, and no torch.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.engine.audio import DecodeLimits, decode
from app.engine.frames import judge, keep
from app.engine.outline import keep_outline
from app.engine.peaks import PEAK_BUCKETS, peaks, together
from app.engine.samples import channel_file
from app.engine.sound import measure
from app.engine.vad import SpeechReport, VadOptions, cut
from app.errors import AppError, DecodingMemoryLimit

_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>
_MEGABYTE = 1 << 20
_ROOM_TO_ANSWER = 32 * _MEGABYTE


def main() -> None:
    # A service manager signals every process of the server; our parent kills us when it wants.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    request = json.loads(sys.argv[1])
    _die_with_parent(request["parent"])
    limits = DecodeLimits(**request["limits"])
    with _stdout_for_the_answer() as answer:
        _limit(limits)
        json.dump(_answer(request, limits), answer)


def _answer(request: dict[str, Any], limits: DecodeLimits) -> dict[str, Any]:
    try:
        return _judged(request) if "choices" in request else _prepared(request, limits)
    except AppError as error:
        return {"error": error.problem.to_dict()}
    except MemoryError:
        _make_room()
        return {"error": DecodingMemoryLimit(limit_mb=limits.memory_mb).problem.to_dict()}


def _prepared(request: dict[str, Any], limits: DecodeLimits) -> dict[str, Any]:
    pcm = Path(request["pcm"])
    facts = decode(Path(request["source"]), pcm, limits, separate=request["separate"])
    files = [channel_file(pcm, channel) for channel in facts.files]
    Path(request["peaks"]).write_text(json.dumps(together([peaks(file, PEAK_BUCKETS) for file in files])))
    survey = Path(request["survey"]) if request["survey"] else None
    vad = VadOptions(**request["vad"])
    return {
        "facts": asdict(facts),
        "speech": [asdict(_speech(file, vad, survey)) for file in files],
        "sound": [asdict(measure(file)) for file in files],
    }


def _speech(pcm: Path, vad: VadOptions, survey: Path | None) -> SpeechReport:
    frames = judge(pcm, vad.mode, vad.frame_ms)
    if survey:
        keep_outline(pcm, survey)
        keep(frames, survey)
    return cut(frames, vad)


def _judged(request: dict[str, Any]) -> dict[str, Any]:
    """Judge the frames of a recording that was decoded before, in further ways."""
    for mode, frame_ms in request["choices"]:
        keep(judge(Path(request["pcm"]), mode, frame_ms), Path(request["survey"]))
    return {}


@contextlib.contextmanager
def _stdout_for_the_answer() -> Iterator[Any]:
    """Keep the pipe to the parent for the answer: what libraries print goes to stderr."""
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        yield answer


def _die_with_parent(parent: int) -> None:
    """Ask Linux for SIGKILL when the parent ends; elsewhere the limits end an orphan.

    Linux means the thread that started us, and that one waits for our answer.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the request was made
        sys.exit(1)


def _limit(limits: DecodeLimits) -> None:
    """Let the kernel enforce the limits; macOS refuses RLIMIT_AS, then only time is limited."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
    memory = _address_space() + limits.memory_mb * _MEGABYTE
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory + _ROOM_TO_ANSWER))


def _make_room() -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _address_space() -> int:
    """Return the bytes that Python and the libraries took already: about 200 MB, most of it never touched."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


if __name__ == "__main__":
    main()
