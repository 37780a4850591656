"""Words that the recogniser is asked to prefer: their text format, and the outcome of each.

How the search prefers them is up to the engine; nothing here knows a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.reasons import UNKNOWN_CHARACTERS, WEIGHT_OUT_OF_BOUNDS
from app.domain.transcript import Applied, HotwordOutcome, HotwordStatus, Segment, Word

DEFAULT_WEIGHT = 20.0
LEAST_WEIGHT, GREATEST_WEIGHT = 1.0, 100.0  # as in FunASR's servers
MOST_HOTWORDS = 1000
LONGEST_HOTWORD = 100  # characters

UNUSABLE = "hotword"  # name of the receipt lines for these
SEPARATOR = re.compile(r"[,;，；、]")
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
FIGURE = re.compile(rf"{NUMBER.pattern}(?=$|[:：])")
WEIGHTED = re.compile(rf"(?P<text>.*\S)\s*(?::|：|\t)\s*(?P<weight>{NUMBER.pattern})", re.DOTALL)
WEIGHTED_BEFORE = re.compile(rf"(?P<text>.*\S) (?P<weight>{NUMBER.pattern})")  # up to version 0.2
PUNCTUATION = re.compile(r"[\s,.;:?!，。；：？！、·・…'\"‘’“”()（）《》〈〉【】\u2010-\u2015/_-]+")  # is not spoken
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character, which JSON can hold and UTF-8 cannot
LATIN = re.compile(r"[^\W\u2e80-\uffff]")  # letters and digits of scripts that separate words by spaces


@dataclass(frozen=True, slots=True)
class Hotword:
    """A word or phrase, and how strongly it is preferred: 20 is usual, 1 hardly at all, 100 nearly everywhere.

    Raises:
        InvalidParameter: the weight is out of bounds, or the text too long or no whole characters.
    """

    text: str
    weight: float = DEFAULT_WEIGHT

    def __str__(self) -> str:
        """Return its text form, a line of its own."""
        return self.text if self.weight == DEFAULT_WEIGHT else f"{self.text}:{self.weight:g}"

    def __post_init__(self) -> None:
        if SURROGATE.search(self.text):
            raise InvalidParameter(name="hotwords", reason=N_("a word holds half of a character"))
        if not LEAST_WEIGHT <= self.weight <= GREATEST_WEIGHT:
            shown = f"{self.text[:LONGEST_HOTWORD]}:{self.weight:g}"
            raise InvalidParameter(name="hotwords", reason=WEIGHT_OUT_OF_BOUNDS.of(word=shown))
        if len(self.text) > LONGEST_HOTWORD:
            raise InvalidParameter(name="hotwords", reason=N_("a word is longer than 100 characters"))


def parse_hotwords(text: str) -> tuple[Hotword, ...]:
    """Parse hotwords from text: `阿里巴巴:30` has a weight, `Route 66` has none.

    Each line is one phrase; commas and semicolons separate phrases, too. A single line without them is split at
    its spaces, where a number belongs to the word before it. The weight follows a colon or a tab.

    Raises:
        InvalidParameter: a weight out of bounds, too many words, or one that is too long.
    """
    return unique_hotwords(_weighted(phrase) for phrase in _phrases(text))


def listed_hotwords(items: Iterable[str | Mapping[str, Any]]) -> tuple[Hotword, ...]:
    """Read the items of a JSON list: a text is one phrase and never parsed, an object has `text` and `weight`.

    Raises:
        InvalidParameter: an item is neither, a weight out of bounds, too many words, or one that is too long.
    """
    return unique_hotwords(filter(None, map(_listed, items)))


def stored_hotwords(items: Iterable[str | Mapping[str, Any]]) -> tuple[Hotword, ...]:
    """Read hotwords from a row or a support case: objects, or texts of versions with a space before the weight."""
    return tuple(_weighted(item, WEIGHTED_BEFORE) if isinstance(item, str) else Hotword(**item) for item in items)


def unique_hotwords(words: Iterable[Hotword]) -> tuple[Hotword, ...]:
    """Return each word once; its first mention decides the order, its last one the weight.

    Raises:
        InvalidParameter: there are too many.
    """
    found: dict[str, Hotword] = {}
    for word in words:
        key = folded(word.text) or word.text
        found[key] = Hotword(found.get(key, word).text, word.weight)
        if len(found) > MOST_HOTWORDS:
            raise InvalidParameter(name="hotwords", reason=N_("there are more than 1000 words"))
    return tuple(found.values())


def folded(text: str) -> str:
    """Return the form for comparison: without case, width, white space and sentence punctuation."""
    return PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())


def unusable(word: Hotword, unknown: str) -> Applied:
    """Return the receipt line of a word with characters that no unit of the model can write."""
    return Applied(UNUSABLE, word.text, "", UNKNOWN_CHARACTERS.of(characters=unknown))


def unknown_characters(receipt: Iterable[Applied]) -> dict[str, str]:
    """Return the characters that the model cannot write, by hotword."""
    lines = ((line, line.reason) for line in receipt if line.name == UNUSABLE)
    return {line.asked: str(reason.params.get("characters", "")) for line, reason in lines if reason}


def outcomes(
    hotwords: Sequence[Hotword], segments: Sequence[Segment], receipt: Iterable[Applied]
) -> tuple[HotwordOutcome, ...]:
    """Return for each hotword where it occurs in the text, that it was not heard, or why it cannot be used."""
    unknown = unknown_characters(receipt)
    if not hotwords:
        return ()  # saves reading a long text
    spoken = [_Spelled(segment) for segment in segments]
    return tuple(_outcome(word, unknown.get(word.text), spoken) for word in hotwords)


# Reading


def _phrases(text: str) -> Iterator[str]:
    pieces = [piece for line in text.splitlines() for piece in SEPARATOR.split(line)]
    if len(pieces) == 1 and "\n" not in text:
        pieces = list(_words_and_their_numbers(pieces[0].replace("\t", ":")))
    yield from filter(None, map(str.strip, pieces))


def _words_and_their_numbers(line: str) -> Iterator[str]:
    """Split a line at its spaces, but keep a number with the word before it: Route 66."""
    phrase = ""
    for word in line.split():
        if phrase and FIGURE.match(word):
            phrase = f"{phrase} {word}"
            continue
        yield phrase
        phrase = word
    yield phrase


def _listed(item: str | Mapping[str, Any]) -> Hotword | None:
    text, weight = (item, DEFAULT_WEIGHT) if isinstance(item, str) else _object(item)
    text = " ".join(text.split())
    return Hotword(text, weight) if text else None


def _object(item: Mapping[str, Any]) -> tuple[str, float]:
    text, weight = item.get("text"), item.get("weight", DEFAULT_WEIGHT)
    is_known = item.keys() <= {"text", "weight"} and isinstance(text, str)
    if is_known and isinstance(weight, int | float) and not isinstance(weight, bool):
        return str(text), float(weight)
    raise InvalidParameter(name="hotwords", reason=N_("it is neither a text nor an object of text and weight"))


def _weighted(phrase: str, form: re.Pattern[str] = WEIGHTED) -> Hotword:
    match = form.fullmatch(phrase)
    text, weight = (match["text"], float(match["weight"])) if match else (phrase, DEFAULT_WEIGHT)
    return Hotword(" ".join(text.split()), weight)


# Finding


class _Spelled:
    """A segment's text, letter by letter, in spoken and in written form."""

    def __init__(self, segment: Segment) -> None:
        spoken = segment.words or _parted(segment, segment.text_raw)
        written = segment.words or _parted(segment, segment.text)
        self._versions = (
            [(letter, word) for word in spoken for letter in folded(word.raw or word.text)],
            [(letter, word) for word in written for letter in folded(word.text)],
        )

    def places(self, text: str) -> list[tuple[float, float]]:
        """Return start and end of each match of the text in the words."""
        for letters in self._versions:
            found = [
                (letters[start][1].start, letters[start + len(text) - 1][1].end)
                for start in _found(text, "".join(letter for letter, _ in letters))
                if _whole(letters, start, start + len(text))
            ]
            if found:
                return found
        return []


