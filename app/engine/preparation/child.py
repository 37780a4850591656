"""The child side of pool.py: decodes files under limits, each in a fork, and answers with a line of JSON.

Run as `python -m app.engine.preparation.child PARENT fork`; with `once` it decodes a single file without a fork. It
imports numpy, FFmpeg and the detectors, but not torch.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

from app.domain.errors.audio import DecodingMemoryLimit
from app.domain.errors.base import AppError
from app.domain.errors.models import ModelFileUnreadable
from app.domain.options import VadOptions
from app.domain.speech import SpeechReport
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.measures import measure
from app.engine.audio.peaks import PEAK_BUCKETS, merge_peaks, peaks_of_file
from app.engine.audio.samples import channel_file
from app.engine.audio.waveform import save_waveform_peaks
from app.engine.preparation.sandbox import confine
from app.engine.vad.detection import classify_and_save, classify_frames, usable
from app.engine.vad.events import FireRedDetector, sound_events
from app.engine.vad.silero import FRAME_SAMPLES, Hearing, silero
from app.engine.vad.vad import group_frames

_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>
_MEGABYTE = 1 << 20
_ROOM_TO_ANSWER = 32 * _MEGABYTE
LARGEST_ANSWER = 64 * _MEGABYTE  # the spans of ten hours are 2 MB
_CHUNK = 1 << 16
IMPORTED_LATE = ("av.subtitles.stream", "numpy.fft", "numpy.ma")
"""What the libraries import on first use: each fork would repeat it."""


def main() -> None:
    # A service manager signals every process of the server; only the parent may end this one.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent, way = sys.argv[1:]
    _die_with(int(parent))
    _get_ready()
    gc.freeze()  # a collection in a fork would copy every page it touches
    with _stdout_for_the_answers() as answers:
        for line in sys.stdin.buffer:  # its end is that of the parent, or its word
            request = json.loads(line)
            reply = _in_a_fork(request, answers) if way == "fork" else {"answer": _read(request), "returncode": 0}
            answers.write(json.dumps(reply) + "\n")
            answers.flush()
            if way == "once":
                return


def _get_ready() -> None:
    """Do once what every fork would repeat."""
    for module in IMPORTED_LATE:
        importlib.import_module(module)
    with contextlib.suppress(ModelFileUnreadable):  # then another detector is used, and the receipt says so
        Hearing(silero()).probabilities(np.zeros((1, FRAME_SAMPLES), dtype=np.float32))


def _in_a_fork(request: dict[str, Any], answers: IO[str]) -> dict[str, Any]:
    """Decode a file in a fork of this process, which has its own limits and may crash alone."""
    us = os.getpid()
    pipe, their_pipe = os.pipe()
    pid = os.fork()
    if not pid:
        answers.close()
        _be_the_reader(request, us, their_pipe)
    os.close(their_pipe)
    answer = _received(pipe, pid)
    os.close(pipe)
    _, status = os.waitpid(pid, 0)
    return {"answer": answer, "returncode": os.waitstatus_to_exitcode(status)}


def _be_the_reader(request: dict[str, Any], parent: int, pipe: int) -> NoReturn:
    """Decode one file, and exit without the interpreter's cleanup, which belongs to the forked process."""
    code = 1
    try:
        _die_with(parent)
        with open(os.devnull) as nothing:  # noqa: PTH123 - a descriptor is wanted, not a path
            os.dup2(nothing.fileno(), 0)
        with os.fdopen(pipe, "w", encoding="utf-8") as answer:
            answer.write(_read(request))
        code = 0
    except Exception:  # noqa: BLE001 - the parent reports the traceback
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _received(pipe: int, pid: int) -> str:
    """Return what the fork writes until it exits; if the parent no longer wants an answer, it kills both."""
    answer = bytearray()
    while True:
        ready, _, _ = select.select([pipe, sys.stdin], [], [])
        if sys.stdin in ready or len(answer) > LARGEST_ANSWER:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            sys.exit("The answer is too long." if len(answer) > LARGEST_ANSWER else 0)
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            return answer.decode("utf-8", "replace")
        answer += chunk


def _read(request: dict[str, Any]) -> str:
    limits = DecodeLimits(**request["limits"])
    _limit(limits)
    confine(*_places(request))
    return json.dumps(_answer(request, limits))


def _places(request: dict[str, Any]) -> tuple[list[Path], list[Path]]:
    """Return the files that a request reads, and the folders that it writes to."""
    named = {name: Path(request[name]) for name in ("source", "pcm", "peaks", "survey") if request.get(name)}
    folders = {path if name == "survey" else path.parent for name, path in named.items() if name != "source"}
    return [named["source"]] if "source" in named else [], sorted(folders)


def _answer(request: dict[str, Any], limits: DecodeLimits) -> dict[str, Any]:
    try:
        if "choices" in request:
            return _judged(request)
        return _prepared(request, limits) if "source" in request else _listened(request)
    except AppError as error:
        return {"error": error.problem.to_dict()}
    except MemoryError:
        _make_room()
        return {"error": DecodingMemoryLimit(limit_mb=limits.memory_mb).problem.to_dict()}


def _prepared(request: dict[str, Any], limits: DecodeLimits) -> dict[str, Any]:
    pcm = Path(request["pcm"])
    facts = decode(Path(request["source"]), pcm, limits, separate=request["separate"], track=request["track"])
    if "peaks" not in request:
        return {"facts": facts.to_dict()}
    files = [channel_file(pcm, channel) for channel in facts.files]
    Path(request["peaks"]).write_text(json.dumps(merge_peaks([peaks_of_file(file, PEAK_BUCKETS) for file in files])))
    survey = Path(request["survey"]) if request["survey"] else None
    vad = VadOptions(**request["vad"])
    return {
        "facts": facts.to_dict(),
        "speech": [asdict(_speech(file, vad, survey)) for file in files],
        "sound": [asdict(measure(file)) for file in files],
    }


def _speech(pcm: Path, vad: VadOptions, survey: Path | None) -> SpeechReport:
    if not survey:
        return group_frames(classify_frames(pcm, vad), usable(vad))
    save_waveform_peaks(pcm, survey)
    return group_frames(classify_and_save(pcm, vad, survey), usable(vad))


def _judged(request: dict[str, Any]) -> dict[str, Any]:
    """Classify the frames of an already decoded recording with further detectors."""
    for choice in request["choices"]:
        classify_and_save(Path(request["pcm"]), VadOptions(**choice), Path(request["survey"]))
    return {}


def _listened(request: dict[str, Any]) -> dict[str, Any]:
    """Tell what sounds in a recording that was decoded before."""
    return {"events": [asdict(event) for event in sound_events(Path(request["pcm"]), FireRedDetector())]}


@contextlib.contextmanager
def _stdout_for_the_answers() -> Iterator[IO[str]]:
    """Reserve the pipe to the parent for answers: library output goes to stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        yield answers


def _die_with(parent: int) -> None:
    """Have Linux send SIGKILL when the parent exits; elsewhere the limits end an orphan."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it exited before the call
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
    """Return the address space already used by Python and the libraries: about 200 MB, mostly untouched."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


if __name__ == "__main__":
    main()
