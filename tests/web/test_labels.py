"""Every code that a page shows has a label, and both languages of a page write it alike."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.languages import LANGUAGES
from app.domain.states import JobState
from app.web.labels import LABELS, labels_in
from app.web.templating import _environment
from tests.examples import examples


def test_every_state_and_language_has_a_label() -> None:
    assert set(JobState) <= set(LABELS["job_state"])
    assert set(LANGUAGES) <= set(LABELS["language"])


def test_labels_are_in_the_language_of_the_reader() -> None:
    assert labels_in("zh")["quality"]["fast"] == "快速"
    assert labels_in("en")["quality"]["fast"] == "Fast"


@pytest.mark.parametrize("example", examples("option_values"), ids=str)
def test_the_value_of_an_option_is_written_as_the_pages_write_it(example: dict[str, Any]) -> None:
    macros: Any = _environment("en").get_template("macros/wording.html").module

    assert str(macros.option_value(example["name"], example["value"])) == example["shown"]
