"""Python and JavaScript share rules: which files of a folder are recordings, and how much one request may carry."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.domain.transcript import join_texts
from app.services.batches.server_folder import is_recording
from app.services.transcriptions.edits import LONGEST_STRETCH
from app.support.journal import MOST_ENTRIES
from app.web.api.journal import Action
from app.web.request import LARGEST_FORM_BYTES
from app.web.schemas.history import MOST_AT_ONCE
from tests.conftest import REPOSITORY
from tests.examples import examples


@pytest.mark.parametrize("example", examples("joining"), ids=lambda example: "|".join(example["texts"]))
def test_texts_are_joined_as_their_scripts_are_written(example: dict[str, Any]) -> None:
    assert join_texts(example["texts"]) == example["joined"]


@pytest.mark.parametrize("example", examples("recordings_in_folders"), ids=lambda example: example["name"])
def test_recordings_in_a_folder_are_known_by_their_endings(example: dict[str, Any]) -> None:
    assert is_recording(example["name"]) == example["is_recording"]


def test_what_a_page_sends_at_once_is_no_more_than_the_server_takes() -> None:
    assert constant("editing/edited-text.js", "MAX_EDIT_SEGMENTS") == LONGEST_STRETCH
    assert constant("editing/edit-changes.js", "MAX_REQUEST_BYTES") < LARGEST_FORM_BYTES
    assert constant("api/history.js", "MAX_IDS_PER_REQUEST") == MOST_AT_ONCE
    assert constant("lib/journal.js", "MAX_ENTRIES_PER_REQUEST") <= MOST_ENTRIES
    assert constant("lib/journal.js", "MAX_NAME_LENGTH") <= longest("control")
    assert constant("lib/journal.js", "MAX_MESSAGE_LENGTH") <= longest("value")


def constant(path: str, name: str) -> int:
    text = (REPOSITORY / "static" / "js" / path).read_text(encoding="utf-8")
    found = re.search(rf"const {name} = ([\d_]+)", text)
    assert found, name
    return int(found[1])


def longest(field: str) -> int:
    lengths = [each.max_length for each in Action.model_fields[field].metadata if hasattr(each, "max_length")]
    return int(lengths[0])
