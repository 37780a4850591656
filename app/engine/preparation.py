"""Runs decoding and speech detection in a child process, so that a hostile or broken file ends as an error of its
own job. This is the parent side; it knows processes and files, and nothing of codecs.

The child is a fresh interpreter rather than multiprocessing's `spawn` or `forkserver`: spawn imports the caller's
`__main__` again (the whole command line or pytest), a fork server stands between us and the child, so that exit
status and death with the parent get lost, and both unpickle what the child sends, which after a successful attack
on a decoder would be code. Here the answer is JSON. A fresh interpreter answers after about 0.25 s.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app.engine.audio import AudioFacts, DecodeLimits
from app.engine.samples import channel_file
from app.engine.sound import SoundFacts
from app.engine.vad import DroppedSpan, Rule, SpeechReport, SpeechSpan, VadOptions
from app.errors import N_, AppError, DecodingCrashed, DecodingTimeLimit
from app.exits import exit_cause
from app.paths import environment_of_children
from app.transcript import Applied

POLL_SECONDS = 0.1
WALL_FACTOR = 3  # a busy machine may give the child a third of a core; longer than that, it hangs
WALL_GRACE_SECONDS = 60
SILENT_CHANNEL = N_("No speech was found on channel")

_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """The preparation was stopped because its caller wanted so."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording that is ready to be recognised."""

    facts: AudioFacts
    speech: tuple[SpeechReport, ...]
    """Of the mix, or of each channel."""
    sound: tuple[SoundFacts, ...] = ()
    """Of the mix, or of each channel."""

    @property
    def spans(self) -> tuple[SpeechSpan, ...]:
        """What is to be recognised, in the order of time."""
        found = [
            replace(span, channel=channel)
            for channel, report in zip(self.facts.files, self.speech, strict=True)
            for span in report.spans
        ]
        return tuple(sorted(found, key=lambda span: (span.start, span.channel or 0)))

    @property
    def described(self) -> dict[str, Any]:
        """What is kept of the recording with its plan, for the diagnosis."""
        facts = asdict(self.facts)
        names = ("sample_rate", "channels", "codec", "container", "bit_rate", "channel_levels")
        return {name: facts[name] for name in names} | {"sound": [asdict(each) for each in self.sound]}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader should know; that nothing was said at all is told by whoever makes the transcript."""
        if not any(report.spans for report in self.speech):
            return self.facts.warnings
        silent = [
            channel for channel, report in zip(self.facts.files, self.speech, strict=True) if not report.spans
        ]
        return (*self.facts.warnings, *(f"{SILENT_CHANNEL}: {channel}" for channel in silent))

    def receipt(self, vad: VadOptions, channels: str) -> tuple[Applied, ...]:
        """What became of the options of reading."""
        applied = "separate" if self.facts.separate else "mix"
        return (vad.receipt, Applied("channels", channels, applied, self.facts.mixed_because))


def prepare(
    source: Path,
    pcm: Path,
    peaks_file: Path,
    vad: VadOptions,
    limits: DecodeLimits,
    cancelled: Callable[[], bool],
    survey: Path | None = None,
    channels: str = "mix",
) -> Prepared:
    """Decode `source` into `pcm` (or its channels: see channel_file), write its peaks as JSON, and find its speech.

    The files appear complete or not at all, those of the samples last. In the folder `survey`, where one is given, stands afterwards what
    frames.py and outline.py keep.

    Raises:
        Cancelled: `cancelled` returned true; it is asked every POLL_SECONDS.
        DecodingTimeLimit, DecodingMemoryLimit: the file needs more than `limits`.
        DecodingCrashed: the child died; its signal or its last words are in the message.
        AppError: whatever `decode` and `find_speech` raise.
    """
    with _parts(pcm, peaks_file) as (pcm_part, peaks_part):
        request = {
            "parent": os.getpid(),
            "source": str(source),
            "pcm": str(pcm_part),
            "peaks": str(peaks_part),
            "vad": asdict(vad),
            "limits": asdict(limits),
            "survey": str(survey) if survey else None,
            "separate": channels == "separate",
        }
        answer = _ask_child(request, limits, cancelled)
        prepared = _read(answer)
        peaks_part.replace(peaks_file)
        for channel in reversed(prepared.facts.files):  # the first one tells that all are there
            channel_file(pcm_part, channel).replace(channel_file(pcm, channel))
    return prepared


def judge_apart(
    pcm: Path,
    survey: Path,
    choices: Sequence[tuple[int, int]],
    limits: DecodeLimits,
    cancelled: Callable[[], bool],
) -> None:
    """Keep in `survey` what webrtcvad says of the frames of `pcm`, for each mode and frame length in `choices`.

    Raises:
        Cancelled, DecodingTimeLimit, DecodingMemoryLimit, DecodingCrashed: as `prepare`.
    """
    request = {
        "parent": os.getpid(),
        "pcm": str(pcm),
        "survey": str(survey),
        "choices": [list(choice) for choice in choices],
        "limits": asdict(limits),
    }
    answer = json.loads(_ask_child(request, limits, cancelled))
    if "error" in answer:
        raise _error(answer["error"])


@contextmanager
def _parts(*files: Path) -> Iterator[list[Path]]:
    """Give each file a name to be written under; what still has it afterwards is half-done and removed."""
    parts = [file.with_name(f"{file.name}.part") for file in files]
    try:
        yield parts
    finally:
        for part in parts:
            for rest in part.parent.glob(f"*{part.name}"):
                rest.unlink(missing_ok=True)


def _ask_child(request: dict[str, Any], limits: DecodeLimits, cancelled: Callable[[], bool]) -> str:
    if cancelled():
        raise Cancelled
    with _start(request) as child:
        try:
            answer, words = _wait(child, limits, cancelled)
        finally:
            child.kill()  # does nothing to a child that has ended
    if child.returncode:
        _explain_death(child.returncode, words, limits)
    return answer


def _start(request: dict[str, Any]) -> subprocess.Popen[str]:
    environment = {
        **environment_of_children(),
        "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve address space, which is limited
        "PYTHONIOENCODING": "utf-8:backslashreplace",
    }
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", "app.engine.preparation_child"]
    return subprocess.Popen(
        [*command, json.dumps(request)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        process_group=0,  # Ctrl-C at the terminal is meant for us; the child ends when we say so
    )


def _wait(
    child: subprocess.Popen[str], limits: DecodeLimits, cancelled: Callable[[], bool]
) -> tuple[str, str]:
    deadline = time.monotonic() + limits.cpu_seconds * WALL_FACTOR + WALL_GRACE_SECONDS
    while True:
        try:
            return child.communicate(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if cancelled():
                raise Cancelled from None
            if time.monotonic() > deadline:
                raise DecodingTimeLimit(seconds=limits.cpu_seconds) from None


def _explain_death(returncode: int, words: str, limits: DecodeLimits) -> None:
    _log.error("The decoding process ended with %d: %s", returncode, words)
    if returncode == -signal.SIGXCPU:
        raise DecodingTimeLimit(seconds=limits.cpu_seconds)
    if returncode == -signal.SIGKILL:
        raise DecodingCrashed(detail=N_("SIGKILL: killed, probably because the machine was out of memory"))
    if returncode < 0:
        raise DecodingCrashed(detail=exit_cause(returncode))
    last_words = words.strip().rpartition("\n")[2]
    raise DecodingCrashed(detail=f"exit code {returncode}: {last_words}")


def _read(answer: str) -> Prepared:
    """Read the child's answer, trusting it no more than the file that it read."""
    try:
        stored = json.loads(answer)
        result = _error(stored["error"]) if "error" in stored else _prepared(stored)
    except (ValueError, KeyError, TypeError) as unreadable:
        raise DecodingCrashed(detail=f"unreadable answer: {unreadable!r}") from unreadable
    if isinstance(result, AppError):
        raise result
    return result


def _prepared(stored: dict[str, Any]) -> Prepared:
    facts = stored["facts"]
    return Prepared(
        AudioFacts(
            **facts | {"warnings": tuple(facts["warnings"]), "channel_levels": tuple(facts["channel_levels"])}
        ),
        tuple(_report(speech) for speech in stored["speech"]),
        tuple(SoundFacts(**sound) for sound in stored["sound"]),
    )


def _report(speech: dict[str, Any]) -> SpeechReport:
    return SpeechReport(
        tuple(SpeechSpan(**span) for span in speech["spans"]),
        tuple(DroppedSpan(**span | {"rule": Rule(span["rule"])}) for span in speech["dropped"]),
    )


def _error(stored: dict[str, Any]) -> AppError:
    """Rebuild the error by its code."""
    kinds = [AppError]
    for kind in kinds:  # grows while it is walked: the whole tree
        kinds.extend(kind.__subclasses__())
    by_code = {kind.code: kind for kind in reversed(kinds)}  # an abstract parent may share a code
    return by_code[stored["code"]](**stored["params"])
