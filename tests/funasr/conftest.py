"""Tiny folders of every family, and access to their engines. Skipped without the package `funasr`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.engine import Engine, EngineSpec
from app.engine.funasr import load_engine
from tests.engine.sounds import Samples, sentence
from tests.funasr import tiny_models
from tests.funasr.package import import_funasr, kept_process
from tests.funasr.tiny_models import Build

needs_funasr = pytest.mark.skipif(
    find_spec("funasr") is None,
    reason="needs the package funasr: scripts/test.sh makes an environment for it",
)

FAMILIES = ("sensevoice", "paraformer", "seaco", "nano", "nano_with_ctc")
BUILDS: dict[str, Build] = {
    "sensevoice": tiny_models.build_sensevoice,
    "paraformer": tiny_models.build_paraformer,
    "seaco": tiny_models.build_seaco,
    "nano": tiny_models.build_nano,
    "nano_with_ctc": lambda folder: tiny_models.build_nano(folder, has_ctc=True),
    "punctuation": tiny_models.build_punctuation,
}
FindModel = Callable[[str], Path]
LoadEngine = Callable[..., Engine]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> FindModel:
    """Return the folder of a tiny model by its name, built once."""
    place = tmp_path_factory.mktemp("funasr")
    import_funasr()

    def folder(name: str) -> Path:
        if not (place / name).exists():
            with kept_process():
                BUILDS[name](place / name)
        return place / name

    return folder


@pytest.fixture(scope="session")
def engines(models: FindModel) -> LoadEngine:
    """Return the engine of a tiny model by its name, loaded once for each set of options."""
    loaded: dict[tuple[str, str], Engine] = {}

    def engine(name: str, **spec: object) -> Engine:
        key = (name, repr(spec))
        if key not in loaded:
            loaded[key] = load_engine(EngineSpec(models(name), device="cpu", threads=1, **spec))  # type: ignore[arg-type]
        return loaded[key]

    return engine


@pytest.fixture(scope="session")
def speech() -> Samples:
    return sentence()
