"""The models of one installation: downloaded, verified, selected, removed, also across processes and crashes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors.models import (
    ArchiveRefused,
    HubUnreachable,
    ModelAbsent,
    ModelBuiltIn,
    ModelBusy,
    ModelDamaged,
    ModelFileMissing,
    ModelFixed,
    ModelInUse,
    ModelNotForRecognition,
    ModelUnknown,
    NoRoomForModel,
    NotAModel,
    TransferBroken,
)
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.setup import FolderUnwritable
from app.engine import EngineSpec
from app.hubs.transfer import Patience
from app.services.inference.process import InferenceProcess
from app.services.models.models import Models, ModelState
from app.services.models.places import ModelPlaces
from app.services.models.reloader import ModelReloader
from tests.conftest import REPOSITORY
from tests.models.conftest import FUNASR_FILES, SENSEVOICE_MS
from tests.models.hub import LoopbackHub, link, tar_gz
from tests.waiting import PATIENCE_SECONDS, wait_until

QUICK = Patience(attempts=3, pause_seconds=0.01, silence_seconds=5)
WEIGHTS = FUNASR_FILES["model.pt"]
WANTED_BYTES = sum(len(c) for name, c in FUNASR_FILES.items() if not name.endswith((".mp3", ".py")))
NAME = "sensevoice-small"


@pytest.fixture(autouse=True)
def _this_hub_only(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients ask the loopback hub; huggingface_hub reads its address once, at its import."""
    for name, value in hub.environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
    template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture(name="places")
def _places(hub: LoopbackHub, tmp_path: Path, tiny_folder: Path) -> ModelPlaces:
    mirror = hub.address + "/wenet/{name}.tar.gz"
    return ModelPlaces(tmp_path / "models", tiny_folder, tmp_path / "data", None, mirror)


@pytest.fixture(name="models")
def _models(places: ModelPlaces) -> Iterator[Models]:
    models = Models(places, QUICK)
    with models.open():
        yield models


@pytest.fixture(name="other")
def _other(models: Models, tiny_folder: Path) -> str:
    """The name of a second model that really loads, copied by hand."""
    shutil.copytree(tiny_folder, models.places.models_dir / "copied")
    return "copied"


def test_at_first_the_builtin_model_is_used_and_no_hub_is_asked(models: Models, hub: LoopbackHub) -> None:
    first, *others = models.entries()

    assert (first.name, first.state, first.is_here) == ("builtin", ModelState.IN_USE, True)
    assert {entry.state for entry in others} == {ModelState.AVAILABLE}
    assert hub.asked == []
    assert not models.places.models_dir.exists()


@pytest.mark.parametrize("hub_name", ["modelscope", "huggingface"])
def test_a_model_is_fetched_verified_and_ready(models: Models, hub_name: str) -> None:
    arrived: list[int] = []

    entry = models.pull_now(NAME, hub_name, arrived.append)

    assert entry.state is ModelState.READY
    assert entry.folder == models.places.models_dir / NAME
    assert models.verify(NAME).has_checksums
    assert sum(arrived) == WANTED_BYTES
    assert not (entry.folder / "model.py").exists()
    assert [path.name for path in models.places.models_dir.iterdir()] == [NAME]


def test_an_archive_of_the_wenet_mirror_becomes_a_model_that_can_be_used(
    models: Models, hub: LoopbackHub, tiny_files: dict[str, bytes]
) -> None:
    hub.archives["aishell_u2pp_conformer_exp"] = tar_gz(
        {f"2022_exp/{name}": content for name, content in tiny_files.items()}
    )

    entry = models.pull_now("aishell-u2pp-conformer")
    models.use("aishell-u2pp-conformer")

    assert entry.languages == ("zh", "en")
    assert models.folder_in_use() == entry.folder
    assert models.verify("aishell-u2pp-conformer").has_checksums
    assert not (models.folder_in_use() / "archive.tar.gz").exists()


def test_an_evil_archive_leaves_nothing_behind_but_its_reason(models: Models, hub: LoopbackHub) -> None:
    hub.archives["aishell_u2pp_conformer_exp"] = tar_gz({"e/train.yaml": b"x"}, link("e/final.pt", "/etc/passwd"))

    with pytest.raises(ArchiveRefused):
        models.pull_now("aishell-u2pp-conformer")

    entry = models.entry("aishell-u2pp-conformer")
    assert (entry.state, entry.folder) == (ModelState.STOPPED, None)
    assert entry.problem
    assert entry.problem.code == "archive_refused"
    assert entry.pull
    assert entry.pull.done_bytes == 0


