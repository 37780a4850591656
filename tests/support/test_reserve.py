"""What is large leaves a reserve of the disk free: refused with a name, nothing half-written stays, and texts still go in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import free_space
from app.domain.errors.uploads import DiskFull
from app.store.files.live_wav import LiveWav
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles
from app.support.backup import Places, back_up, restore
from app.support.case import AudioChoice, CaseChoice, Part
from app.support.case.archive import manifest_of, open_archive, write_archive
from tests.databases import OF_BACKUPS
from tests.engine.sounds import babble, wav_bytes
from tests.services.conftest import House
from tests.support.cases import cases_of


@dataclass
class Disk:
    """A disk on which only so many bytes are left above the reserve."""

    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def leaves(self, above_reserve: int) -> None:
        usage = shutil.disk_usage(self.folder)
        free = free_space.FREE_BYTES_KEPT + above_reserve
        assert usage.total * free_space.SHARE_KEPT > free_space.FREE_BYTES_KEPT
        self.monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))


@pytest.fixture(name="disk")
def _disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Disk:
    return Disk(monkeypatch, tmp_path)


def upload(folder: Path) -> None:
    with Files(folder).receive("a.wav", 10**9) as incoming:
        incoming.write(bytes(2000))


def upload_in_chunks(folder: Path) -> None:
    with closing(UploadFiles(folder).open("a", 0)) as file:
        file.write(bytes(2000))


def record_live(folder: Path) -> None:
    with closing(LiveWav(folder / "live.wav", 16_000)) as file:
        file.append(bytes(2000))


def copy(folder: Path) -> None:
    (folder / "a").write_bytes(bytes(2000))
    with Files(folder).receive("a.wav", 10**9) as incoming:
        incoming.adopt(folder / "a")


def make_a_case(folder: Path) -> None:
    part = Part("log.txt", "", bytes(2000))
    write_archive([part], manifest_of([part], [], {}), folder / "case.zip")


@pytest.mark.parametrize("write", [upload, upload_in_chunks, record_live, copy, make_a_case])
def test_what_would_take_the_reserve_is_refused(
    disk: Disk, tmp_path: Path, write: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError))  # `copy` has to copy
    disk.leaves(1000)
    with pytest.raises(DiskFull) as refused:
        write(tmp_path)

    assert "empty the trash" in refused.value.problem.explained()["advice"]
    assert not list(tmp_path.glob("case*"))
    disk.leaves(1_000_000)
    write(tmp_path)


def test_a_refused_piece_of_an_upload_is_not_counted(disk: Disk, tmp_path: Path) -> None:
    with closing(UploadFiles(tmp_path).open("a", 0)) as file:
        file.write(b"kept")
        disk.leaves(1)
        with pytest.raises(DiskFull):
            file.write(bytes(2000))
        assert file.sync() == 4
    assert UploadFiles(tmp_path).length("a") == 4


@pytest.mark.sqlite(OF_BACKUPS)
def test_a_backup_and_its_restore_leave_the_reserve(disk: Disk, house: House, tmp_path: Path) -> None:
    house.submit(wav_bytes(babble(1.0)))
    places, elsewhere = Places(house.folder, house.folder / "logs"), Places(tmp_path / "new", tmp_path / "new logs")
    back_up(places, tmp_path / "b.zip", recordings=True)
    disk.leaves(1000)
    with pytest.raises(DiskFull):
        back_up(places, tmp_path / "c.zip", recordings=True)
    with pytest.raises(DiskFull):
        restore(tmp_path / "b.zip", elsewhere)

    assert not (tmp_path / "c.zip").exists()
    assert not (elsewhere.data_dir / "app.db").exists()


def test_the_sound_of_a_case_leaves_the_reserve(disk: Disk, house: House, tmp_path: Path) -> None:
    job = house.submit(wav_bytes(babble(2.0))).id
    disk.leaves(100)
    with pytest.raises(DiskFull):
        cases_of(house).write(job, CaseChoice(AudioChoice.WHOLE), tmp_path / "case.zip")

    assert not (tmp_path / "case.zip").exists()


def test_a_case_that_is_unpacked_leaves_the_reserve(disk: Disk, tmp_path: Path) -> None:
    make_a_case(tmp_path)
    disk.leaves(1000)
    with open_archive(tmp_path / "case.zip") as archive, pytest.raises(DiskFull):
        archive.copy("log.txt", tmp_path / "log.txt")


def test_a_disk_whose_size_is_unknown_refuses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(total=0, free=0))
    upload(tmp_path)


def test_texts_may_take_the_reserve(disk: Disk, house: House) -> None:
    job = house.submit(wav_bytes(babble(1.0))).id
    disk.leaves(-100)
    house.queue.rename(job, "still written")

    assert house.queue.get(job).name == "still written"
