"""A file system that refuses: writing below a folder fails with an OS error, once or always."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REFUSALS = [
    (errno.ENOSPC, 507, "disk_full"),
    (errno.EROFS, 503, "folder_read_only"),
    (errno.EIO, 503, "storage_broken"),
    (errno.EMFILE, 503, "too_many_open_files"),
    (errno.EACCES, 503, "folder_unwritable"),
]


def refuse_writing(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int) -> None:
    """Let nothing below `folder` be opened for writing, made or renamed."""

    def refused(path: object) -> bool:
        return isinstance(path, str | Path) and Path(path).is_relative_to(folder)

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def refusing(path: Any, *rest: Any, **more: Any) -> Any:
            mode = more.get("mode", rest[0] if rest else "r")
            if refused(path) and not (isinstance(mode, str) and mode.startswith("r") and "+" not in mode):
                raise OSError(number, os.strerror(number), str(path))
            return call(path, *rest, **more)

        return refusing

    opening = guarded(io.open)
    monkeypatch.setattr(io, "open", opening)
    monkeypatch.setattr(builtins, "open", opening)
    monkeypatch.setattr(os, "mkdir", guarded(os.mkdir))
    monkeypatch.setattr(os, "rename", guarded(os.rename))
    monkeypatch.setattr(os, "replace", guarded(os.replace))