def test_any_model_of_a_hub_can_be_asked_for_by_its_id(models: Models) -> None:
    entry = models.pull_now(SENSEVOICE_MS)

    assert entry.name == "iic--SenseVoiceSmall"
    assert entry.state is ModelState.READY
    assert entry.abilities == ("times", "hotwords", "itn", "punctuation")


def test_what_is_no_model_is_not_put_in_place(models: Models, hub: LoopbackHub) -> None:
    hub.offer("some/thing", {"README.md": b"nothing"})

    with pytest.raises(NotAModel):
        models.pull_now("some/thing")

    assert not (models.places.models_dir / "some--thing").exists()


@pytest.mark.parametrize("name", ["../evil", "a/../../b", "/etc", "", ".hidden", "x.part", "no-such-model", "a\\b"])
def test_a_name_that_is_none_is_refused(models: Models, name: str) -> None:
    with pytest.raises((ModelUnknown, InvalidParameter)):
        models.pull_now(name)
    with pytest.raises(ModelUnknown):
        models.remove(name)


def test_a_hub_that_is_none_is_refused(models: Models) -> None:
    with pytest.raises(InvalidParameter):
        models.pull_now(NAME, "http://evil.example")


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    models: Models, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(models.places.data_dir.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))

    with pytest.raises(NoRoomForModel):
        models.pull_now(NAME)

    assert hub.asked == []


