"""Output formats for transcripts, one module each. They know nothing about jobs, files or the web."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.domain.errors.base import N_
from app.domain.errors.requests import UnknownFormat
from app.domain.transcript import ExportStyle, Transcript
from app.formats import csv, docx, json, subtitles, txt
from app.formats.reader import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """One output format."""

    suffix: str
    """File extension, without the dot."""
    media_type: str
    purpose: str
    """Its purpose: a translation key."""
    example: str
    """The beginning of such a file."""
    _render: Callable[[Transcript, str, Reader | None], bytes]

    def styled(self, style: ExportStyle) -> Format:
        """Return this format for files in a style of their own."""

        def render(transcript: Transcript, name: str, reader: Reader | None) -> bytes:
            return self._render(replace(transcript, style=style), name, reader)

        return replace(self, _render=render)

    def content(self, transcript: Transcript, name: str = "", reader: Reader | None = None) -> bytes:
        """Return the whole file, in time order.

        `name` is the recording's name, for formats that show it. Without a `reader` the file is for a program.
        """
        return self._render(transcript.in_order(), name, reader)


def _text(suffix: str, media_type: str, purpose: str, example: str, render: Callable[[Transcript], str]) -> Format:
    return Format(suffix, media_type, purpose, example, lambda transcript, _name, _reader: render(transcript).encode())


_ALL = (
    _text("txt", "text/plain; charset=utf-8", N_("Plain text"), "今天天气很好。", txt.render),
    _text(
        "srt",
        "application/x-subrip; charset=utf-8",
        N_("Subtitles"),
        "1\n00:00:00,420 --> 00:00:03,180\n今天天气很好。\n",
        subtitles.render_srt,
    ),
    _text(
        "vtt",
        "text/vtt; charset=utf-8",
        N_("Subtitles for the web"),
        "WEBVTT\n\n00:00:00.420 --> 00:00:03.180\n今天天气很好。\n",
        subtitles.render_vtt,
    ),
    _text(
        "json",
        "application/json",
        N_("Data for programs"),
        '{"text": "今天天气很好。", "segments": []}',
        json.render,
    ),
    Format(
        "csv",
        "text/csv; charset=utf-8",
        N_("Table for Excel"),
        "start,end,text\n0.420,3.180,今天天气很好。\n",
        lambda transcript, _name, reader: csv.render(transcript, reader).encode(),
    ),
    Format(
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        N_("Word document"),
        "(bytes)",
        docx.render,
    ),
)
FORMATS = {each.suffix: each for each in _ALL}
"""By name. Pages, command line and API take their lists from here."""


def find_format(name: str) -> Format:
    """Return the format called `name`.

    Raises:
        UnknownFormat: there is none.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(format=name, known=", ".join(FORMATS)) from None
