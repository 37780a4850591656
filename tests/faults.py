"""Lets each write, rename, fsync and open below a folder fail once, one after the other."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Self

import pytest

from app.domain.errors.base import AppError

NUMBERS = [errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE]
CALLS = [
    *((os, "open"), (os, "fsync"), (os, "rename"), (os, "replace"), (os, "mkdir"), (os, "pwrite"), (os, "ftruncate")),
    (io, "open"),
]
MOST_CALLS = 60


class FailsOnce:
    """Counts the calls that touch `folder`, and fails the one of a given number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, place: int, number: int) -> None:
        self._folder, self._place, self._number = folder, place, number
        self.count = 0
        self._lock = Lock()
        for module, name in CALLS:
            guarded = self._guarded(getattr(module, name))
            monkeypatch.setattr(module, name, guarded)
            if module is io:
                monkeypatch.setattr(builtins, name, guarded)

    @property
    def has_failed(self) -> bool:
        return self.count > self._place

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(path: Any, *rest: Any, **more: Any) -> Any:
            is_ours = isinstance(path, int) or str(path).startswith(str(self._folder))
            if is_ours:
                self._count(path)
            found = call(path, *rest, **more)
            return _Written(found, self._count) if is_ours and hasattr(found, "write") else found

        return failing

    def _count(self, path: object) -> None:
        with self._lock:
            self.count += 1
            is_this = self.count == self._place + 1
        if is_this:
            raise OSError(self._number, os.strerror(self._number), str(path))


class _Written:
    """An open file whose writes count as well."""

    def __init__(self, file: Any, count: Callable[[object], None]) -> None:
        self._file, self._count = file, count

    def write(self, content: Any) -> int:
        self._count(self._file.name)
        return int(self._file.write(content))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


@dataclass(frozen=True)
class Acts:
    """What is there before, what is tried (and whether it was acknowledged), and what must hold then."""

    prepare: Callable[[Path], None]
    act: Callable[[Path], bool]
    check: Callable[[Path, bool], None]


def once_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, acts: Acts) -> None:
    """Let one thing meet the error at its first call, at its second, and so on until none is left."""
    for place in range(MOST_CALLS):
        folder = tmp_path / f"{errno.errorcode[number]}-{place}"
        folder.mkdir()
        with monkeypatch.context() as patched:
            acts.prepare(folder)
            faults = FailsOnce(patched, folder, place, number)
            is_acknowledged = acts.act(folder)
        acts.check(folder, is_acknowledged)
        if not faults.has_failed:
            return
    raise AssertionError("there were more calls than expected")


def is_done(act: Callable[[], object]) -> bool:
    try:
        act()
    except (OSError, AppError):
        return False
    return True
