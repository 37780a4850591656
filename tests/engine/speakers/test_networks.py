"""The two networks, against numbers computed by the publishers' own code from the same weights and inputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable, ModelWeightsMismatch
from app.engine.catalog.known_models import Role
from app.engine.catalog.registry import Kind, identify
from app.engine.catalog.speaker_folder import EMBEDDING_FILE, SEGMENTATION_FILE
from app.engine.speakers.campplus import CamPlusPlus
from app.engine.speakers.model import load_speaker_model
from app.engine.speakers.segmentation import PEOPLE_OF_CLASSES, SegmentationNetwork
from tests.engine.speakers.voices import features, fill, sound, write_networks

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "speakers" / "golden.json").read_text())
TOLERANCE = 1e-4


def test_cam_plus_plus_equals_the_publishers_code():
    network = CamPlusPlus()
    fill(network)
    with torch.inference_mode():
        embeddings = network(features())
    assert embeddings.shape == (2, 192)
    assert (embeddings[:, :24] - torch.tensor(GOLDEN["embeddings"])).abs().max() < TOLERANCE


def test_the_segmentation_equals_the_publishers_code():
    network = SegmentationNetwork()
    fill(network)
    with torch.inference_mode():
        log_probs = network(sound())
    assert (log_probs[0, ::12] - torch.tensor(GOLDEN["log_probs"])).abs().max() < TOLERANCE


def test_a_frame_of_two_people_counts_for_both():
    network = SegmentationNetwork()
    fill(network)
    with torch.inference_mode():
        classes = network(sound())[0].argmax(-1).tolist()
        speaking = network.speaking(sound())[0]
    expected = [[person in PEOPLE_OF_CLASSES[each] for person in range(3)] for each in classes]
    assert speaking.tolist() == expected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_networks(tmp_path)
    return tmp_path


def test_a_folder_of_both_files_is_a_model_of_speakers(folder: Path):
    found = identify(folder)
    assert (found.kind, found.role) == (Kind.SPEAKERS, Role.SPEAKERS)
    model = load_speaker_model(folder)
    waveform = sound()[0].numpy()
    assert model.embeddings([waveform, waveform[:24_000], waveform]).shape == (3, 192)


def test_sounds_of_different_lengths_are_as_alone(folder: Path):
    model = load_speaker_model(folder)
    waveform = sound()[0].numpy()
    together = model.embeddings([waveform, waveform[:24_000], waveform[8000:]])
    alone = [model.embeddings([each])[0] for each in (waveform, waveform[:24_000], waveform[8000:])]
    assert max(abs(together[place] - each).max() for place, each in enumerate(alone)) < TOLERANCE


def test_a_folder_without_one_of_them_names_it(folder: Path):
    (folder / SEGMENTATION_FILE).unlink()
    with pytest.raises(ModelFileMissing) as refused:
        identify(folder)
    assert refused.value.params["file"] == SEGMENTATION_FILE


def test_weights_of_another_network_are_refused(folder: Path):
    (folder / SEGMENTATION_FILE).write_bytes((folder / EMBEDDING_FILE).read_bytes())
    with pytest.raises(ModelWeightsMismatch):
        load_speaker_model(folder)


def test_a_damaged_file_is_refused(folder: Path):
    whole = (folder / EMBEDDING_FILE).read_bytes()
    (folder / EMBEDDING_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelFileUnreadable):
        load_speaker_model(folder)


class _Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("touched-by-a-pickle"),)


def test_a_file_that_wants_to_run_something_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    torch.save({"state_dict": _Harmful()}, folder / EMBEDDING_FILE)
    with pytest.raises(ModelFileUnreadable):
        load_speaker_model(folder)
    assert not (folder / "touched-by-a-pickle").exists()
