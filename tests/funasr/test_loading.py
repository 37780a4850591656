"""Which folders load, and which are refused and why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import yaml

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelNotForRecognition,
    ModelWeightsMismatch,
)
from app.engine import EngineSpec
from app.engine.funasr import load_engine
from app.engine.sanm.punctuation import load_punctuator
from tests.funasr.conftest import FindModel, needs_funasr
from tests.funasr.tiny_models import rewrite

pytestmark = needs_funasr


def load(folder: Path) -> None:
    load_engine(EngineSpec(folder, device="cpu", threads=1))


@pytest.fixture
def copy(models: FindModel, tmp_path: Path):
    def copied(name: str) -> Path:
        return Path(shutil.copytree(models(name), tmp_path / name))

    return copied


def test_a_missing_tensor_is_named(copy) -> None:
    folder = copy("sensevoice")
    rewrite(folder, lambda state: {name: state[name] for name in state if name != "embed.weight"})

    with pytest.raises(ModelWeightsMismatch, match=r"the layer embed\.weight is missing"):
        load(folder)


def test_an_unknown_tensor_is_named(copy) -> None:
    folder = copy("paraformer")
    rewrite(folder, lambda state: {**state, "encoder.extra": torch.zeros(2)})

    with pytest.raises(ModelWeightsMismatch, match=r"encoder\.extra is unknown"):
        load(folder)


def test_a_tensor_of_another_shape_is_named(copy) -> None:
    folder = copy("seaco")
    rewrite(folder, lambda state: {**state, "hotword_output_layer.bias": torch.zeros(3)})

    with pytest.raises(ModelWeightsMismatch, match=r"hotword_output_layer\.bias has the shape 3"):
        load(folder)


def test_values_that_are_not_numbers_are_named(copy) -> None:
    folder = copy("sensevoice")
    rewrite(folder, lambda state: {**state, "embed.weight": torch.full_like(state["embed.weight"], torch.nan)})

    with pytest.raises(ModelWeightsMismatch, match=r"embed\.weight has values that are not numbers"):
        load(folder)


def test_weights_of_another_family_are_refused(copy, models: FindModel) -> None:
    folder = copy("sensevoice")
    shutil.copy(models("seaco") / "model.pt", folder / "model.pt")

    with pytest.raises(ModelWeightsMismatch, match=r"\(and \d+ more\)"):
        load(folder)


def test_half_of_the_optional_part_is_not_enough(copy) -> None:
    folder = copy("nano_with_ctc")
    rewrite(folder, lambda state: {name: state[name] for name in state if name != "ctc.ctc_lo.bias"})

    with pytest.raises(ModelWeightsMismatch, match=r"ctc\.ctc_lo\.bias is missing"):
        load(folder)


def test_weights_may_be_wrapped_as_trainers_do(copy) -> None:
    folder = copy("paraformer")
    rewrite(folder, lambda state: {"state_dict": {f"module.{name}": state[name] for name in state}})

    load(folder)


def test_damaged_weights_are_named(copy) -> None:
    folder = copy("sensevoice")
    weights = (folder / "model.pt").read_bytes()
    (folder / "model.pt").write_bytes(weights[: len(weights) // 2])

    with pytest.raises(ModelFileUnreadable, match=r"model\.pt"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "file"),
    [("nano", "Qwen3-0.6B"), ("paraformer", "tokens.json"), ("sensevoice", "am.mvn")],
)
def test_a_missing_file_is_not_looked_for_on_a_hub(name: str, file: str, copy) -> None:
    folder = copy(name)
    gone = folder / file
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    with pytest.raises(ModelFileMissing, match=file):
        load(folder)


@pytest.mark.parametrize("is_described", [True, False])
def test_features_that_would_not_be_normalised_are_refused(is_described: bool, copy) -> None:
    folder = copy("seaco")
    (folder / "am.mvn").unlink()
    if not is_described:
        (folder / "configuration.json").unlink()

    with pytest.raises(ModelFileMissing, match=r"am\.mvn"):
        load(folder)


def test_a_part_from_a_hub_is_refused(copy) -> None:
    folder = copy("nano")
    change_config(folder, audio_encoder_conf={"hub": "ms"}, audio_encoder="iic/SenseVoiceSmall")

    with pytest.raises(ModelConfigUnsupported, match="downloaded"):
        load(folder)


def test_a_helper_that_the_configuration_names_is_not_fetched(copy) -> None:
    folder = copy("paraformer")
    change_config(folder, vad_model="fsmn-vad", punc_model="ct-punc")

    load(folder)


def test_a_network_that_is_not_known_is_refused_by_name(copy) -> None:
    folder = copy("paraformer")
    change_config(folder, model="WhisperWarp")

    with pytest.raises(ModelConfigUnsupported, match="WhisperWarp"):
        load(folder)


def test_a_configuration_that_funasr_cannot_build_is_refused(copy) -> None:
    folder = copy("paraformer")
    change_config(folder, encoder="NoSuchEncoder")

    with pytest.raises(ModelConfigUnsupported, match=r"config\.yaml"):
        load(folder)


def test_a_description_of_the_files_that_is_no_json_is_refused(copy) -> None:
    folder = copy("paraformer")
    (folder / "configuration.json").write_text("{", encoding="utf-8")

    with pytest.raises(ModelFileUnreadable, match=r"configuration\.json"):
        load(folder)


def test_a_folder_without_a_description_loads_files_by_their_usual_names(copy) -> None:
    folder = copy("paraformer")
    (folder / "configuration.json").unlink()

    load(folder)


def test_a_model_for_punctuation_does_not_recognise(models: FindModel) -> None:
    with pytest.raises(ModelNotForRecognition, match="punctuation"):
        load(models("punctuation"))
    with pytest.raises(ModelConfigUnsupported, match="Paraformer"):
        load_punctuator(models("paraformer"))


def change_config(folder: Path, **changes: object) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    (folder / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
