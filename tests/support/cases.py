"""Shared by the tests of cases: an installation's context, and reading a zip."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from app.support.case import CaseChoice, Installation
from app.support.case.cases import Cases
from app.support.doctor import Subject
from app.support.doctor.examination import Doctor
from tests.services.conftest import LIMITS, House


def surroundings(house: House, **settings: Any) -> Installation:
    told = {name: {"value": value, "origin": "option", "default": None} for name, value in settings.items()}
    spec = house.spec("EchoEngine")
    return Installation(
        settings=told,
        host_names=(),
        data_dir=house.folder,
        log_dir=house.folder / "logs",
        spec=spec,
        limits=LIMITS,
        folder_of_model=lambda _name: None,
        examination=Doctor(lambda: Subject(spec, house.folder, house.folder / "logs")).glance,
    )


def cases_of(house: House, **settings: Any) -> Cases:
    return Cases(house.queue, lambda: surroundings(house, **settings))


def make(house: House, job: str, choice: CaseChoice = CaseChoice(), **settings: Any) -> Path:  # noqa: B008 - frozen
    target = house.folder / "case.zip"
    cases_of(house, **settings).write(job, choice, target)
    return target


def names_in(case: Path) -> set[str]:
    with zipfile.ZipFile(case) as archive:
        return set(archive.namelist())


def read(case: Path, name: str) -> Any:
    with zipfile.ZipFile(case) as archive:
        content = archive.read(name)
    return json.loads(content) if name.endswith(".json") else content.decode()
