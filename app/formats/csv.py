"""A table of segments that spreadsheets open with correct Chinese."""

from __future__ import annotations

import csv
import io

from app.domain.errors.base import N_
from app.domain.transcript import Transcript
from app.formats.reader import Reader

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the local code page
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would evaluate such a cell


HEADINGS = {
    "start": N_("Start (s)"),
    "end": N_("End (s)"),
    "text": N_("Text"),
    "text_raw": N_("Verbatim"),
    "confidence": N_("Confidence"),
    "channel": N_("Channel"),
    "speaker": N_("Speaker"),
}
"""Column names for programs, and their headings for people."""


def render(transcript: Transcript, reader: Reader | None = None) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    has_channels = any(segment.channel for segment in transcript.segments)
    has_speakers = any(segment.speaker for segment in transcript.segments)
    absent = {name for name, is_there in (("channel", has_channels), ("speaker", has_speakers)) if not is_there}
    columns = [column for column in HEADINGS if column not in absent]
    writer.writerow(reader.translate(HEADINGS[column]) if reader else column for column in columns)
    for segment in transcript.segments:
        confidence = "" if segment.confidence is None else f"{segment.confidence:.4f}"
        writer.writerow(
            [
                f"{segment.start:.3f}",
                f"{segment.end:.3f}",
                as_text(segment.text),
                as_text(segment.text_raw),
                confidence,
                *([as_text(transcript.channel_of(segment))] if has_channels else []),
                *([as_text(transcript.voice_of(segment))] if has_speakers else []),
            ]
        )
    return BYTE_ORDER_MARK + table.getvalue()


def as_text(cell: str) -> str:
    """Prefix cells that a spreadsheet would take for a formula with an apostrophe."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
