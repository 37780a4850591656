"""`python -m app transcribe` reports problems on standard error, with the built-in model and real speech detection."""

from __future__ import annotations

import json

import pytest

from app.paths import builtin_model_dir
from tests.warm import run

MODEL = builtin_model_dir()
pytestmark = pytest.mark.skipif(not (MODEL / "golden.json").is_file(), reason="needs models/builtin")


def test_a_good_recording_has_no_finding_but_the_unknown_hotword() -> None:
    golden = MODEL / json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))["audio"]
    healthy = run("transcribe", golden)
    odd = run("transcribe", golden, "--hotwords", "Жизнь")

    assert healthy.stderr == ""
    assert "[hotword_unknown]" in odd.stderr
    assert odd.stderr.count("\n") == 2
