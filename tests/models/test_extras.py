"""What a model needs besides its files: installed on request, from a locked list, without restarting the server."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.domain.errors.models import ExtraNotInstalled
from app.engine import EngineSpec
from app.engine.catalog.extras import EXTRAS, Extra
from app.main import create_app
from app.services.models import extras as extras_module
from app.services.models.extras import Extras, lock_of, missing_requirements
from app.settings import Settings
from tests.conftest import data_folder
from tests.engine.tiny_model import build_tiny_model
from tests.models.index import Index, loopback_index
from tests.waiting import wait_until

MODELS = "/api/v1/models"
PACKAGE = "tiny_extra"
TINY = Extra("tiny", (PACKAGE,), 1)


def tiny_wheel() -> bytes:
    stored, info = io.BytesIO(), f"{PACKAGE}-1.0.0.dist-info"
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr(f"{PACKAGE}/__init__.py", "")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-extra\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return stored.getvalue()


@pytest.fixture(name="index")
def _index() -> Iterator[Index]:
    with loopback_index() as index:
        index.files["tiny-extra"] = {f"{PACKAGE}-1.0.0-py3-none-any.whl": tiny_wheel()}
        yield index


@pytest.fixture(name="lock")
def _lock(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The locked list; what pip brings comes into a folder of the test, which new processes look into, too."""
    target = tmp_path / "packages"
    target.mkdir()
    for name, value in index.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_TARGET", str(target))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(target), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(str(target))
    folder = tmp_path / "requirements"
    folder.mkdir()
    monkeypatch.setattr(extras_module, "requirements_dir", lambda: folder)
    lock = folder / "tiny.txt"
    digest = hashlib.sha256(tiny_wheel()).hexdigest()
    lock.write_text(
        "# a comment\n"
        f"jinja2==0.0.1 \\\n    --hash=sha256:{'0' * 64}\n"
        f"tiny-extra==1.0.0 \\\n    --hash=sha256:{digest}\n"
    )
    yield lock
    sys.modules.pop(PACKAGE, None)


def test_only_what_is_not_here_is_installed(lock: Path, tmp_path: Path, index: Index) -> None:
    told: list[str] = []
    extras = Extras(tmp_path / "models", lambda: told.append("installed"))
    before = extras.status(TINY)

    extras.begin(TINY)
    extras.finish(TINY)

    assert before is not None
    assert (before.obstacle, before.is_running) == ("", False)
    assert str(lock) in before.command
    assert extras.status(TINY) is None
    assert told == ["installed"]
    assert find_spec(PACKAGE)
    assert not [path for path in index.asked if "jinja2" in path]


def test_without_a_network_the_command_is_told(lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    extras = Extras(tmp_path / "models", lambda: None)

    extras.begin(TINY)
    with pytest.raises(ExtraNotInstalled) as refused:
        extras.finish(TINY)

    told = refused.value.problem.explained()
    assert "cannot be reached" in told["message"]
    assert f"{sys.executable} -m pip install" in told["advice"]
    assert find_spec(PACKAGE) is None


def test_a_package_with_another_hash_is_refused(lock: Path, tmp_path: Path) -> None:
    lock.write_text(f"tiny-extra==1.0.0 \\\n    --hash=sha256:{'1' * 64}\n")
    extras = Extras(tmp_path / "models", lambda: None)

    extras.begin(TINY)
    with pytest.raises(ExtraNotInstalled):
        extras.finish(TINY)

    assert find_spec(PACKAGE) is None


def test_an_installed_package_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras_module, "requirements_dir", lambda: tmp_path / "none")
    extras = Extras(tmp_path / "models", lambda: None)

    with pytest.raises(ExtraNotInstalled) as refused:
        extras.begin(TINY)

    assert refused.value.problem.explained()["advice"].endswith("-m pip install 'funasr-webui[tiny]'")


def test_the_lists_of_the_extras_can_be_read() -> None:
    for extra in EXTRAS.values():
        lock = lock_of(extra)
        assert lock.is_file()
        assert all("--hash=sha256:" in one for one in missing_requirements(lock))


def test_the_page_installs_it_and_the_process_that_infers_starts_again(
    lock: Path, tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models_dir = tmp_path / "models"
    build_tiny_model(models_dir / "first")
    needy = models_dir / "needy"
    needy.mkdir()
    (needy / "config.yaml").write_text("model: Paraformer\n")
    (needy / "model.pt").write_bytes(b"weights")
    monkeypatch.setattr("app.engine.catalog.extras.OF_FOLDERS", {"Paraformer": (TINY, "")})
    settings = Settings(
        data_dir=data_folder(tmp_path / "data", empty), log_dir=tmp_path / "logs", models_dir=models_dir
    )
    app = create_app(settings, spec=EngineSpec(models_dir / "first", factory="tests.fakes:ExtraEngine"))

    with TestClient(app, base_url="http://127.0.0.1") as client:
        wait_until(lambda: client.get("/api/v1/system").json()["model"]["state"] == "ready")
        before = client.get("/api/v1/system").json()["model"]["name"]
        needs = client.get(f"{MODELS}/needy").json()["needs"]
        begun = client.post(f"{MODELS}/needy/install")
        wait_until(lambda: client.get(f"{MODELS}/needy").json()["needs"] is None)
        wait_until(lambda: client.get("/api/v1/system").json()["model"]["name"] == "with the extra")

    assert (before, needs["packages"], needs["can_install"]) == ("without the extra", [PACKAGE], True)
    assert begun.status_code == 202
