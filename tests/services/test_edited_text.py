"""The server overlays edits on segments exactly as the page does."""

from typing import Any

import pytest

from app.domain.edit_timing import Draft, place
from app.domain.edits import Edit, EditedText, overlaid
from app.domain.transcription import SegmentRecord
from app.web.pages.paragraphs import first_rows
from tests.examples import examples


@pytest.mark.parametrize("example", examples("edited_text"), ids=lambda example: example["name"])
def test_edits_are_laid_over_the_segments_they_replace(example: dict[str, Any]) -> None:
    records = [record(index, **segment) for index, segment in enumerate(example["segments"])]
    edits = [edited(records, **edit) for edit in example["edits"]]

    shown = [
        {"start": each.start, "end": each.end, "text": each.text, "channel": each.channel}
        for each in overlaid(records, edits)
    ]

    assert shown == example["shown"]


@pytest.mark.parametrize("example", examples("edited_text"), ids=lambda example: example["name"])
def test_a_page_begins_with_the_paragraphs_that_its_script_goes_on_with(example: dict[str, Any]) -> None:
    records = [record(index, **segment) for index, segment in enumerate(example["segments"])]
    edits = tuple(edited(records, **edit) for edit in example["edits"])

    rows = first_rows(records, EditedText(1, None, edits))

    assert [{"start": row.start, "end": row.end, "text": row.text, "channel": row.channel} for row in rows] == example[
        "shown"
    ]


def record(index: int, start: float, end: float, text: str, channel: int | None) -> SegmentRecord:
    return SegmentRecord(start, end, text, text, channel=channel, index=index, state="done")


def edited(records: list[SegmentRecord], first: int, last: int, pieces: list[dict[str, Any]]) -> Edit:
    drafts = [Draft(**piece) for piece in pieces]
    return Edit(first, last, place(records[first : last + 1], drafts))
