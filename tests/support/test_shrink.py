"""The shortest clip that still fails is found, and becomes a case of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors.cases import CaseCannotShrink
from app.support.case import AudioChoice, CaseChoice
from app.support.replay import Verdict
from app.support.replay.shrink import shrink
from tests.services.conftest import House
from tests.support.cases import make, names_in, read
from tests.support.test_case import recognised
from tests.support.test_replay import again, bench


def test_a_failure_is_shrunk_to_a_clip_that_fails_by_itself(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2, 0.95, 0.4, factory="FailingEngine"))
    short = tmp_path / "short.zip"
    with bench(house, "FailingEngine").open() as opened:
        found = shrink(case, short, opened)

    assert found.failure == "inference_failed"
    assert found.end - found.start < 0.35 < found.was_seconds
    assert names_in(short) == names_in(case) - {"audio/whole.flac"} | {"audio/stretch.flac"}
    assert [each["index"] for each in read(short, "segmentation.json")] == [1]
    assert again(house, short, "FailingEngine").verdict is Verdict.REPRODUCED
    assert again(house, short).verdict is Verdict.NOT_REPRODUCED


def test_a_wrong_text_is_shrunk_as_long_as_it_shows(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2, 0.5))
    with bench(house).open() as opened:
        found = shrink(case, tmp_path / "short.zip", opened, text="level 5")

    assert found.failure == "level 5"
    assert found.end - found.start < found.was_seconds
    assert read(tmp_path / "short.zip", "result.json")["text_raw"] == "level 5"
    assert again(house, tmp_path / "short.zip").verdict is Verdict.REPRODUCED


def test_a_failure_that_does_not_show_here_cannot_be_shrunk(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.95, factory="FailingEngine"))

    with bench(house).open() as opened, pytest.raises(CaseCannotShrink, match="no segment"):
        shrink(case, tmp_path / "short.zip", opened)
    assert not (tmp_path / "short.zip").exists()


def test_a_case_without_sound_cannot_be_shrunk(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2), CaseChoice(AudioChoice.HASH))

    with bench(house).open() as opened, pytest.raises(CaseCannotShrink, match="no sound"):
        shrink(case, tmp_path / "short.zip", opened)
