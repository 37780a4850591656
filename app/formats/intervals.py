"""A list of speech intervals as a file: table, data, Audacity labels, or subtitles of those with text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.errors.base import N_
from app.domain.errors.requests import UnknownFormat
from app.domain.errors.transcriptions import NothingToExport
from app.formats.csv import BYTE_ORDER_MARK, as_text
from app.formats.reader import Reader
from app.formats.subtitles import timestamp

HEADINGS = {
    "number": N_("Number"),
    "start_s": N_("Start (s)"),
    "end_s": N_("End (s)"),
    "duration_s": N_("Length (s)"),
    "start_ms": N_("Start (ms)"),
    "end_ms": N_("End (ms)"),
    "duration_ms": N_("Length (ms)"),
    "text": N_("Text"),
}
"""Column names for programs, and their headings for people."""


@dataclass(frozen=True, slots=True)
class LabelledStretch:
    """Times in milliseconds, and the text; empty if not requested or nothing was recognised."""

    start_ms: int
    end_ms: int
    text: str = ""

    @property
    def milliseconds(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class StretchFormat:
    """One format of the list."""

    suffix: str
    media_type: str
    render: Callable[[Sequence[LabelledStretch], Reader | None], str]
    """Without a reader the file is for a program."""


def find_stretch_format(name: str) -> StretchFormat:
    """Return a known format.

    Raises:
        UnknownFormat: it is none of STRETCH_FORMATS.
    """
    if name not in STRETCH_FORMATS:
        raise UnknownFormat(format=name, known=", ".join(STRETCH_FORMATS))
    return STRETCH_FORMATS[name]


def _table(stretches: Sequence[LabelledStretch], reader: Reader | None = None) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(reader.translate(heading) if reader else column for column, heading in HEADINGS.items())
    for number, each in enumerate(stretches, start=1):
        times = (each.start_ms, each.end_ms, each.milliseconds)
        seconds = [f"{milliseconds / 1000:.3f}" for milliseconds in times]
        writer.writerow([number, *seconds, *times, as_text(each.text)])
    return BYTE_ORDER_MARK + table.getvalue()


def _data(stretches: Sequence[LabelledStretch], _reader: Reader | None = None) -> str:
    """The output format of FunASR's own VAD, plus duration and text."""
    rows = [
        {"start": each.start_ms, "end": each.end_ms, "duration": each.milliseconds, "text": each.text}
        for each in stretches
    ]
    return json.dumps({"unit": "ms", "segments": rows}, ensure_ascii=False, indent=2) + "\n"


def _labels(stretches: Sequence[LabelledStretch], _reader: Reader | None = None) -> str:
    """Audacity: start, end and label with tabs, in seconds (File > Import > Labels)."""
    return "".join(
        f"{each.start_ms / 1000:.3f}\t{each.end_ms / 1000:.3f}\t{' '.join(each.text.split()) or number}\n"
        for number, each in enumerate(stretches, start=1)
    )


def _subtitles(stretches: Sequence[LabelledStretch], _reader: Reader | None = None) -> str:
    spoken = [each for each in stretches if each.text]
    if not spoken:
        raise NothingToExport
    return "\n".join(
        f"{number}\n{timestamp(each.start_ms / 1000, ',')} --> {timestamp(each.end_ms / 1000, ',')}\n{each.text}\n"
        for number, each in enumerate(spoken, start=1)
    )


STRETCH_FORMATS: dict[str, StretchFormat] = {
    "csv": StretchFormat("csv", "text/csv; charset=utf-8", _table),
    "json": StretchFormat("json", "application/json", _data),
    "txt": StretchFormat("txt", "text/plain; charset=utf-8", _labels),
    "srt": StretchFormat("srt", "application/x-subrip; charset=utf-8", _subtitles),
}
