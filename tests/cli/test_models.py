"""`python -m app models` from a user's perspective: real child processes, a hub on the loopback address."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.engine.tiny_model import build_tiny_model
from tests.models.conftest import FUNASR_FILES, SENSEVOICE_MS
from tests.models.hub import LoopbackHub, loopback_hub, tar_gz
from tests.warm import run

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(name="hub")
def _hub() -> Iterator[LoopbackHub]:
    with loopback_hub() as hub:
        hub.offer(SENSEVOICE_MS, dict(FUNASR_FILES))
        yield hub


@pytest.fixture(scope="module", name="tiny")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture(name="models")
def _models(hub: LoopbackHub, tmp_path: Path) -> Run:
    settings = {
        "FUNASR_MODELS_DIR": str(tmp_path / "models"),
        "FUNASR_DATA_DIR": str(tmp_path / "data"),
        "HOME": str(tmp_path),
    }
    environment = os.environ | hub.environment(tmp_path) | settings

    def models(*arguments: object, command: str = "models", **more: str) -> subprocess.CompletedProcess[str]:
        return run(command, *arguments, variables=environment | more)

    return models


def test_the_list_tells_what_is_here_and_what_can_be_had(models: Run, hub: LoopbackHub) -> None:
    table = models("list")
    models = {model["name"]: model for model in json.loads(models("list", "--json").stdout)["models"]}

    assert table.returncode == 0, table.stderr
    assert "sensevoice-small" in table.stdout
    assert models["builtin"]["state"] == "in_use"
    assert models["funasr-nano-2512"]["licence"] == "Apache-2.0"
    assert models["sensevoice-small"]["hubs"] == ["modelscope", "huggingface"]
    assert hub.asked == []


@pytest.mark.parametrize("hub_name", ["modelscope", "huggingface"])
def test_a_model_is_pulled_with_a_cut_in_the_middle_verified_and_removed(
    models: Run, hub: LoopbackHub, hub_name: str, tmp_path: Path
) -> None:
    hub.offer("FunAudioLLM/SenseVoiceSmall", dict(FUNASR_FILES))
    hub.cuts = [200_000]

    pulled = models("pull", "sensevoice-small", "--from", hub_name)

    assert pulled.returncode == 0, pulled.stderr
    assert (tmp_path / "models/sensevoice-small/model.pt").read_bytes() == FUNASR_FILES["model.pt"]
    assert hub.sent["model.pt"] == len(FUNASR_FILES["model.pt"])
    assert "matches its checksum" in models("verify", "sensevoice-small").stdout

    refused = models("remove", "sensevoice-small")
    removed = models("remove", "sensevoice-small", "--yes")

    assert refused.returncode == 1
    assert removed.returncode == 0
    assert list((tmp_path / "models").iterdir()) == []


def test_a_model_from_the_wenet_mirror_is_loaded_once_and_then_used(
    models: Run, hub: LoopbackHub, tiny: Path, tmp_path: Path
) -> None:
    files = {f"exp/{file.name}": file.read_bytes() for file in tiny.iterdir()}
    hub.archives["aishell_u2pp_conformer_exp"] = tar_gz(files)

    assert models("pull", "aishell-u2pp-conformer").returncode == 0
    used = models("use", "aishell-u2pp-conformer", "--device", "cpu")
    in_use = models("remove", "aishell-u2pp-conformer", "--yes")
    read = models(
        *("--format", "json", "--device", "cpu", REPOSITORY / "models/builtin/golden.flac"),
        command="transcribe",
    )

    assert json.loads(read.stdout)["model"] == "aishell-u2pp-conformer"
    assert used.returncode == 0, used.stderr
    assert json.loads((tmp_path / "data/models.json").read_text())["model"] == "aishell-u2pp-conformer"
    assert in_use.returncode == 1
    assert "model_in_use" in in_use.stderr


def test_a_folder_that_does_not_load_is_not_chosen(models: Run, tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny, broken)
    (broken / "final.pt").write_bytes(b"these are no weights")

    result = models("use", broken, "--device", "cpu")

    assert result.returncode == 1
    assert "model_does_not_load" in result.stderr
    assert "final.pt" in result.stderr
    assert json.loads((tmp_path / "data/models.json").read_text())["model"] == "builtin"


def test_the_environment_wins_over_a_choice(models: Run, tiny: Path) -> None:
    result = models("use", "builtin", FUNASR_MODEL=str(tiny))

    assert result.returncode == 1
    assert "model_fixed" in result.stderr


def test_a_hub_without_its_client_names_the_command_to_install_it(models: Run, tmp_path: Path) -> None:
    for package in ("modelscope_hub", "huggingface_hub"):
        (tmp_path / "hidden" / package).mkdir(parents=True)
        (tmp_path / "hidden" / package / "__init__.py").write_text("raise ImportError('hidden')")

    for hub_name in ("modelscope", "huggingface"):
        command = [sys.executable, "-m", "app", "models", "pull", "sensevoice-small", "--from", hub_name]
        variables = os.environ | {"PYTHONPATH": str(tmp_path / "hidden")}
        result = subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)

        assert result.returncode == 1
        assert "hub_client_missing" in result.stderr
        assert "pip install" in result.stderr


def test_an_unreachable_hub_says_what_to_do(models: Run, tmp_path: Path) -> None:
    result = models("pull", "sensevoice-small", "--from", "huggingface", HF_ENDPOINT="http://127.0.0.1:9")

    assert result.returncode == 1
    assert "hub_unreachable" in result.stderr
    assert str(tmp_path / "models") in result.stderr


def test_offline_mode_of_the_client_is_respected(models: Run, hub: LoopbackHub) -> None:
    result = models("pull", "sensevoice-small", "--from", "huggingface", HF_HUB_OFFLINE="1")

    assert "hub_unreachable" in result.stderr
    assert hub.asked == []
