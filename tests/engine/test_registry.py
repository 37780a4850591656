"""Model folders are identified without torch and without reading weights; others are refused by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelUnknown,
    NotAModel,
)
from app.engine.catalog.known_models import BUILTINS, KNOWN_MODELS, Role, known_model, source_of
from app.engine.catalog.registry import FUNASR_FACTORY, NATIVE_FACTORY, Kind, factory_for, identify
from tests.conftest import REPOSITORY
from tests.engine.tiny_model import build_tiny_model

FUNASR_CLASSES = {
    "SenseVoiceSmall": Role.RECOGNITION,
    "Paraformer": Role.RECOGNITION,
    "BiCifParaformer": Role.RECOGNITION,
    "SeacoParaformer": Role.RECOGNITION,
    "FunASRNano": Role.RECOGNITION,
    "CTTransformer": Role.PUNCTUATION,
    "FsmnVADStreaming": Role.VAD,
}


def write_funasr(folder: Path, architecture: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": architecture}), encoding="utf-8")
    (folder / "configuration.json").write_text("{}", encoding="utf-8")
    (folder / "model.pt").write_bytes(b"weights")
    return folder


def test_a_wenet_folder_is_known_with_the_languages_of_its_units(tmp_path: Path) -> None:
    found = identify(build_tiny_model(tmp_path / "tiny"))

    assert found.kind is Kind.NATIVE
    assert found.languages == ("zh", "en")
    assert found.size_bytes > 1000
    assert factory_for(found.folder) == NATIVE_FACTORY


@pytest.mark.parametrize(("architecture", "role"), FUNASR_CLASSES.items())
def test_the_folders_of_funasr_are_known_by_the_class_they_name(architecture: str, role: Role, tmp_path: Path) -> None:
    found = identify(write_funasr(tmp_path, architecture))

    assert (found.kind, found.architecture, found.role) == (Kind.FUNASR, architecture, role)
    assert factory_for(tmp_path) == FUNASR_FACTORY


def test_a_network_of_funasr_that_is_not_known_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ModelConfigUnsupported, match="WhisperWarp"):
        identify(write_funasr(tmp_path, "WhisperWarp"))


def test_an_empty_folder_is_no_model_and_loading_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotAModel):
        identify(tmp_path)
    assert factory_for(tmp_path) == NATIVE_FACTORY


def test_a_folder_that_does_not_exist_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotAModel):
        identify(tmp_path / "nowhere")


def test_missing_and_empty_weights_are_named(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "tiny")
    (folder / "final.pt").write_bytes(b"")
    with pytest.raises(ModelFileUnreadable, match=r"final\.pt"):
        identify(folder)

    (folder / "final.pt").unlink()
    with pytest.raises(ModelFileMissing, match=r"final\.pt"):
        identify(folder)


def test_a_configuration_that_is_no_yaml_is_refused_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("secret: [unclosed\n  password: hunter2", encoding="utf-8")

    with pytest.raises(ModelFileUnreadable) as refusal:
        identify(tmp_path)

    assert "hunter2" not in str(refusal.value)


def test_identifying_imports_no_torch() -> None:
    code = "import sys, app.engine.catalog.registry; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


def test_every_known_model_but_the_builtin_can_be_fetched_from_somewhere() -> None:
    assert {model.name for model in KNOWN_MODELS if not model.sources} == set(BUILTINS)
    assert len({model.name for model in KNOWN_MODELS}) == len(KNOWN_MODELS)


def test_a_model_comes_from_its_first_hub_unless_another_is_named() -> None:
    nano = known_model("FunASR-Nano-2512")
    assert nano

    assert source_of(nano, None)[0] == "modelscope"
    assert source_of(nano, "huggingface") == ("huggingface", "FunAudioLLM/Fun-ASR-Nano-2512")
    with pytest.raises(ModelUnknown):
        source_of(nano, "wenet")
