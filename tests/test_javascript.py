"""The rules of the pages, run by node without a browser: tests/js."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

TESTS = sorted((Path(__file__).parent / "js").glob("*.test.js"))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_javascript_follows_its_rules(path: Path) -> None:
    done = subprocess.run(
        ["node", "--test", str(path)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_of_the_pages_follow_the_api() -> None:
    script = REPOSITORY / "scripts" / "generate_types.py"

    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: .venv/bin/python scripts/generate_types.py"
