"""Paragraphs that end where the speaker changes, as edits: a person can take each of them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from app.domain.edits import Edit, EditedText, overlaid
from app.domain.speakers import SpeakerTurn, with_speakers
from app.domain.transcript import Segment, join_texts
from app.domain.transcription import SegmentRecord
from app.services.transcriptions.edits import LONGEST_STRETCH, Change, Draft, change_text, edited_text
from app.services.transcriptions.job_queue import Queue

LEAST_SECONDS = 0.4  # of a paragraph; a shorter word of assent stays where it is


def part_by_speaker(queue: Queue, id: str) -> EditedText:
    """Cut every paragraph in which the speaker changes, and return what was cut; what people have edited keeps its wording.

    Raises:
        TranscriptionNotFound
        EditConflict, DiskFull: as `change_text`.
    """
    records = {segment.index: segment for segment in queue.segments(id)}
    by_hand, turns = edited_text(queue, id), queue.speakers(id).turns
    changes = list(_changes(records, by_hand.edits, turns))
    return change_text(queue, id, by_hand.revision, changes) if changes else replace(by_hand, edits=())


def _changes(
    records: Mapping[int, SegmentRecord], edits: Sequence[Edit], turns: Sequence[SpeakerTurn]
) -> Iterator[Change]:
    """Yield the stretches that have more paragraphs then."""
    for first, last in _stretches(records, edits):
        shown = list(overlaid([records[index] for index in range(first, last + 1)], edits))
        parted = [piece for paragraph in shown for piece in _parted(paragraph, turns)]
        if len(shown) < len(parted) <= LONGEST_STRETCH:
            yield Change(first, last, tuple(Draft(each.text, each.start, each.end) for each in parted))


def _stretches(records: Mapping[int, SegmentRecord], edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """Return first and last index of what is edited together, and of each segment that is not edited."""
    edited = [(edit.first, edit.last) for edit in edits]
    covered = {index for first, last in edited for index in range(first, last + 1)}
    return sorted([*edited, *((index, index) for index in records if index not in covered)])


def _parted(paragraph: Segment, turns: Sequence[SpeakerTurn]) -> list[Segment]:
    """Return the parts of a paragraph by speaker; one that would be too short is left with its neighbour."""
    parts: list[Segment] = []
    for piece in with_speakers([paragraph], turns):
        if parts and min(_seconds(parts[-1]), _seconds(piece)) < LEAST_SECONDS:
            text = join_texts([parts[-1].text, piece.text])
            parts[-1] = replace(parts[-1], end=piece.end, text=text)
        else:
            parts.append(piece)
    return parts


def _seconds(segment: Segment) -> float:
    return segment.end - segment.start
