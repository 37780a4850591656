"""A transcript as a file: one format, one module. Knows nothing of jobs, files or the web."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.errors import UnknownFormat
from app.formats import csv, json, subtitles, txt
from app.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Format:
    """How a transcript is written in one format."""

    suffix: str
    """Ending of the file name, without the dot."""
    media_type: str
    render: Callable[[Transcript], str]


FORMATS: dict[str, Format] = {
    "txt": Format("txt", "text/plain; charset=utf-8", txt.render),
    "srt": Format("srt", "application/x-subrip; charset=utf-8", subtitles.render_srt),
    "vtt": Format("vtt", "text/vtt; charset=utf-8", subtitles.render_vtt),
    "json": Format("json", "application/json", json.render),
    "csv": Format("csv", "text/csv; charset=utf-8", csv.render),
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
