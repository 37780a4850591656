"""One line of the doctor's report, and the subject of the examination. A check changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.domain.errors.base import AppError, Problem
from app.engine import EngineSpec
from app.services.cluster.connection import Cluster

KEY_LETTERS = 12


class Status(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing is wrong."""
    WARNING = "warning"
    """Something works less well than it could."""
    FAILURE = "failure"
    """Something was tried and does not work."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was checked, the result, and what to do; fact and advice are templates for `params`."""

    id: str
    status: Status
    fact: str
    advice: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def explained(self, translate: Callable[[str], str] = str) -> dict[str, str]:
        """Return id, status, fact and advice in the language of `translate`."""
        told = Problem(self.id, self.fact, self.advice, self.params).explained(translate)
        return {
            "id": self.id,
            "status": self.status.value,
            "fact": told["message"],
            "advice": told["advice"],
        }

    @property
    def key(self) -> str:
        """A short, language-independent key that changes with the fact."""
        told = json.dumps(self.explained(), sort_keys=True)
        return f"{self.id}-{sha256(told.encode()).hexdigest()[:KEY_LETTERS]}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined."""

    spec: EngineSpec
    data_dir: Path
    log_dir: Path
    host: str = "127.0.0.1"
    port: int = 7860
    needs_login: bool = True
    """Where other machines reach the server."""
    database_url: str = field(default="", repr=False)
    """With a password; empty for the file in the data folder."""
    files_url: str = ""
    """Of the object store; empty where the recordings lie in the data folder."""
    store_fault: Callable[[], AppError | None] = lambda: None
    """Returns what keeps the object store from being used."""
    cluster: Cluster | None = None
    """The one that recognises; None where this machine does."""


def ok(id: str, fact: str, **params: Any) -> Check:
    return Check(id, Status.OK, fact, params=params)


def note(id: str, fact: str, advice: str = "", **params: Any) -> Check:
    return Check(id, Status.NOTE, fact, advice, params)


def warning(id: str, fact: str, advice: str, **params: Any) -> Check:
    return Check(id, Status.WARNING, fact, advice, params)


def failure(id: str, fact: str, advice: str, **params: Any) -> Check:
    return Check(id, Status.FAILURE, fact, advice, params)


def failure_of(id: str, error: AppError) -> Check:
    """Convert an error of the program to a check."""
    problem = error.problem
    return failure(id, problem.message, problem.advice, **problem.params)
