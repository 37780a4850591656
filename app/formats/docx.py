"""A Word document: the name of the recording, its facts, and a paragraph with its time for each segment."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from app.domain.transcript import Transcript

if TYPE_CHECKING:
    from docx.document import Document

CHINESE_FONT = "Microsoft YaHei"  # Word substitutes another if missing
TIME_GREY = (0x66, 0x70, 0x6E)
SMALL_POINTS = 9
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render(transcript: Transcript, title: str) -> bytes:
    import docx  # late, because it takes a quarter of a second

    document = docx.Document()
    _set_font(document)
    document.core_properties.title = _clean(title)[:255]
    document.core_properties.author = ""
    document.add_heading(_clean(title), level=1)
    _small(document.add_paragraph(), _facts(transcript))
    for segment in transcript.segments:
        if not segment.text:
            continue
        paragraph = document.add_paragraph()
        channel = transcript.channel_of(segment)
        _small(paragraph, f"{_clock(segment.start)}  {channel + '  ' if channel else ''}")
        paragraph.add_run(_clean(segment.text))
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _set_font(document: Document) -> None:
    """Set the font for Chinese, too: Word has two per style."""
    from docx.oxml.ns import qn

    properties: Any = document.styles["Normal"].element.get_or_add_rPr()
    properties.get_or_add_rFonts().set(qn("w:eastAsia"), CHINESE_FONT)


def _facts(transcript: Transcript) -> str:
    facts = (_clock(transcript.duration), transcript.language, transcript.model, transcript.device)
    return _clean(" · ".join(filter(None, facts)))


def _small(paragraph: Any, text: str) -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    run.font.size = Pt(SMALL_POINTS)
    run.font.color.rgb = RGBColor(*TIME_GREY)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _clean(text: str) -> str:
    """Remove characters that XML does not allow."""
    return _NOT_XML.sub("", text)
