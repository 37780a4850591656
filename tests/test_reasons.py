"""Reasons are codes with values; their wording is chosen where they are shown."""

from __future__ import annotations

import json

import pytest

from app.domain.errors.base import Reason
from app.domain.errors.inference import DeviceUnavailable
from app.domain.reasons import (
    DAMAGED_PLACES,
    ENDS_EARLY,
    KNOWN,
    NO_CUDA,
    SMALLER_BATCHES,
    plain_reason,
    reason_from,
)
from app.domain.transcript import Applied
from app.i18n import translator


@pytest.mark.parametrize("reason", [NO_CUDA, DAMAGED_PLACES.of(count=3), plain_reason("cuDNN says: no")])
def test_a_reason_comes_back_from_json_as_it_was(reason: Reason) -> None:
    assert reason_from(json.loads(json.dumps(reason.to_dict()))) == reason


@pytest.mark.parametrize(
    ("stored", "code", "chinese"),
    [
        ("Damaged places that were skipped: 3", "damaged_places", "跳过的损坏处: 3"),
        (
            "The recording ends early; seconds found, of seconds promised by its header: 3.1, 9.0",
            "ends_early",
            ENDS_EARLY.of(seconds="3.1", promised="9.0").told(translator("zh")),
        ),
        (SMALLER_BATCHES.message, "smaller_batches", SMALLER_BATCHES.told(translator("zh"))),
        ("cuDNN says: no", "", "cuDNN says: no"),
    ],
)
def test_what_an_older_version_stored_as_text_is_understood(stored: str, code: str, chinese: str) -> None:
    reason = reason_from(stored)

    assert reason is not None
    assert (reason.code, reason.told(translator("zh"))) == (code, chinese)


def test_no_reason_is_none() -> None:
    assert reason_from("") is None
    assert Applied.from_dict({"name": "itn", "asked": "on", "applied": "on", "reason": ""}).reason is None


def test_every_code_is_its_own_and_every_wording_has_its_values() -> None:
    assert all(code == reason.code and code for code, reason in KNOWN.items())
    assert len({reason.message for reason in KNOWN.values()}) == len(KNOWN)


def test_a_stored_error_tells_its_reason_in_the_readers_language() -> None:
    problem = DeviceUnavailable(device="cuda", reason=NO_CUDA).problem
    stored = type(problem).from_dict(json.loads(json.dumps(problem.to_dict())))

    assert NO_CUDA.told(translator("zh")) in problem.explained(translator("zh"))["message"]
    assert stored.explained(translator("zh")) == problem.explained(translator("zh"))
