"""The values that the queue gives out: one transcription, its segments, and what was asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.domain.errors import Problem
from app.domain.hotwords import Hotword, parse_hotwords
from app.domain.progress import Progress, eta_seconds, percent_done
from app.domain.states import JobState
from app.domain.transcript import Applied, Segment, Word
from app.engine import RecognitionOptions
from app.engine.vad.vad import VadOptions


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a person asks of one transcription."""

    language: str = "auto"
    """One of LANGUAGES."""
    hotwords: tuple[Hotword, ...] = ()
    itn: bool = True
    """Write spoken numbers, dates and units as digits."""
    quality: str = "accurate"
    """One of QUALITIES."""
    punctuation: bool = True
    """Punctuate what the model leaves without."""
    channels: str = "mix"
    """One of CHANNELS."""
    vad: VadOptions = field(default_factory=VadOptions)
    model: str = ""
    """Name of the model that is to read it, in a process of its own; empty for the model in use."""

    @property
    def recognition(self) -> RecognitionOptions:
        """The part that the engine needs."""
        return RecognitionOptions(self.language, self.hotwords, self.itn, self.quality, self.punctuation)

    @classmethod
    def of(cls, options: RecognitionOptions, vad: VadOptions, channels: str) -> JobOptions:
        """Return what was asked of a recognition that is no job."""
        return cls(
            language=options.language,
            hotwords=options.hotwords,
            itn=options.itn,
            quality=options.quality,
            punctuation=options.punctuation,
            vad=vad,
            channels=channels,
        )

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "hotwords": [str(hotword) for hotword in self.hotwords]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> JobOptions:
        """Read what `to_dict` wrote; what an older version did not know has its default."""
        hotwords, vad = parse_hotwords(stored["hotwords"]), VadOptions.stored(stored["vad"])
        return cls(**{**stored, "hotwords": hotwords, "vad": vad})


@dataclass(frozen=True, slots=True)
class Transcription:
    """One recording on its way to a text, and afterwards."""

    id: str
    name: str
    """As it was uploaded or renamed; never a path."""
    state: JobState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    size_bytes: int
    sha256: str
    source: str
    """Where it came from: `page`, `api`, `cli` or `live`."""
    options: JobOptions
    duration: float | None
    """Seconds, once the recording has been read."""
    progress: Progress
    cancel_requested: bool
    attempts: int
    """How often a worker has taken it."""
    text: str
    """What is recognised so far."""
    text_raw: str
    language: str | None
    """As `detect_language` says, once the job has ended with text."""
    model: str | None
    device: str | None
    receipt: tuple[Applied, ...]
    warnings: tuple[str, ...]
    error: Problem | None
    revision: int
    """Grows with every change, over all transcriptions."""
    again_of: str | None
    """The first transcription of the same recording; None for the first."""
    edit_revision: int
    """Grows with every change by hand; 0 where the text is as it was recognised."""
    recording: Mapping[str, Any]
    """How it was encoded and how it sounds; empty until it has been read."""
    seconds_worked: float = 0.0
    """By the clock, on the segments that are done."""
    memory_bytes: int | None = None
    """The largest of the process that recognised it; None where that was not its own."""

    @property
    def first_id(self) -> str:
        """The first transcription of the same recording: this one where nobody had it read again."""
        return self.again_of or self.id


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """One stretch of speech of a transcription."""

    index: int
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    state: Literal["pending", "done", "failed"]
    text: str
    text_raw: str
    confidence: float | None
    dropped: str
    """Why text was withheld; empty otherwise."""
    error: Problem | None
    foreign_share: float | None = None
    """Of what was heard before the chosen language was forced, how much was of the other one."""
    words: tuple[Word, ...] = ()
    """Empty too where they were not asked for."""
    channel: int | None = None
    """Counted from 1; None where the channels were mixed."""
    emotion: str = ""
    """One of app.domain.transcript.EMOTIONS; empty where the model tells none."""
    events: tuple[str, ...] = ()
    """Of app.domain.transcript.EVENTS."""
    language: str = ""
    """As the model heard it; empty where it tells none."""

    @property
    def heard(self) -> Segment:
        """The part that belongs to a transcript."""
        return Segment(
            self.start,
            self.end,
            self.text,
            self.text_raw,
            self.confidence,
            self.words,
            self.channel,
            self.emotion,
            self.events,
            self.language,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the history."""

    items: list[Transcription]
    total: int


def transcription_from(row: Mapping[str, Any]) -> Transcription:
    """Make a transcription of its row, which may have a `queue_position`."""
    return Transcription(
        id=row["id"],
        name=row["name"],
        state=JobState(row["state"]),
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        source=row["source"],
        options=JobOptions.from_dict(row["options"]),
        duration=row["duration"],
        progress=_progress(row),
        cancel_requested=row["cancel_requested"],
        attempts=row["attempts"],
        text=row["text"],
        text_raw=row["text_raw"],
        language=row["language"],
        model=row["model"],
        device=row["device"],
        receipt=tuple(Applied(**line) for line in row["receipt"]),
        warnings=tuple(row["warnings"]),
        error=_problem(row["error"]),
        revision=row["revision"],
        recording=row.get("recording") or {},
        again_of=row["again_of"],
        edit_revision=row["edit_revision"],
        seconds_worked=row.get("seconds_worked") or 0.0,
        memory_bytes=row.get("memory_bytes"),
    )


def segment_from(row: Mapping[str, Any]) -> SegmentRecord:
    return SegmentRecord(
        index=row["index"],
        start=row["start"],
        end=row["end"],
        state=row["state"],
        text=row["text"],
        text_raw=row["text_raw"],
        confidence=row["confidence"],
        dropped=row["dropped"],
        foreign_share=row.get("foreign_share"),
        error=_problem(row["error"]),
        words=tuple(_stored_word(values, row["start"]) for values in row.get("words", ())),
        channel=row["channel"],
        emotion=row.get("emotion", ""),
        events=tuple(row.get("events", ())),
        language=row.get("language", ""),
    )


def words_to_store(words: Iterable[Word]) -> list[list[Any]]:
    """Return the words of a waveform as short lists: a recording of ten hours has a hundred thousand."""
    return [
        [word.text, round(word.start, 3), round(word.end, 3), round(word.confidence, 4), word.raw]
        for word in words
    ]


def _stored_word(values: Sequence[Any], start: float) -> Word:
    return Word(*values).later(start)


def _progress(row: Mapping[str, Any]) -> Progress:
    done, duration = row["seconds_done"], row["duration"]
    is_complete = row["state"] == JobState.SUCCEEDED
    is_recognizing = row["stage"] == "recognizing"
    return Progress(
        stage=row["stage"],
        percent=100.0 if is_complete else percent_done(done, duration),
        seconds_done=duration if is_complete else done,
        segments_done=row["segments_done"],
        segments_failed=row["segments_failed"],
        segments_total=row["segments_total"],
        eta_seconds=eta_seconds(done, duration, row["seconds_worked"]) if is_recognizing else None,
        queue_position=row.get("queue_position"),
    )


def _problem(stored: Mapping[str, Any] | None) -> Problem | None:
    return Problem.from_dict(stored) if stored else None
