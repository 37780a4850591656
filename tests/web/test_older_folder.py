"""A data folder of an earlier version, opened with this one: everything in it gives the same responses.

Written by tests/data/data_folder/write.py.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.web.conftest import REPOSITORY, serving

pytestmark = pytest.mark.sqlite("an older folder holds its database")
FOLDER = REPOSITORY / "tests" / "data" / "data_folder" / "folder.zip"
OTHERWISE = {  # the weight of a hotword, which stood behind a blank, stands behind a colon
    "小度 20\n阿里云": "小度:20\n阿里云",
    "iPhone 15": "iPhone:15",
}
WORDED = {"asked", "applied"}  # of a receipt: for people, and worded anew


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What the older version said by paths, and what this version says."""
    folder = tmp_path_factory.mktemp("older")
    with zipfile.ZipFile(FOLDER) as archive:
        archive.extractall(folder)
    before = json.loads((folder / "answers.json").read_text("utf-8"))
    with serving(folder / "data", folder / "logs") as server, server.client() as client:
        client.headers["accept-language"] = "zh"
        yield before, {path: _answer(client, path) for path in before}
    _keeps_files(folder)


def test_everything_answers_as_before(answers: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, now = answers
    differences = [line for path in before for line in _differences(path, before[path], now[path])]
    assert not differences


def test_it_holds_one_of_everything(answers: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, _ = answers
    items = before["/transcriptions?limit=50"]["items"]
    assert {item["source"] for item in items} == {"api", "batch", "live"}
    assert {item["state"] for item in items} == {"succeeded", "failed"}
    assert before["/trash"]["items"]
    assert before["/hotword-lists"]["lists"]


def _answer(client: httpx2.Client, path: str) -> Any:
    response = client.get(f"/api/v1{path}")
    assert response.status_code == 200, (path, response.text)
    return response.text if "/export" in path else response.json()


def _differences(place: str, before: Any, now: Any) -> Iterator[str]:
    """Yield what is missing or another value; new members are no difference."""
    if isinstance(before, dict) and isinstance(now, dict):
        left_out = WORDED | ({"hotwords"} if before.get("state") == "failed" else set())  # nothing was to be heard
        for name in before.keys() - left_out:
            value = before[name]
            if name not in now:
                yield f"{place}.{name} is missing"
            else:
                yield from _differences(f"{place}.{name}", value, now[name])
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(f"{place}[{number}]", one, other)
    elif before != now and OTHERWISE.get(str(before)) != now:
        yield f"{place}: {before!r} -> {now!r}"


def _keeps_files(folder: Path) -> None:
    with zipfile.ZipFile(FOLDER) as archive:
        sources = [name for name in archive.namelist() if "/source." in name]
    assert sources
    assert [name for name in sources if not (folder / name).is_file()] == []