def _parted(segment: Segment, text: str) -> tuple[Word, ...]:
    """Return substitutes for the words of a model without times: each lasts as long as the segment."""
    return tuple(Word(part, segment.start, segment.end, 1.0) for part in text.split())


def _found(text: str, spelled: str) -> Iterator[int]:
    start = spelled.find(text) if text else -1
    while start >= 0:
        yield start
        start = spelled.find(text, start + len(text))


def _whole(letters: list[tuple[str, Word]], start: int, end: int) -> bool:
    """Return whether a match cuts no Latin word: `art` does not match in `start`."""
    return not (_joined(letters, start) or _joined(letters, end))


def _joined(letters: list[tuple[str, Word]], at: int) -> bool:
    if not 0 < at < len(letters):
        return False
    (left, left_word), (right, right_word) = letters[at - 1], letters[at]
    return left_word is right_word and bool(LATIN.match(left) and LATIN.match(right))


def _outcome(word: Hotword, unknown: str | None, spoken: Sequence[_Spelled]) -> HotwordOutcome:
    if unknown is not None:
        return HotwordOutcome(word.text, word.weight, HotwordStatus.UNUSABLE, unknown=unknown)
    text = folded(word.text)
    places = tuple(dict.fromkeys(place for segment in spoken for place in segment.places(text)))
    status = HotwordStatus.MATCHED if places else HotwordStatus.NOT_HEARD
    return HotwordOutcome(word.text, word.weight, status, places)
