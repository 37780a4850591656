"""A Word document: the name of the recording, its facts, and a paragraph with its time per segment."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.domain.transcript import Transcript
from app.formats.reader import Reader, clock, title_of

if TYPE_CHECKING:
    from docx.document import Document

CHINESE_FONT = "Microsoft YaHei"  # Word substitutes another if missing
TIME_GREY = (0x66, 0x70, 0x6E)
SMALL_POINTS = 9
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render(transcript: Transcript, name: str, reader: Reader | None) -> bytes:
    import docx  # late, because it takes a quarter of a second

    document = docx.Document()
    title = _clean(title_of(name))
    _set_font(document)
    _set_properties(document, title)
    document.add_heading(title, level=1)
    _small(document.add_paragraph(), _facts(transcript, reader or Reader()))
    for segment in transcript.segments:
        if not segment.text:
            continue
        paragraph = document.add_paragraph()
        voice = transcript.voice_of(segment)
        _small(paragraph, f"{clock(segment.start)}  {voice + '  ' if voice else ''}")
        paragraph.add_run(_clean(segment.text))
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _set_properties(document: Document, title: str) -> None:
    """Replace the author, comment and date of the library's template."""
    properties = document.core_properties
    properties.title = title[:255]
    properties.author = properties.comments = properties.last_modified_by = ""
    properties.created = properties.modified = datetime.now(UTC)
    properties.revision = 1


def _set_font(document: Document) -> None:
    """Set the font for Chinese, too: Word has two per style."""
    from docx.oxml.ns import qn

    properties: Any = document.styles["Normal"].element.get_or_add_rPr()
    properties.get_or_add_rFonts().set(qn("w:eastAsia"), CHINESE_FONT)


def _facts(transcript: Transcript, reader: Reader) -> str:
    facts = (clock(transcript.duration), reader.language(transcript.language))
    return _clean(" · ".join(filter(None, facts)))


def _small(paragraph: Any, text: str) -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    run.font.size = Pt(SMALL_POINTS)
    run.font.color.rgb = RGBColor(*TIME_GREY)


def _clean(text: str) -> str:
    """Remove characters that XML does not allow."""
    return _NOT_XML.sub("", text)
