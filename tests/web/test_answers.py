"""What the jobs layer knows, in the reader's language."""

from __future__ import annotations

import pytest

from app.domain.transcript import NO_SPEECH
from app.engine.audio.decoding import DAMAGED_PLACES
from app.i18n import translator


@pytest.mark.parametrize(
    ("warning", "shown"),
    [
        (f"{DAMAGED_PLACES}: 3", "跳过的损坏处: 3"),
        (NO_SPEECH, "录音里没有检测到语音。"),
    ],
)
def test_a_warning_is_translated_and_keeps_its_figures(warning: str, shown: str) -> None:
    assert translator("zh")(warning) == shown
