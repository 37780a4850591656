"""ct-punc as a Punctuator: a network that places marks by the words, not by pauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from app.domain.errors.models import ModelWeightsMismatch
from app.domain.transcript import Word
from app.engine.catalog.known_models import Role
from app.engine.catalog.registry import architecture_for
from app.engine.computing.device import memory_errors_named
from app.engine.sanm.ct_transformer import (
    NO_MARK,
    SENTENCE_ENDS,
    CtTransformer,
    PunctuationConfig,
    ended,
    punctuation_config,
    read_in_windows,
)
from app.engine.sanm.folder import UNKNOWN, SanmFolder
from app.engine.sanm.segmentation import Segmenter, segmenter_of
from app.engine.text.punctuation import Punctuator, is_punctuated, marked

DICTIONARY_FILE = "jieba_usr_dict"
UNSHOWN = frozenset((NO_MARK, UNKNOWN))
ASCII_MARKS = {"，": ",", "。": ".", "？": "?", "、": ","}


def load_punctuator(folder: Path) -> Punctuator:
    """Load a ct-punc folder onto the CPU, where it is cheap; never downloads.

    Raises:
        ModelError: the folder is missing, incomplete or not a punctuation model, its weights do not match, or it needs
            a package that is not installed.
    """
    architecture_for(folder, Role.PUNCTUATION)
    files = SanmFolder(folder)
    config = files.shaped(punctuation_config)
    vocabulary = files.tokens()
    dictionary = files.optional(DICTIONARY_FILE)
    if dictionary is not None:
        files.text(dictionary)  # report a damaged one before a missing package
    segmenter = segmenter_of(dictionary)

    def build(state: Mapping[str, Tensor]) -> CtTransformer:
        embedding = state.get("embed.weight")
        rows = len(embedding) if embedding is not None and embedding.dim() else len(vocabulary)
        return CtTransformer(rows, config)

    network = files.load(build)
    if len(vocabulary) != network.embed.num_embeddings:
        file = files.tokens_file
        reason = f"it lists {len(vocabulary)} tokens, the network knows {network.embed.num_embeddings}"
        raise ModelWeightsMismatch(file=str(file), reason=reason)
    return CtPunc(folder.resolve().name, network, config, vocabulary, segmenter)


class CtPunc:
    """A Punctuator."""

    def __init__(
        self,
        name: str,
        network: CtTransformer,
        config: PunctuationConfig,
        vocabulary: Mapping[str, int],
        segmenter: Segmenter,
    ) -> None:
        self.name = name
        self._network = network
        self._config = config
        self._vocabulary = vocabulary
        self._unknown = vocabulary[UNKNOWN]
        self._segmenter = segmenter
        self._lock = Lock()

    def punctuate(self, words: Sequence[Word], duration: float) -> tuple[Word, ...]:  # noqa: ARG002 - unheard
        """Return the words with marks; see Punctuator. Ignores pauses."""
        if not words or is_punctuated(words):
            return tuple(words)
        spoken = [word.raw or word.text for word in words]
        with self._lock:
            tokens, marks = self.predict(" ".join(spoken))
        by_end = dict(zip(_ends(tokens), marks, strict=True))
        return _with_marks(words, [by_end.get(end, NO_MARK) for end in _ends(spoken)])

    def predict(self, text: str) -> tuple[list[str], list[str]]:
        """Return the tokens of a text and the mark after each; the last one ends a sentence."""
        tokens = self._segmenter(text)
        numbers = [self._vocabulary.get(token, self._unknown) for token in tokens]
        with torch.inference_mode(), memory_errors_named():
            marks = read_in_windows(numbers, self._predict, self._config.sentence_end)
        return tokens, ended(tokens, marks, self._config.sentence_end)

    def _predict(self, numbers: Sequence[int]) -> list[str]:
        scores_1UM = self._network(torch.tensor([numbers]), torch.tensor([len(numbers)]))
        return [self._config.marks[mark] for mark in scores_1UM[0].argmax(-1).tolist()]


def _ends(texts: Sequence[str]) -> list[int]:
    """Return the number of non-space characters up to the end of each text.

    A token may have several words, and a word several tokens: a mark belongs to the word that ends with its token.
    """
    ends: list[int] = []
    count = 0
    for text in texts:
        count += len("".join(text.split()))
        ends.append(count)
    return ends


def _with_marks(words: Sequence[Word], marks: Sequence[str]) -> tuple[Word, ...]:
    punctuated: list[Word] = []
    begins = True
    for word, mark in zip(words, marks, strict=True):
        shown = _capital(word) if begins else word
        is_ascii = word.text[-1].isascii()
        written = "" if mark in UNSHOWN else ASCII_MARKS.get(mark, mark) if is_ascii else mark
        punctuated.append(marked(shown, written))
        begins = mark in SENTENCE_ENDS
    return tuple(punctuated)


def _capital(word: Word) -> Word:
    if not (word.text.isascii() and word.text.islower()):
        return word
    return replace(word, text=word.text[0].upper() + word.text[1:], raw=word.raw or word.text)
