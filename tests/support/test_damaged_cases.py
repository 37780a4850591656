"""A modified case is refused with our errors; nothing that zip or JSON can contain ends in a traceback."""

from __future__ import annotations

import random
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from app.domain.errors.backup import BackupUnusable
from app.domain.errors.base import AppError
from app.domain.errors.cases import CaseDamaged, CaseError, CaseUnreadable
from app.support.backup import Places, back_up, restore
from app.support.case import AudioChoice, CaseChoice
from app.support.case.archive import open_archive
from app.support.replay.recorded import open_sound, read_case
from tests.databases import OF_BACKUPS, database_in
from tests.services.conftest import LIMITS, House
from tests.support.cases import make
from tests.support.test_case import recognised
from tests.support.test_replay import forged

CHANGES = 120
SEED = 20261130


def read_all(file: Path, folder: Path) -> None:
    with open_archive(file) as archive:
        open_sound(archive, read_case(archive), LIMITS, folder)


def changed(content: bytes, chance: random.Random) -> bytes:
    """Return `content` with some bytes turned, cut out, doubled, or cut off."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        place = chance.randrange(len(data))
        kind = chance.randrange(4)
        if kind == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place] = chance.choice((0, 0xFF, 0x7F, 0x80))
        elif kind == 2:
            del data[place : place + chance.randrange(1, 32)]
        else:
            data[place:place] = data[place : place + chance.randrange(1, 32)]
    return bytes(data)


def test_a_case_changed_anywhere_is_refused_or_read(house: House, tmp_path: Path) -> None:
    content = make(house, recognised(house, 0.2), CaseChoice()).read_bytes()
    chance = random.Random(SEED)
    tail = content[-4000:]
    for _ in range(CHANGES):
        is_tail = chance.random() < 0.7  # the directory of a zip lies at its end
        file = tmp_path / "changed.zip"
        file.write_bytes(content[:-4000] + changed(tail, chance) if is_tail else changed(content, chance))
        try:
            with open_archive(file) as archive:
                read_case(archive)
        except CaseError:
            continue


@pytest.mark.parametrize(
    "manifest",
    [
        "[" * 100_000,
        "[]",
        "7",
        '{"format": "funasr-case", "format_version": 1e400, "files": []}',
        '{"format": "funasr-case", "format_version": 1, "files": {"a": 1}}',
        '{"format": "funasr-case", "format_version": 1, "files": [{"name": "a", "size": 1e99, "sha256": ""}]}',
        '{"format": "funasr-case", "format_version": 1, "files": [{"name": "a", "size": "5", "sha256": ""}]}',
        '{"format": "funasr-case", "format_version": "\\ud800", "files": []}',
    ],
)
def test_a_manifest_of_another_shape_is_refused(tmp_path: Path, manifest: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("manifest.json", manifest)

    with pytest.raises((CaseUnreadable, CaseDamaged)):
        read_all(tmp_path / "x.zip", tmp_path)


def test_segments_without_a_time_are_refused(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2), CaseChoice())
    for start in (float("nan"), 1e300, -1, "x", None, 10**400):
        change = forged(
            case, tmp_path / "wrong.zip", "segmentation.json", lambda told, at=start: [told[0] | {"start": at}]
        )
        with pytest.raises(CaseDamaged):
            read_all(change, tmp_path)


def test_a_file_of_another_shape_is_refused_or_read(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2), CaseChoice(AudioChoice.HASH))
    for name in ("job.json", "options.json", "segmentation.json", "result.json", "settings.json"):
        for value in (None, [], {}, 7, "x", [[[]]], {"a": 10**400}):
            wrong = forged(case, tmp_path / "wrong.zip", name, lambda _told, instead=value: instead)
            with suppress(AppError):
                read_all(wrong, tmp_path)


@pytest.mark.sqlite(OF_BACKUPS)
def test_a_backup_changed_anywhere_is_refused_or_restored(tmp_path: Path) -> None:
    places = Places(tmp_path / "data", tmp_path / "logs")
    places.data_dir.mkdir()
    database = database_in(places.data_dir)
    database.migrate()
    database.close()
    back_up(places, tmp_path / "backup.zip", recordings=False)
    content = (tmp_path / "backup.zip").read_bytes()
    chance = random.Random(SEED)
    for number in range(CHANGES // 10):
        (tmp_path / "changed.zip").write_bytes(content[:-800] + changed(content[-800:], chance))
        try:
            restore(tmp_path / "changed.zip", Places(tmp_path / f"data-{number}", tmp_path / "logs"))
        except BackupUnusable:
            assert not list((tmp_path / f"data-{number}").glob("app.db*"))
