"""The first paragraphs of a transcript page: the rest of a long text is loaded by script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.edits import common_channel
from app.web.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.domain.edits import Edit, EditedText
    from app.domain.transcription import SegmentRecord

AT_ONCE = 40
"""Paragraphs in the page itself."""


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph as used by templates/partials/_segment.html and static/js/editing/edited-text.js."""

    key: str
    first: int
    start: float
    end: float
    state: str
    channel: int | None
    sounds: tuple[str, ...]
    """Display names of what was heard besides words."""
    text: str
    text_raw: str
    is_edited: bool


def first_rows(segments: Sequence[SegmentRecord], edited: EditedText) -> list[Row]:
    """Return the first paragraphs, with edits."""
    by_first = {edit.first: edit for edit in edited.edits}
    languages = _changes_of_language(segments)
    rows: list[Row] = []
    index = 0
    while index < len(segments) and len(rows) < AT_ONCE:
        segment = segments[index]
        edit = by_first.get(segment.index)
        sounds = _sounds(segment, languages.get(segment.index, ""))
        covered = segments[index : index + edit.last - edit.first + 1] if edit else [segment]
        rows += _edited_rows(covered, edit, sounds) if edit else [_row(segment, sounds)]
        index += len(covered)
    return rows


def _row(segment: SegmentRecord, sounds: tuple[str, ...]) -> Row:
    return Row(
        key=str(segment.index),
        first=segment.index,
        start=round(segment.start, 3),
        end=round(segment.end, 3),
        state=segment.state,
        channel=segment.channel,
        sounds=sounds,
        text=segment.text,
        text_raw=segment.text_raw,
        is_edited=False,
    )


def _edited_rows(covered: Sequence[SegmentRecord], edit: Edit, sounds: tuple[str, ...]) -> Iterator[Row]:
    for number, piece in enumerate(edit.pieces):
        yield Row(
            key=f"{edit.first}.{number}" if number else str(edit.first),
            first=edit.first,
            start=piece.start,
            end=piece.end,
            state="done",
            channel=common_channel(covered),
            sounds=sounds,
            text=piece.text,
            text_raw=piece.text_raw,
            is_edited=True,
        )


def _changes_of_language(segments: Sequence[SegmentRecord]) -> dict[int, str]:
    """Return the language name, by index, of each segment whose language differs from the previous one."""
    told = [segment for segment in segments if segment.language]
    before = ["", *(segment.language for segment in told)]
    return {
        segment.index: LABELS["language"].get(segment.language, segment.language)
        for segment, last in zip(told, before, strict=False)
        if segment.language != last
    }


def _sounds(segment: SegmentRecord, language: str) -> tuple[str, ...]:
    """Return display names of emotion and events; a neutral emotion is left out."""
    emotion = [segment.emotion] if segment.emotion not in ("", "neutral") else []
    sounds = [LABELS["sound"].get(sound, sound) for sound in [*emotion, *segment.events]]
    return tuple(filter(None, (language, *sounds)))
