"""Texts of words and segments are joined as their scripts are written, on the server as in a page."""

from typing import Any

import pytest

from app.domain.transcript import join_texts
from tests.examples import examples


@pytest.mark.parametrize("example", examples("joining"), ids=lambda example: "|".join(example["texts"]))
def test_texts_are_joined_as_their_scripts_are_written(example: dict[str, Any]) -> None:
    assert join_texts(example["texts"]) == example["joined"]
