"""A hub to download from, and its models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.tiny_model import build_tiny_model
from tests.models.hub import LoopbackHub, loopback_hub

FUNASR_FILES = {
    "config.yaml": b"model: SenseVoiceSmall\n",
    "configuration.json": b"{}",
    "am.mvn": b"<Nnet>\n" * 100,
    "README.md": b"# A model\n",
    "model.pt": bytes(range(256)) * 2000,
    "example/zh.mp3": b"sound",
    "model.py": b"raise SystemExit('never run')",
}
SENSEVOICE_MS = "iic/SenseVoiceSmall"
SENSEVOICE_HF = "FunAudioLLM/SenseVoiceSmall"


@pytest.fixture(name="hub")
def _hub() -> Iterator[LoopbackHub]:
    with loopback_hub() as hub:
        hub.offer(SENSEVOICE_MS, dict(FUNASR_FILES))
        hub.offer(SENSEVOICE_HF, dict(FUNASR_FILES))
        yield hub


@pytest.fixture(scope="session", name="tiny_folder")
def _tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the engine really loads."""
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(name="tiny_files")
def _tiny_files(tiny_folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in tiny_folder.iterdir()}
