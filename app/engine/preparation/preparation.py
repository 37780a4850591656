"""Runs decoding and speech detection in a child process, so that a hostile or broken file only fails its own job.
This is the parent side: requests and answers. The processes are managed by pool.py.
"""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.errors.audio import DecodingCrashed, DecodingTimeLimit
from app.domain.errors.base import N_, AppError, Reason
from app.domain.exit_status import exit_cause
from app.domain.options import TranscriptionOptions, VadOptions
from app.domain.reasons import SILENT_CHANNEL
from app.domain.speech import DroppedSpan, Rule, SoundEvent, SpeechReport, SpeechSpan, music_share
from app.domain.transcript import Applied
from app.engine.audio.facts import AudioFacts, DecodeLimits
from app.engine.audio.measures import SoundFacts
from app.engine.audio.samples import channel_file
from app.engine.preparation.pool import Cancelled, Overdue, PreparationPool, Preparer
from app.engine.vad.detection import vad_receipt

__all__ = ["Cancelled", "PreparationPool", "Prepared", "Preparer", "judge_apart", "listen_apart", "prepare"]

WALL_FACTOR = 3  # a busy machine may give the child a third of a core; beyond that, it hangs
WALL_GRACE_SECONDS = 60

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording ready for recognition."""

    facts: AudioFacts
    speech: tuple[SpeechReport, ...]
    """Of the mix, or of each channel."""
    sound: tuple[SoundFacts, ...] = ()
    """Of the mix, or of each channel."""
    events: tuple[tuple[SoundEvent, ...], ...] | None = None
    """Of the mix, or of each channel; None if sound events were not detected."""

    @property
    def spans(self) -> tuple[SpeechSpan, ...]:
        """The spans to recognise, in time order."""
        found = [
            replace(span, channel=channel)
            for channel, report in zip(self.facts.files, self.speech, strict=True)
            for span in report.spans
        ]
        return tuple(sorted(found, key=lambda span: (span.start, span.channel or 0)))

    @property
    def described(self) -> dict[str, Any]:
        """What is stored about the recording for the diagnosis."""
        facts = asdict(self.facts)
        names = ("sample_rate", "channels", "codec", "container", "bit_rate", "channel_levels", "track", "tracks")
        music = {} if self.events is None else {"music_share": self._music_share(self.events)}
        return {name: facts[name] for name in names} | {"sound": [asdict(each) for each in self.sound]} | music

    def _music_share(self, events: Sequence[Sequence[SoundEvent]]) -> float:
        """Return the share of speech with music beneath it, in the worst channel."""
        return max(music_share(report.spans, each) for report, each in zip(self.speech, events, strict=True))

    @property
    def warnings(self) -> tuple[Reason, ...]:
        """Warnings for the user, except that there is no speech at all, which is added with the transcript."""
        if not any(report.spans for report in self.speech):
            return self.facts.warnings
        silent = [channel for channel, report in zip(self.facts.files, self.speech, strict=True) if not report.spans]
        return (*self.facts.warnings, *(SILENT_CHANNEL.of(channel=channel) for channel in silent))

    def receipt(self, options: TranscriptionOptions) -> tuple[Applied, ...]:
        """How the decoding options were applied."""
        applied = "separate" if self.facts.separate else "mix"
        channels = Applied("channels", options.channels, applied, self.facts.mixed_because)
        return (vad_receipt(options.vad), channels, *self._track_receipt(options.track))

    def _track_receipt(self, asked: int) -> Iterator[Applied]:
        """Yield which sound track was read, where there was a choice."""
        if asked or len(self.facts.tracks) > 1:
            yield Applied("track", str(asked or "auto"), str(self.facts.track), self.facts.track_reason)


def prepare(
    source: Path,
    pcm: Path,
    peaks_file: Path,
    vad: VadOptions,
    limits: DecodeLimits,
    cancelled: Callable[[], bool],
    survey: Path | None = None,
    channels: str = "mix",
    *,
    track: int = 0,
    pool: Preparer | None = None,
) -> Prepared:
    """Decode `source` into `pcm` (or its channels: see channel_file), write its peaks as JSON, and find its speech.

    The files appear atomically, those of the samples last. `survey`, if given, is the folder in which frames.py and
    waveform.py store their results. Without a `pool`, a process is started for this file.

    Raises:
        Cancelled: `cancelled` returned true.
        DecodingTimeLimit, DecodingMemoryLimit: the file needs more than `limits`.
        DecodingCrashed: the child died; its signal or last output is in the message.
        AppError: whatever `decode` and `find_speech` raise.
    """
    with _parts(pcm, peaks_file) as (pcm_part, peaks_part):
        request = {
            "source": str(source),
            "pcm": str(pcm_part),
            "peaks": str(peaks_part),
            "vad": asdict(vad),
            "limits": asdict(limits),
            "survey": str(survey) if survey else None,
            "separate": channels == "separate",
            "track": track,
        }
        answer = _ask(request, limits, cancelled, pool)
        prepared = _read(answer)
        peaks_part.replace(peaks_file)
        for channel in reversed(prepared.facts.files):  # the first one signals that all exist
            channel_file(pcm_part, channel).replace(channel_file(pcm, channel))
    return prepared


def decode_apart(
    source: Path,
    pcm: Path,
    limits: DecodeLimits,
    cancelled: Callable[[], bool],
    *,
    separate: bool = False,
    track: int = 0,
    pool: Preparer | None = None,
) -> AudioFacts:
    """Decode `source` into `pcm` (or its channels), without looking for speech. The files do not appear atomically.

    Raises:
        Cancelled, DecodingTimeLimit, DecodingMemoryLimit, DecodingCrashed, AppError: as `prepare`.
    """
    request = {
        "source": str(source),
        "pcm": str(pcm),
        "limits": asdict(limits),
        "separate": separate,
        "track": track,
    }
    answer = _ask(request, limits, cancelled, pool)
    with _trusting_nothing():
        stored = json.loads(answer)
        if "error" in stored:
            raise _error(stored["error"])
        return AudioFacts.from_dict(stored["facts"])


def judge_apart(
    pcm: Path,
    survey: Path,
    choices: Sequence[VadOptions],
    limits: DecodeLimits,
    cancelled: Callable[[], bool],
    *,
    pool: Preparer | None = None,
) -> None:
    """Store in `survey` the frame classification of `pcm` by the detectors of `choices`.

    Raises:
        Cancelled, DecodingTimeLimit, DecodingMemoryLimit, DecodingCrashed: as `prepare`.
    """
    request = {
        "pcm": str(pcm),
        "survey": str(survey),
        "choices": [asdict(choice) for choice in choices],
        "limits": asdict(limits),
    }
    answer = json.loads(_ask(request, limits, cancelled, pool))
    if "error" in answer:
        raise _error(answer["error"])


def listen_apart(
    pcm: Path, limits: DecodeLimits, cancelled: Callable[[], bool], *, pool: Preparer | None = None
) -> tuple[SoundEvent, ...]:
    """Return what sounds in `pcm`, which `prepare` wrote; the extra SOUND_EVENTS is needed.

    Raises:
        Cancelled, DecodingTimeLimit, DecodingMemoryLimit, DecodingCrashed: as `prepare`.
    """
    answer = _ask({"pcm": str(pcm), "limits": asdict(limits)}, limits, cancelled, pool)
    with _trusting_nothing():
        stored = json.loads(answer)
        if "error" in stored:
            raise _error(stored["error"])
        return tuple(map(SoundEvent.from_dict, stored["events"]))


@contextmanager
def _parts(*files: Path) -> Iterator[list[Path]]:
    """Yield a temporary name for each file; files that still have it afterwards are incomplete and removed."""
    parts = [file.with_name(f"{file.name}.part") for file in files]
    try:
        yield parts
    finally:
        for part in parts:
            for rest in part.parent.glob(f"*{part.name}"):
                rest.unlink(missing_ok=True)


def _ask(request: dict[str, Any], limits: DecodeLimits, cancelled: Callable[[], bool], pool: Preparer | None) -> str:
    if cancelled():
        raise Cancelled
    seconds = limits.cpu_seconds * WALL_FACTOR + WALL_GRACE_SECONDS
    with ExitStack() as stack:
        pool = pool or stack.enter_context(PreparationPool())
        try:
            reply = pool.ask(request, seconds, cancelled)
        except Overdue:
            raise DecodingTimeLimit(seconds=limits.cpu_seconds) from None
    if reply.returncode:
        _explain_death(reply.returncode, reply.words, limits)
    return reply.answer


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
    """Parse the child's answer."""
    with _trusting_nothing():
        stored = json.loads(answer)
        if "error" in stored:
            raise _error(stored["error"])
        return _prepared(stored)


@contextmanager
def _trusting_nothing() -> Iterator[None]:
    """Trust the child's answer no more than the file it decoded: what cannot be parsed counts as a crash."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as unreadable:
        raise DecodingCrashed(detail=f"unreadable answer: {unreadable!r}") from unreadable


def _prepared(stored: dict[str, Any]) -> Prepared:
    return Prepared(
        AudioFacts.from_dict(stored["facts"]),
        tuple(_report(speech) for speech in stored["speech"]),
        tuple(SoundFacts(**sound) for sound in stored["sound"]),
    )


def _report(speech: dict[str, Any]) -> SpeechReport:
    return SpeechReport(
        tuple(SpeechSpan(**span) for span in speech["spans"]),
        tuple(DroppedSpan(**span | {"rule": Rule(span["rule"])}) for span in speech["dropped"]),
    )


def _error(stored: dict[str, Any]) -> AppError:
    """Rebuild an error from its code."""
    kinds = [AppError]
    for kind in kinds:  # grows during iteration: the whole tree
        kinds.extend(kind.__subclasses__())
    by_code = {kind.code: kind for kind in reversed(kinds)}  # an abstract parent may share a code
    return by_code[stored["code"]](**stored["params"])
