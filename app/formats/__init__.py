"""A transcript as a file: one format, one module. Knows nothing of jobs, files or the web."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors.requests import UnknownFormat
from app.domain.transcript import Transcript
from app.formats import csv, docx, json, subtitles, txt


@dataclass(frozen=True, slots=True)
class Format:
    """How a transcript is written in one format."""

    suffix: str
    """Ending of the file name, without the dot."""
    media_type: str
    _render: Callable[[Transcript, str], bytes]

    def content(self, transcript: Transcript, title: str = "") -> bytes:
        """Return the whole file, in the order of time; `title` is the name of the recording, for formats that show it."""
        return self._render(transcript.in_order(), title)


def _text(suffix: str, media_type: str, render: Callable[[Transcript], str]) -> Format:
    return Format(suffix, media_type, lambda transcript, _title: render(transcript).encode())


FORMATS: dict[str, Format] = {
    "txt": _text("txt", "text/plain; charset=utf-8", txt.render),
    "srt": _text("srt", "application/x-subrip; charset=utf-8", subtitles.render_srt),
    "vtt": _text("vtt", "text/vtt; charset=utf-8", subtitles.render_vtt),
    "json": _text("json", "application/json", json.render),
    "csv": _text("csv", "text/csv; charset=utf-8", csv.render),
    "docx": Format("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx.render),
}


def find_format(name: str) -> Format:
    """Return the format called `name`.

    Raises:
        UnknownFormat: there is none.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(format=name, known=", ".join(FORMATS)) from None
