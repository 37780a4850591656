"""A table of segments that opens in a spreadsheet with its Chinese intact."""

from __future__ import annotations

import csv
import io

from app.domain.transcript import Transcript

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the local code page
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would evaluate such a cell


def render(transcript: Transcript) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    has_channels = any(segment.channel for segment in transcript.segments)
    writer.writerow(["start", "end", "text", "text_raw", "confidence", *(["channel"] if has_channels else [])])
    for segment in transcript.segments:
        confidence = "" if segment.confidence is None else f"{segment.confidence:.4f}"
        writer.writerow(
            [
                f"{segment.start:.3f}",
                f"{segment.end:.3f}",
                as_text(segment.text),
                as_text(segment.text_raw),
                confidence,
                *([transcript.channel_of(segment)] if has_channels else []),
            ]
        )
    return BYTE_ORDER_MARK + table.getvalue()


def as_text(cell: str) -> str:
    """Prefix what a spreadsheet would take for a formula with an apostrophe."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