def test_without_a_network_the_advice_is_to_copy_the_folder(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", nowhere)

    with pytest.raises(HubUnreachable) as refusal:
        models.pull_now(NAME, "huggingface")

    assert str(models.places.models_dir) in refusal.value.problem.explained()["advice"]


def test_a_models_folder_that_cannot_be_made_is_said_at_once(places: ModelPlaces) -> None:
    places.models_dir.write_text("a file stands in the way", encoding="utf-8")
    models = Models(places)

    for pull in (models.pull, models.pull_now):
        with pytest.raises(FolderUnwritable):
            pull(NAME)


# In the background


def test_a_background_download_is_watched_cancelled_and_resumed(models: Models, hub: LoopbackHub) -> None:
    hub.stall = True
    models.pull(NAME)
    wait_until(lambda: arrived_bytes(models) > 0)  # sent is not yet arrived

    entry = models.entry(NAME)
    assert entry.state is ModelState.PULLING
    assert entry.pull
    assert entry.pull.total_bytes
    assert entry.pull.done_bytes < entry.pull.total_bytes
    with pytest.raises(ModelBusy):
        models.pull(NAME)
    with pytest.raises(ModelBusy):
        models.remove(NAME)

    models.cancel(NAME)
    hub.go.set()
    wait_until(lambda: models.entry(NAME).state is ModelState.STOPPED)
    hub.asked.clear()
    models.pull(NAME)
    wait_until(lambda: models.entry(NAME).state is ModelState.READY)

    assert max(asked.begin for asked in hub.asked) > 0
    assert (models.places.models_dir / NAME / "model.pt").read_bytes() == WEIGHTS


def arrived_bytes(models: Models) -> int:
    """Return how much of the weights is on the disk."""
    part = next(models.places.models_dir.rglob("model.pt.partial"), None)
    return part.stat().st_size if part else 0


def test_why_a_download_stopped_is_told_until_it_is_taken_up_again(models: Models, hub: LoopbackHub) -> None:
    hub.wrong = {"model.pt"}
    models.pull(NAME)
    wait_until(lambda: models.entry(NAME).state is ModelState.STOPPED)
    problem = models.entry(NAME).problem
    assert problem
    assert problem.code == "transfer_broken"

    hub.wrong = set()
    models.pull(NAME)
    wait_until(lambda: models.entry(NAME).state is ModelState.READY)

    assert models.entry(NAME).problem is None


def test_what_has_arrived_can_be_thrown_away(models: Models, hub: LoopbackHub) -> None:
    hub.wrong = {"model.pt"}
    with pytest.raises(TransferBroken):
        models.pull_now(NAME)

    models.remove(NAME)

    assert models.entry(NAME).state is ModelState.AVAILABLE
    assert list(models.places.models_dir.iterdir()) == []


PULL = """
import sys
from pathlib import Path
from app.services.models.models import ModelPlaces, Models
models, mirror = Path(sys.argv[1]), sys.argv[2]
Models(ModelPlaces(models, models / "none", models.parent / "data", None, mirror)).pull_now("sensevoice-small")
"""


def test_a_download_that_is_killed_goes_on_where_it_stopped(models: Models, hub: LoopbackHub) -> None:
    hub.stall = True
    command = [sys.executable, "-c", PULL, str(models.places.models_dir), models.places.wenet_mirror]
    with subprocess.Popen(command, cwd=REPOSITORY) as killed:
        wait_until(lambda: hub.sent["model.pt"] > 0)
        wait_until(lambda: _arrived(models) > 0)
        assert models.entry(NAME).state is ModelState.PULLING
        with pytest.raises(ModelBusy):
            models.pull(NAME)
        os.kill(killed.pid, signal.SIGKILL)
    hub.go.set()
    assert models.entry(NAME).state is ModelState.STOPPED
    hub.asked.clear()

    arrived: list[int] = []
    models.pull_now(NAME, report=arrived.append)

    assert sum(arrived) == WANTED_BYTES
    assert [asked.begin > 0 for asked in hub.asked if asked.path.endswith("model.pt")] == [True]
    assert (models.places.models_dir / NAME / "model.pt").read_bytes() == WEIGHTS


def _arrived(models: Models) -> int:
    part = models.places.models_dir / f"{NAME}.part/files/model.pt.partial"
    return part.stat().st_size if part.exists() else 0


def test_another_process_can_cancel_a_download(models: Models, hub: LoopbackHub) -> None:
    hub.stall = True
    command = [sys.executable, "-c", PULL, str(models.places.models_dir), models.places.wenet_mirror]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as pulling:
        wait_until(lambda: _arrived(models) > 0)
        models.cancel(NAME)
        hub.go.set()
        assert pulling.wait(PATIENCE_SECONDS) != 0

    assert models.entry(NAME).state is ModelState.STOPPED


# Verifying and removing


def test_a_changed_model_is_damaged_and_can_be_fetched_anew(models: Models) -> None:
    models.pull_now(NAME)
    (models.places.models_dir / NAME / "am.mvn").write_bytes(b"changed")

    with pytest.raises(ModelDamaged, match=r"am\.mvn"):
        models.verify(NAME)
    assert models.entry(NAME).state is ModelState.DAMAGED
    models.pull(NAME)
    wait_until(lambda: models.entry(NAME).state is ModelState.READY)

    assert models.verify(NAME).has_checksums


def test_a_copied_model_has_nothing_to_compare_with_but_is_looked_at(models: Models, other: str) -> None:
    assert not models.verify(other).has_checksums

    (models.places.models_dir / other / "units.txt").unlink()
    with pytest.raises(ModelFileMissing):
        models.verify(other)


def test_a_model_that_is_not_here_cannot_be_verified_or_used(models: Models) -> None:
    with pytest.raises(ModelAbsent):
        models.verify(NAME)
    with pytest.raises(ModelAbsent):
        models.use(NAME)


def test_the_model_in_use_is_not_removed_and_another_is(models: Models, other: str) -> None:
    models.use(other)
    with pytest.raises(ModelInUse):
        models.remove(other)

    models.choice.confirm(other)
    models.use("builtin", is_tried=True)
    models.remove(other)

    assert not (models.places.models_dir / other).exists()


def test_the_model_that_would_come_back_is_not_removed_either(models: Models, other: str, tiny_folder: Path) -> None:
    shutil.copytree(tiny_folder, models.places.models_dir / "third")
    models.use(other, is_tried=True)

    models.use("third")

    with pytest.raises(ModelInUse):
        models.remove(other)


def test_the_builtin_model_is_never_removed_or_fetched(models: Models) -> None:
    with pytest.raises(ModelBuiltIn):
        models.remove("builtin")
    with pytest.raises(ModelBuiltIn):
        models.pull("builtin")


def test_a_model_that_only_helps_cannot_be_used_alone(models: Models, hub: LoopbackHub) -> None:
    hub.offer(
        "iic/punc_ct-transformer_cn-en-common-vocab471067-large",
        {"config.yaml": b"model: CTTransformer\n", "model.pt": b"x"},
    )
    models.pull_now("ct-punc")

    with pytest.raises(ModelNotForRecognition):
        models.use("ct-punc")


# Folders elsewhere


def test_a_folder_elsewhere_is_remembered_and_never_deleted(models: Models, tmp_path: Path, tiny_folder: Path) -> None:
    elsewhere = tmp_path / "my model"
    shutil.copytree(tiny_folder, elsewhere)

    entry = models.add_folder(elsewhere)
    assert models.add_folder(elsewhere).name == entry.name == "my-model"
    assert Models(models.places).entry("my-model").is_linked
    models.remove("my-model")

    assert (elsewhere / "train.yaml").is_file()
    assert "my-model" not in [entry.name for entry in models.entries()]


def test_two_folders_of_the_same_name_are_told_apart(models: Models, tmp_path: Path, tiny_folder: Path) -> None:
    for parent in ("a", "b"):
        shutil.copytree(tiny_folder, tmp_path / parent / "m")

    names = [models.add_folder(tmp_path / parent / "m").name for parent in ("a", "b")]

    assert names == ["m", "m-2"]


def test_a_folder_that_is_no_model_or_no_whole_path_is_refused(models: Models, tmp_path: Path) -> None:
    with pytest.raises(NotAModel):
        models.add_folder(tmp_path)
    with pytest.raises(InvalidParameter):
        models.add_folder(Path("models/builtin"))


def test_a_folder_that_has_gone_is_shown_as_damaged_and_can_be_forgotten(
    models: Models, tmp_path: Path, tiny_folder: Path
) -> None:
    shutil.copytree(tiny_folder, tmp_path / "usb-stick")
    name = models.add_folder(tmp_path / "usb-stick").name
    shutil.rmtree(tmp_path / "usb-stick")

    assert models.entry(name).state is ModelState.DAMAGED
    models.remove(name)


# Using


def test_a_fixed_model_wins_over_every_choice(models: Models, other: str, tiny_folder: Path) -> None:
    models.use(other)
    fixed = Models(
        ModelPlaces(models.places.models_dir, models.places.builtin, models.places.data_dir, tiny_folder, "")
    )

    assert fixed.folder_in_use() == tiny_folder
    with pytest.raises(ModelFixed):
        fixed.use(other)


def test_a_damaged_choice_file_means_the_builtin_model(models: Models) -> None:
    models.places.data_dir.mkdir()
    (models.places.data_dir / "models.json").write_text("{half", encoding="utf-8")

    assert models.folder_in_use() == models.places.builtin


def spec_of(folder: Path) -> EngineSpec:
    """The engine of a folder: one that loads, or one that refuses to."""
    factories = {"refused": "refuse", "huge": "too_large"}
    return EngineSpec(folder, factory=f"tests.fakes:{factories.get(folder.name, 'EchoEngine')}")


@pytest.fixture(name="inference")
def _inference(models: Models) -> Iterator[InferenceProcess]:
    """A real process with an engine of a few lines, kept by the choice; it starts with the built-in model."""
    inference = InferenceProcess(spec_of(models.places.builtin))
    keeper = ModelReloader(models, inference, spec_of, lambda: 0)
    inference.start()
    with keeper.running():
        yield inference
    inference.stop()


def test_the_process_that_infers_changes_to_the_model_that_is_chosen(
    models: Models, inference: InferenceProcess, other: str
) -> None:
    assert models.use(other).state is ModelState.SWITCHING

    wait_until(lambda: models.entry(other).state is ModelState.IN_USE)

    assert inference.status().state == "ready"
    assert inference.spec.model_dir.name == other


def test_a_choice_by_another_process_is_followed(
    models: Models, inference: InferenceProcess, other: str, places: ModelPlaces
) -> None:
    Models(places).use(other, is_tried=True)

    wait_until(lambda: inference.spec.model_dir.name == other and inference.status().state == "ready")


@pytest.mark.parametrize(("name", "code"), [("refused", "model_file_missing"), ("huge", "model_too_large")])
def test_a_model_that_does_not_load_leaves_the_old_one_and_says_why(
    models: Models, inference: InferenceProcess, tiny_folder: Path, name: str, code: str
) -> None:
    shutil.copytree(tiny_folder, models.places.models_dir / name)

    models.use(name)
    wait_until(lambda: models.entry(name).problem is not None)
    wait_until(lambda: inference.status().state == "ready")

    entry = models.entry(name)
    assert entry.problem
    assert (entry.state, entry.problem.code) == (ModelState.READY, code)
    assert models.entry("builtin").state is ModelState.IN_USE
    assert inference.spec.model_dir == models.places.builtin


def test_an_idle_model_is_unloaded_and_comes_back_with_the_next_work(models: Models) -> None:
    inference = InferenceProcess(spec_of(models.places.builtin))
    keeper = ModelReloader(models, inference, spec_of, lambda: 0.01)
    inference.start()
    try:
        wait_until(lambda: inference.status().state == "ready")
        with keeper.running():
            wait_until(lambda: inference.status().state == "stopped")
        assert inference.status().rss_bytes is None
        inference.load()
        wait_until(lambda: inference.status().state == "ready")
    finally:
        inference.stop()


def test_a_model_that_is_not_idle_stays(models: Models) -> None:
    inference = InferenceProcess(spec_of(models.places.builtin))
    inference.start()
    try:
        wait_until(lambda: inference.status().state == "ready")
        assert not inference.unload_if_idle(3600)
        assert inference.status().state == "ready"
    finally:
        inference.stop()


def test_the_choice_survives_in_one_whole_file(models: Models, other: str) -> None:
    models.use(other)

    stored = json.loads((models.places.data_dir / "models.json").read_text(encoding="utf-8"))
    assert (stored["model"], stored["previous"]) == (other, "builtin")
