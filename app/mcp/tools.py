"""What the tools do, without any protocol: plain calls on the queue and the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from app.domain.errors.base import Problem
from app.domain.options import TranscriptionOptions
from app.domain.sources import Source
from app.domain.states import JobState
from app.domain.transcript import CHANNEL_NAME, SPEAKER_NAME, Segment
from app.domain.transcription import SegmentRecord, Transcription
from app.mcp.answers import (
    Explanation,
    Failure,
    Found,
    FoundRecordings,
    Line,
    Oddity,
    Passage,
    TranscribedFile,
    TranscriptPart,
)
from app.services.options import OptionsPatch
from app.services.transcriptions.history import Excerpt, History, HistoryFilter, Result
from app.services.transcriptions.job_queue import Queue
from app.support.diagnosis import diagnose, run_of

BLOCK_BYTES = 1 << 20
TEXT_CHARACTERS = 20_000  # of a text in one answer; assistants have a limited memory
PART_CHARACTERS = 20_000
BEGINNING_CHARACTERS = 200
LOG_LINES = 40

Opened = AbstractContextManager[tuple[str, BinaryIO]]
"""A recording to read: its name and its bytes."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools over one data folder."""

    queue: Queue
    default_options: TranscriptionOptions
    max_upload_bytes: int
    open_recording: Callable[[str], Opened]
    """Opens a path that the caller may read; raises FileUnreadable, ImportOff."""

    def submit(self, path: str, changes: OptionsPatch) -> str:
        """Queue a copy of the recording at `path`, and return its id.

        Raises:
            FileUnreadable, ImportOff, EmptyFile, UploadTooLarge, DiskFull, QuotaReached, InvalidParameter
        """
        options = changes.apply(self.default_options)
        with self.open_recording(path) as (name, file), self.queue.receive(name, self.max_upload_bytes) as incoming:
            while block := file.read(BLOCK_BYTES):
                incoming.write(block)
            return self.queue.submit(incoming, options, Source.MCP).id

    def progress(self, id: str) -> Transcription:
        """Return where the job stands.

        Raises:
            TranscriptionNotFound
        """
        return self.queue.get(id)

    def result(self, id: str) -> TranscribedFile:
        """Return a job with its text so far.

        Raises:
            TranscriptionNotFound
        """
        record = self.queue.get(id)
        return TranscribedFile(
            id=record.id,
            name=record.name,
            state=record.state.value,
            progress=1.0 if record.finished_at else record.progress.percent / 100,
            duration_seconds=record.duration,
            language=record.language,
            text=record.text[:TEXT_CHARACTERS],
            is_whole=record.finished_at is not None and len(record.text) <= TEXT_CHARACTERS,
            error=_failure(record.error),
            findings=_oddities(record, self.queue.segments(id)),
            note=_note(record),
        )

    def search(self, query: str, state: JobState | None, limit: int, offset: int) -> FoundRecordings:
        """Return recordings whose name or text holds every word of `query`, newest first."""
        page = History(self.queue).page(HistoryFilter(query.strip(), state), limit, offset=offset)
        following = offset + len(page.results)
        return FoundRecordings(
            recordings=[_found(result) for result in page.results],
            total=page.total,
            is_more=page.is_more,
            next_offset=following if page.older else None,
        )

    def read(self, id: str, start_seconds: float, end_seconds: float | None) -> TranscriptPart:
        """Return the segments of a transcript from `start_seconds` on, as many as an answer may hold.

        Raises:
            TranscriptionNotFound
        """
        record = self.queue.get(id)
        until = float("inf") if end_seconds is None else end_seconds
        segments = [each for each in self._segments(record) if start_seconds <= each.start < until]
        shown = list(_while_they_fit(segments))
        rest = segments[len(shown) :]
        return TranscriptPart(
            id=record.id,
            name=record.name,
            state=record.state.value,
            duration_seconds=record.duration,
            lines=[_line(each, each.text) for each in shown],
            next_start_seconds=rest[0].start if rest else None,
        )

    def explain(self, id: str) -> Explanation:
        """Return what is known about why a job failed or its text may be wrong.

        Raises:
            TranscriptionNotFound
        """
        record = self.queue.get(id)
        segments = self.queue.segments(id)
        return Explanation(
            id=record.id,
            name=record.name,
            state=record.state.value,
            error=_failure(record.error),
            failed_segments=[_line(each, _why(each)) for each in segments if each.error],
            findings=_oddities(record, segments),
            recording={name: str(value) for name, value in record.recording.items() if value not in (None, "")},
            applied=[
                f"{line.name}: asked {line.asked}, applied {line.applied}: {line.reason}"
                for line in record.receipt
                if line.reason
            ],
            log=self.queue.log_lines(id)[-LOG_LINES:],
            case=f"On the page of the recording, or by `python -m app case {record.id}`",
        )

    def _segments(self, record: Transcription) -> Sequence[Segment]:
        """Return the segments with text, edits applied once the job has ended."""
        if record.state is JobState.SUCCEEDED:
            return self.queue.transcript(record.id).segments
        return [segment for segment in self.queue.segments(record.id) if segment.text]


def _note(record: Transcription) -> str:
    if record.finished_at is None:
        return f"It goes on by itself and is kept. Ask again with read_transcript for {record.id}."
    if record.state is JobState.FAILED:
        return f"explain_problem for {record.id} tells more."
    if not record.text:
        return f"No speech was found; explain_problem for {record.id} tells more."
    if len(record.text) > TEXT_CHARACTERS:
        return f"The rest of the text: read_transcript for {record.id}."
    return ""


def _found(result: Result) -> Found:
    record = result.transcription
    return Found(
        id=record.id,
        name=record.name,
        created_at=record.created_at,
        state=record.state.value,
        duration_seconds=record.duration,
        language=record.language,
        source=record.source,
        beginning=record.text[:BEGINNING_CHARACTERS],
        passages=[_passage(excerpt) for excerpt in result.excerpts],
    )


def _passage(excerpt: Excerpt) -> Passage:
    return Passage(text="".join(piece.text for piece in excerpt.pieces), start_seconds=excerpt.start)


def _while_they_fit(segments: Sequence[Segment]) -> Iterator[Segment]:
    """Yield the first of `segments`, at least one, as far as an answer may hold them."""
    room = PART_CHARACTERS
    for segment in segments:
        if room < len(segment.text) and room < PART_CHARACTERS:
            return
        room -= len(segment.text)
        yield segment


def _line(segment: Segment, text: str) -> Line:
    return Line(
        start_seconds=round(segment.start, 3),
        end_seconds=round(segment.end, 3),
        speaker=_speaker(segment),
        text=text,
        confidence=segment.confidence,
    )


def _speaker(segment: Segment) -> str | None:
    """Return who speaks, told apart by the voice or else by the channel."""
    if segment.speaker is not None:
        return SPEAKER_NAME.format(number=segment.speaker)
    return None if segment.channel is None else CHANNEL_NAME.format(number=segment.channel)


def _why(segment: SegmentRecord) -> str:
    return segment.error.explained()["message"] if segment.error else ""


def _failure(problem: Problem | None) -> Failure | None:
    if problem is None:
        return None
    told = problem.explained()
    return Failure(code=told["code"], message=told["message"], advice=told["advice"])


def _oddities(record: Transcription, segments: Sequence[SegmentRecord]) -> list[Oddity]:
    found = diagnose(run_of(record, segments))
    return [Oddity(id=finding.id, **finding.explained()) for finding in found]
