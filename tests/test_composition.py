"""Decisions made where the parts are composed."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.composition import is_slow_live
from app.domain.options import TranscriptionOptions
from app.engine import EngineSpec
from app.engine.catalog.registry import FUNASR_FACTORY, NATIVE_FACTORY, WHISPER_FACTORY


@pytest.mark.parametrize(
    ("factory", "architecture", "device", "language", "is_slow"),
    [
        (WHISPER_FACTORY, "", "cpu", "zh", True),
        (WHISPER_FACTORY, "", "cuda:0", "zh", False),
        (WHISPER_FACTORY, "", "cpu", "ja", False),
        (FUNASR_FACTORY, "FunASRNano", "cpu", "en", True),
        (FUNASR_FACTORY, "FunASRNano", "cuda:0", "en", False),
        (FUNASR_FACTORY, "FunASRNano", "cpu", "ja", False),
        (FUNASR_FACTORY, "Paraformer", "cpu", "zh", False),
        (FUNASR_FACTORY, "", "cpu", "zh", False),
        (NATIVE_FACTORY, "", "cpu", "zh", False),
    ],
)
def test_the_small_model_reads_open_segments_where_the_one_in_use_is_slow(
    factory: str, architecture: str, device: str, language: str, is_slow: bool, tmp_path: Path
) -> None:
    if architecture:
        (tmp_path / "config.yaml").write_text(f"model: {architecture}\n", encoding="utf-8")
        (tmp_path / "model.pt").write_bytes(b"weights")

    spec = EngineSpec(tmp_path, factory=factory)

    assert is_slow_live(spec, device, TranscriptionOptions(language=language)) is is_slow
