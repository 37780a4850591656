"""The wheel carries what the program needs beside its modules."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import REPOSITORY


def test_the_wheel_carries_templates_styles_and_translations(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())

    needed = {
        "app/templates/base.html",
        "app/static/css/tokens.css",
        "app/locale/zh/LC_MESSAGES/messages.po",
        "app/engine/recognizer.py",
    }
    assert needed - names == set()
    assert not [name for name in names if name.endswith((".pt", ".db", ".log"))]
