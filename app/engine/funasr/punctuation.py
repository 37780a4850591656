"""FunASR's ct-punc as a Punctuator: a network that places marks by what was said, not by pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import torch

from app.engine.device import memory_errors_named
from app.engine.funasr.loading import Loaded, kept_process, load
from app.engine.known_models import Role
from app.engine.text.punctuation import Punctuator, is_punctuated, marked
from app.transcript import Word

NOTHING = "_"
ASCII_MARKS = {"，": ",", "。": ".", "？": "?", "、": ","}
SENTENCE_ENDS = frozenset("。？")


def load_punctuator(folder: Path) -> Punctuator:
    """Load a ct-punc folder onto the CPU, where its one small network costs little; never downloads.

    Raises:
        FunASRMissing: the package is not installed.
        ModelError: the folder is absent, not whole, no model for punctuation, or its weights do not fit.
    """
    return CtPunc(load(folder, Role.PUNCTUATION, torch.device("cpu")))


class CtPunc:
    """A Punctuator."""

    def __init__(self, loaded: Loaded) -> None:
        self.name = loaded.folder.resolve().name
        self._auto = loaded.auto
        network: Any = loaded.network
        self._marks: list[str] = list(network.punc_list)
        self._has_dictionary = network.jieba_usr_dict is not None
        self._lock = Lock()

    def punctuate(self, words: Sequence[Word], duration: float) -> tuple[Word, ...]:  # noqa: ARG002 - unheard
        """Return the words with marks; see Punctuator. Pauses are not heard."""
        if not words or is_punctuated(words):
            return tuple(words)
        spoken = [word.raw or word.text for word in words]
        marks = self._predict(" ".join(spoken))
        ends = _ends(spoken)
        if not ends or len(marks) != ends[-1]:
            return tuple(words)  # the network parted a word otherwise: no mark is better than a misplaced one
        return _with_marks(words, [marks[end - 1] for end in ends])

    def _predict(self, text: str) -> list[str]:
        """Return the mark after each character or Latin word of the text; the last one ends a sentence."""
        # A list, and a space in front: a text alone that happens to name a file or an address would be opened.
        with self._lock, torch.inference_mode(), memory_errors_named(), kept_process():
            [result] = self._auto.generate([f" {text}"])
        punctuation = result["punc_array"]
        return [] if punctuation is None else [self._marks[int(index)] for index in punctuation]


def _ends(spoken: Sequence[str]) -> list[int]:
    """Return for each word how many of the network's units end with it: a unit is a wide character or an ASCII run."""
    ends: list[int] = []
    count = 0
    for text in spoken:
        was_ascii = False
        for character in text:
            count += not (was_ascii and character.isascii())
            was_ascii = character.isascii()
        ends.append(count)
    return ends


def _with_marks(words: Sequence[Word], marks: Sequence[str]) -> tuple[Word, ...]:
    punctuated: list[Word] = []
    begins = True
    for word, mark in zip(words, marks, strict=True):
        shown = _capital(word) if begins else word
        is_ascii = word.text[-1].isascii()
        written = "" if mark in (NOTHING, "<unk>") else ASCII_MARKS.get(mark, mark) if is_ascii else mark
        punctuated.append(marked(shown, written))
        begins = mark in SENTENCE_ENDS
    return tuple(punctuated)


def _capital(word: Word) -> Word:
    if not (word.text.isascii() and word.text.islower()):
        return word
    return replace(word, text=word.text[0].upper() + word.text[1:], raw=word.raw or word.text)
