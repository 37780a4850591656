"""Prints the installed packages whose files are not all there, and removes their entries, so that pip installs them again.

A full disk or a broken-off pip can leave a package that pip itself takes for installed.
"""

from __future__ import annotations

import csv
import shutil
import sysconfig
from pathlib import Path


def is_whole(entry: Path) -> bool:
    """Return whether every file that the package's RECORD lists is there in its full size."""
    record = entry / "RECORD"
    if not (entry / "METADATA").is_file() or not record.is_file():
        return False
    with record.open(newline="", encoding="utf-8") as rows:
        return all(is_there(entry.parent / name, size) for name, _, size in csv.reader(rows))


def is_there(file: Path, size: str) -> bool:
    # Compiled modules have no size and come back by themselves.
    return file.suffix == ".pyc" or (file.is_file() and (not size or file.stat().st_size == int(size)))


for entry in sorted(Path(sysconfig.get_path("purelib")).glob("*.dist-info")):
    if not is_whole(entry):
        shutil.rmtree(entry)
        print(entry.name.removesuffix(".dist-info"))
