"""Every refusal of the operating system is reported with its cause and remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from app.atomic import write_atomically
from app.domain.errors.base import AppError
from app.store.files.output_files import LONGEST_NAME_BYTES, shortened, write_whole
from app.store.files.storage_errors import storage_error


@pytest.mark.parametrize(
    ("number", "code", "remedy"),
    [
        (errno.ENOSPC, "disk_full", "Free some space"),
        (errno.EDQUOT, "disk_full", "Free some space"),
        (errno.EACCES, "folder_unwritable", "right to write"),
        (errno.EPERM, "folder_unwritable", "right to write"),
        (errno.EROFS, "folder_read_only", "Mount it for writing"),
        (errno.EIO, "storage_broken", "check the disk"),
        (errno.EMFILE, "too_many_open_files", "ulimit -n"),
        (errno.ENAMETOOLONG, "name_too_long", "shorter name"),
        (errno.ENOENT, "folder_missing", "bring it back"),
    ],
)
def test_a_refusal_of_the_system_says_what_to_do(number: int, code: str, remedy: str) -> None:
    told = storage_error(OSError(number, os.strerror(number)), Path("/data")).problem.explained()

    assert (told["code"], remedy in told["advice"]) == (code, True)


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")

    with pytest.raises(AppError) as refused:
        write_whole(tmp_path / "out" / "text.txt", "text")

    assert refused.value.code in ("folder_missing", "folder_unwritable")


def test_a_name_that_no_file_system_takes_is_shortened(tmp_path: Path) -> None:
    name = "会" * 83 + ".wav.txt"

    written = write_whole(tmp_path / name, "text")

    assert written.read_text() == "text"
    assert len(written.name.encode()) <= LONGEST_NAME_BYTES
    assert written.name.startswith("会" * 70)
    assert written.name.endswith(".wav.txt")
    assert shortened(name) != shortened("会" * 82 + "议.wav.txt")


def test_a_file_that_could_not_be_written_stays_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "kept.json"
    write_atomically(target, "old")
    (tmp_path / ".kept.json.part").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_atomically(target, "new")

    assert target.read_text() == "old"
