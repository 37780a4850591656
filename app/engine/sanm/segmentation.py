"""Splits text into the tokens of a punctuation model: Latin runs, and Chinese characters or words.

The folder decides which: a dictionary beside the weights means that the vocabulary has words, which are found with
the package `jieba`, as in training.
"""

from __future__ import annotations

import logging
import re
import tempfile
import warnings
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable, ModelNeedsPackage

PACKAGE = "jieba"
EXTRA = "punctuation"  # in pyproject.toml
LATIN = re.compile(r"[a-zA-Z']+")
UNITS = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")


class Segmenter(Protocol):
    """Splits a text; joined, the tokens are the text without its white space."""

    def __call__(self, text: str, /) -> list[str]: ...


def segmenter_of(dictionary: Path | None) -> Segmenter:
    """Return a segmenter into words of a dictionary, or into characters without one.

    Raises:
        ModelNeedsPackage: there is a dictionary, but no `jieba`.
        ModelFileUnreadable: it is not a dictionary.
    """
    return characters if dictionary is None else WordSegmenter(dictionary)


def characters(text: str) -> list[str]:
    """Return each run of ASCII without white space, and every other character separately."""
    return [unit for part in text.split() for unit in UNITS.findall(part)]


class WordSegmenter:
    """Splits Chinese into the most likely words; Latin words between spaces stay whole."""

    def __init__(self, dictionary: Path) -> None:
        self._jieba = _load(dictionary)

    def __call__(self, text: str, /) -> list[str]:
        return [token for run, is_latin in self._runs(text) for token in self._parted(run, is_latin=is_latin)]

    def _runs(self, text: str) -> Iterator[tuple[list[str], bool]]:
        for is_latin, run in groupby(text.split(), lambda part: bool(LATIN.fullmatch(part))):
            yield list(run), is_latin

    def _parted(self, run: list[str], *, is_latin: bool) -> list[str]:
        return run if is_latin else list(self._jieba.cut("".join(run), HMM=False))


def _load(dictionary: Path) -> Any:
    """Return a separate jieba tokenizer with a dictionary, not the shared one."""
    try:
        with warnings.catch_warnings():  # it imports pkg_resources, which warns or is missing
            warnings.simplefilter("ignore")
            import jieba
    except ImportError as error:
        raise ModelNeedsPackage(folder=str(dictionary.parent), package=PACKAGE, extra=EXTRA) from error
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # By default it unmarshals a cache with a known name in the shared temporary folder, where others can write.
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.tmp_dir = folder
        tokenizer.initialize()
    try:
        with dictionary.open("rb") as file:
            tokenizer.load_userdict(file)
    except (ValueError, OSError) as error:
        raise ModelFileUnreadable(file=str(dictionary), reason=N_("it is no dictionary of jieba")) from error
    return tokenizer
