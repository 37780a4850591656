"""Chooses among the Chinese texts with which a beam search ends: n-grams know what people write, the network what it heard.

N-best rescoring (Ostendorf et al., "Integration of Diverse Recognition Methodologies Through Reevaluation of N-Best
Sentence Hypotheses", 1991) with the n-grams of another model's folder, over its units. A folder names that one as
`language_model` in its config.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable
from app.domain.hotwords import DEFAULT_WEIGHT, Hotword
from app.domain.languages import TRADITIONAL
from app.engine.catalog.whisper_folder import CONFIG_FILE, read_json
from app.engine.decoding.language_model import NGRAM_FILE, NgramModel
from app.engine.tokens.tokenizer import Tokenizer
from app.engine.whisper.script import convert

LANGUAGE_MODEL = "language_model"
"""Our own key of config.json: the folder with the n-grams, from the model's own."""
LANGUAGES = ("zh", TRADITIONAL)
WEIGHT = 0.5  # of the n-grams' log-probabilities beside the network's
BONUS_NATS = 2.0  # for each character: probabilities alone prefer short texts
UNKNOWN_NATS = -10.0  # of a character without n-grams
LATIN_NATS = -2.0  # of each letter of a word in between: Chinese has about as much on three letters
HOTWORD_NATS = 4.0  # for an occurrence of a hotword of the usual weight
DIGITS = "零一二三四五六七八九"
_PART = re.compile(r"[\u3400-\u9fff]|\d+|[^\W\d_]+")


@dataclass(frozen=True)
class CandidateScorer:
    """Scores texts by their characters."""

    ngrams: NgramModel
    units: Tokenizer

    def best(self, texts: Sequence[str], log_probabilities: Sequence[float], hotwords: Sequence[Hotword]) -> int:
        """Return the place of the text that network and n-grams together find likeliest.

        Args:
            texts: the likeliest first; all of the same sound.
            log_probabilities: the network's, of each whole text.
            hotwords: that count where they occur.
        """
        simplified = [convert([text], "zh")[0] for text in texts]
        scores = [
            heard
            + WEIGHT * self.log_probability(text)
            + BONUS_NATS * len(list(_spoken_parts(text)))
            + _worth(text, hotwords)
            for text, heard in zip(simplified, log_probabilities, strict=True)
        ]
        return max(range(len(scores)), key=scores.__getitem__)

    def log_probability(self, text: str) -> float:
        """Return the n-grams' log-probability of a text, numbers as they are spoken, without its marks."""
        places: tuple[int, ...] = (self.ngrams.boundary,)
        total = 0.0
        for part in _spoken_parts(text):
            unit = self._ids.get(part)
            if unit is None:
                total += UNKNOWN_NATS if len(part) == 1 else LATIN_NATS * len(part)
                places = ()
                continue
            places, log_probability = self.ngrams.after(places, unit)
            total += log_probability
        return total + self.ngrams.after(places, self.ngrams.boundary)[1]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {unit: id for id, unit in enumerate(self.units.units) if len(unit) == 1}


def read_scorer(folder: Path) -> CandidateScorer | None:
    """Return the scorer of a folder, if it names one that is there.

    Raises:
        ModelFileUnreadable, ModelWeightsMismatch
    """
    named = read_json(folder / CONFIG_FILE).get(LANGUAGE_MODEL)
    if named is None:
        return None
    if not isinstance(named, str):
        raise ModelFileUnreadable(file=str(folder / CONFIG_FILE), reason=N_("its language_model is no folder"))
    other = folder / named
    if not (other / NGRAM_FILE).is_file():
        return None
    units = Tokenizer.from_folder(other)
    return CandidateScorer(NgramModel.load(other / NGRAM_FILE, len(units.units)), units)


def _spoken_parts(text: str) -> Iterator[str]:
    """Yield Chinese characters, those of numbers as well, and words of other letters."""
    for part in _PART.findall(text):
        yield from spelled_number(part) if part[0].isdigit() else (part,)


def spelled_number(number: str) -> str:
    """Return the characters of a number: of two digits by its value, a longer one, as of a year, digit by digit."""
    digits = "".join(DIGITS[int(digit)] for digit in number)
    if len(number) != 2 or number[0] == "0":
        return digits
    tens, ones = digits[0], digits[1]
    return ("" if tens == "一" else tens) + "十" + ("" if ones == "零" else ones)


def _worth(text: str, hotwords: Sequence[Hotword]) -> float:
    folded = text.casefold()
    return sum(HOTWORD_NATS * word.weight / DEFAULT_WEIGHT * folded.count(word.text.casefold()) for word in hotwords)
