"""A manually edited text: which ranges of segments were replaced, and by what. Knows neither queue nor rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.transcript import Segment, Word, mean_confidence
from app.domain.transcription import SegmentRecord


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph of the edited text."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    text: str
    """Empty if the text was deleted."""
    text_raw: str
    """The model's text for this time."""
    words: tuple[Word, ...]
    """With their times; empty if the model gave none."""

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form: words as short lists, as there may be many."""
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "text": self.text,
            "text_raw": self.text_raw,
            "words": [
                [word.text, round(word.start, 3), round(word.end, 3), round(word.confidence, 4), word.raw]
                + ([word.was] if word.was else [])
                for word in self.words
            ],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Piece:
        words = tuple(Word(*values) for values in stored["words"])
        return cls(stored["start"], stored["end"], stored["text"], stored["text_raw"], words)


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of some consecutive segments."""

    first: int
    """Index of the first replaced segment."""
    last: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class EditedText:
    """All manual edits of one transcript."""

    revision: int
    """Grows with every change; 0 if nothing was ever changed."""
    edited_at: datetime | None
    edits: tuple[Edit, ...]


def edit_from(row: Mapping[str, Any]) -> Edit:
    return Edit(row["first"], row["last"], tuple(Piece.from_dict(piece) for piece in row["pieces"]))


def overlaid(segments: Sequence[SegmentRecord], edits: Iterable[Edit]) -> Iterator[Segment]:
    """Yield the text as shown: the segments, with the pieces of each edit in place of those it replaces."""
    by_first = {edit.first: edit for edit in edits}
    covered_to = -1
    for segment in segments:
        edit = by_first.get(segment.index)
        if edit:
            covered = [each for each in segments if edit.first <= each.index <= edit.last]
            yield from _as_segments(edit, covered)
            covered_to = edit.last
        elif segment.index > covered_to:
            yield segment


def _as_segments(edit: Edit, covered: Sequence[Segment]) -> Iterator[Segment]:
    confidence = mean_confidence(covered)
    channel = common_channel(covered)
    for piece in edit.pieces:
        yield Segment(piece.start, piece.end, piece.text, piece.text_raw, confidence, piece.words, channel)


def common_channel(covered: Sequence[Segment]) -> int | None:
    """Return the channel of the segments that an edit replaces; None if they are from several."""
    channels = {segment.channel for segment in covered}
    return channels.pop() if len(channels) == 1 else None
