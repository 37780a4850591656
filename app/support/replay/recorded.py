"""The job as recorded in a case: options, segments with results, and audio."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.errors.cases import CaseDamaged
from app.domain.errors.requests import InvalidParameter
from app.domain.options import TranscriptionOptions
from app.domain.speakers import SpeakerTurn
from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.samples import BYTES_PER_SAMPLE, FULL_SCALE, channel_file
from app.engine.preparation.preparation import Prepared, prepare
from app.services.retry import read_twice
from app.support.case.archive import CaseArchive
from app.support.case.contents import SPEAKERS

LONGEST_SECONDS = 10_000_000.0  # of a recording; what is longer is a damaged number


@dataclass(frozen=True, slots=True)
class RecordedSegment:
    """One segment as recorded in the case."""

    index: int
    start: float
    end: float
    channel: int | None
    state: str
    text: str
    text_raw: str
    confidence: float | None
    words: tuple[Mapping[str, Any], ...]
    error: str | None
    """Error code."""

    @property
    def is_settled(self) -> bool:
        """Return whether there is a result to compare with."""
        return self.state != "pending"


@dataclass(frozen=True, slots=True)
class Correction:
    """A manual edit replacing the text of some segments."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """Everything a replay needs from a case."""

    job: Mapping[str, Any]
    options: TranscriptionOptions
    segments: tuple[RecordedSegment, ...]
    """All planned segments, or only those with audio if the case has a part of it."""
    audio: Mapping[str, Any]
    settings: dict[str, Any]
    environment: Mapping[str, Any]
    packages: Mapping[str, str]
    model: Mapping[str, Any]
    corrections: tuple[Correction, ...]
    """Manual edits."""
    turns: tuple[SpeakerTurn, ...] = ()
    """Who spoke when, as it was found."""

    @property
    def error(self) -> str | None:
        """Code of the error with which the job ended."""
        error = self.job.get("error")
        return str(error["code"]) if error else None

    @property
    def is_stretch(self) -> bool:
        return self.audio.get("choice") == "stretch"


def read_case(archive: CaseArchive) -> RecordedCase:
    """Read and check a case.

    Raises:
        CaseDamaged: a file differs from the manifest, or is malformed.
    """
    archive.check()
    try:
        audio = archive.manifest["audio"]
        names = {file["name"] for file in archive.manifest["files"]}
        _check_sound(audio, names)
        chosen = set(audio.get("segments") or ())
        plan = tuple(_segment(each) for each in archive.json("segmentation.json"))
        result = archive.json("result.json")
        return RecordedCase(
            job=archive.json("job.json"),
            options=TranscriptionOptions.from_dict(archive.json("options.json")),
            segments=tuple(each for each in plan if not chosen or each.index in chosen),
            audio=audio,
            settings={name: told["value"] for name, told in archive.json("settings.json").items()},
            environment=archive.json("environment.json"),
            packages=archive.json("packages.json"),
            model=archive.json("model.json"),
            corrections=tuple(Correction(**each) for each in result.get("corrections", ())),
            turns=tuple(_turn(each) for each in archive.json(SPEAKERS)["found"]) if SPEAKERS in names else (),
        )
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RecursionError,
        InvalidParameter,
    ) as error:
        raise CaseDamaged(file=str(archive.file), names=f"{type(error).__name__}: {error}") from error


class CaseSound:
    """The samples of a case, indexed from the start of the recording."""

    def __init__(self, pcm: Path, first_sample: int, prepared: Prepared) -> None:
        self.pcm = pcm
        self.prepared = prepared
        self.first_sample = first_sample

    def file(self, channel: int | None) -> Path:
        """Return the samples of a channel; a partial case has only its own channel."""
        file = channel_file(self.pcm, channel)
        return file if file.exists() else self.pcm

    def waveform(self, start: float, end: float, channel: int | None = None) -> Waveform:
        """Return the samples between two times of the recording, exactly those that were recognised."""
        first = max(0, round(start * SAMPLE_RATE))
        count = max(0, round(end * SAMPLE_RATE) - first)
        offset = max(0, first - self.first_sample)
        samples = np.fromfile(self.file(channel), dtype="<i2", count=count, offset=offset * BYTES_PER_SAMPLE)
        return samples.astype(np.float32) / np.float32(FULL_SCALE)


def open_sound(archive: CaseArchive, case: RecordedCase, limits: DecodeLimits, folder: Path) -> CaseSound | None:
    """Decode the audio of a case in a child process; None if there is none.

    Raises:
        CaseDamaged: the file is not what the manifest promises.
        AudioError: it cannot be decoded, which may be the subject of the case.
    """
    name = case.audio.get("file")
    if not name:
        return None
    source = folder / f"sound{Path(name).suffix}"
    archive.copy(name, source)
    pcm = folder / "audio.s16"
    options = case.options
    reading = partial(prepare, source, pcm, folder / "peaks.json", options.vad, limits, lambda: False)
    prepared = read_twice(partial(reading, channels=options.channels, track=options.track))
    return CaseSound(pcm, int(case.audio.get("first_sample") or 0), prepared)


def _check_sound(audio: Mapping[str, Any], names: Collection[str]) -> None:
    if audio.get("file") and audio["file"] not in names:
        raise ValueError("the sound is not among the files")
    if not 0 <= int(audio.get("first_sample") or 0) < LONGEST_SECONDS * SAMPLE_RATE:
        raise ValueError("the sound begins nowhere")


def _turn(told: Mapping[str, Any]) -> SpeakerTurn:
    turn = SpeakerTurn(float(told["start"]), float(told["end"]), int(told["speaker"]))
    if not 0 <= turn.start <= turn.end < LONGEST_SECONDS:
        raise ValueError("a turn has no time")
    return turn


def _segment(told: Mapping[str, Any]) -> RecordedSegment:
    error = told["error"]
    segment = RecordedSegment(
        index=int(told["index"]),
        start=float(told["start"]),
        end=float(told["end"]),
        channel=told.get("channel"),
        state=told["state"],
        text=told["text"],
        text_raw=told["text_raw"],
        confidence=told["confidence"],
        words=tuple(told["words"]),
        error=error["code"] if error else None,
    )
    if not 0 <= segment.start <= segment.end < LONGEST_SECONDS:
        raise ValueError(f"segment {segment.index} has no time")
    return segment
