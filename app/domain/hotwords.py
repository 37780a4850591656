"""Words that a person asks the recogniser to prefer: how they are written down, and what became of each.

How the search prefers them is the engine's business; nothing here knows a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.domain.errors import N_, InvalidParameter
from app.domain.transcript import Applied, HotwordOutcome, HotwordStatus, Segment, Word

DEFAULT_WEIGHT = 20.0
LEAST_WEIGHT, GREATEST_WEIGHT = 1.0, 100.0  # as FunASR's servers take them
MOST_HOTWORDS = 1000
LONGEST_HOTWORD = 100  # characters

UNUSABLE = "hotword"  # name of the receipt lines that say so
SEPARATOR = re.compile(r"[,;，；、]")
WEIGHT = re.compile(r"[+-]?\d+(?:\.\d+)?")
PUNCTUATION = re.compile(
    r"[\s,.;:?!，。；：？！、·・…'\"‘’“”()（）《》〈〉【】\u2010-\u2015/_-]+"
)  # is not spoken
LATIN = re.compile(r"[^\W\u2e80-\uffff]")  # letters and digits of the scripts that part words by spaces


@dataclass(frozen=True, slots=True)
class Hotword:
    """A word or phrase, and how much it is preferred: 20 is usual, 1 hardly at all, 100 nearly everywhere."""

    text: str
    weight: float = DEFAULT_WEIGHT

    def __str__(self) -> str:
        """Return it as a person would write it down: `parse_hotwords([str(word)])` reads it back."""
        return self.text if self.weight == DEFAULT_WEIGHT else f"{self.text} {self.weight:g}"


def parse_hotwords(given: str | Iterable[str]) -> tuple[Hotword, ...]:
    """Read hotwords as people write them; the first mention decides the order, the last one the weight.

    A list holds one phrase in each item, a text of several lines one in each line; a text of one line is parted at
    spaces too. Commas and semicolons part every text. A number after a phrase and a space is its weight.

    Raises:
        InvalidParameter: a weight out of bounds, too many words, or one that is too long.
    """
    found: dict[str, Hotword] = {}
    for phrase in _phrases(given):
        word = _weighed(phrase)
        key = folded(word.text) or word.text
        found[key] = Hotword(found.get(key, word).text, word.weight)
        if len(found) > MOST_HOTWORDS:
            raise InvalidParameter(name="hotwords", reason=N_("there are more than 1000 words"))
    return tuple(found.values())


def folded(text: str) -> str:
    """Return what is compared: without case, width, white space and sentence punctuation."""
    return PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())


def unusable(word: Hotword, unknown: str) -> Applied:
    """Return the receipt line of a word with characters that no unit of the model can write."""
    return Applied(UNUSABLE, word.text, "", N_("The model cannot write these characters") + f": {unknown}")


def outcomes(
    hotwords: Sequence[Hotword], segments: Sequence[Segment], receipt: Iterable[Applied]
) -> tuple[HotwordOutcome, ...]:
    """Say for each hotword where it stands in the text, that it was not heard, or why it cannot be used."""
    unknown = {line.asked: line.reason.partition(": ")[2] for line in receipt if line.name == UNUSABLE}
    if not hotwords:
        return ()  # and a long text need not be read for nothing
    spoken = [_Spelled(segment) for segment in segments]
    return tuple(_outcome(word, unknown.get(word.text), spoken) for word in hotwords)


# Reading


def _phrases(given: str | Iterable[str]) -> Iterator[str]:
    if not isinstance(given, str):
        yield from (phrase for item in given if (phrase := " ".join(item.split())))
        return
    lines = given.strip().splitlines()
    for words in (piece.split() for line in lines for piece in SEPARATOR.split(line)):
        if len(lines) > 1 and words:
            yield " ".join(words)
        else:
            yield from _with_weights(words)


def _with_weights(words: list[str]) -> Iterator[str]:
    """Join a number to the word before it, of which it is the weight."""
    waiting = ""
    for word in words:
        if waiting and WEIGHT.fullmatch(word):
            yield f"{waiting} {word}"
            waiting = ""
            continue
        if waiting:
            yield waiting
        waiting = word
    if waiting:
        yield waiting


def _weighed(phrase: str) -> Hotword:
    text, _, number = phrase.rpartition(" ")
    weight = DEFAULT_WEIGHT
    if text and WEIGHT.fullmatch(number):
        weight = float(number)
    else:
        text = phrase
    if not LEAST_WEIGHT <= weight <= GREATEST_WEIGHT:
        reason = N_("the weight of a word is not from 1 to 100")
        raise InvalidParameter(name="hotwords", reason=f"{reason}: {phrase[:LONGEST_HOTWORD]}")
    if len(text) > LONGEST_HOTWORD:
        raise InvalidParameter(name="hotwords", reason=N_("a word is longer than 100 characters"))
    return Hotword(text, weight)


# Finding


class _Spelled:
    """What a segment says, letter by letter: as it was spoken and as it is written."""

    def __init__(self, segment: Segment) -> None:
        spoken = segment.words or _parted(segment, segment.text_raw)
        written = segment.words or _parted(segment, segment.text)
        self._versions = (
            [(letter, word) for word in spoken for letter in folded(word.raw or word.text)],
            [(letter, word) for word in written for letter in folded(word.text)],
        )

    def places(self, text: str) -> list[tuple[float, float]]:
        """Return start and end of each place where the words spell the text."""
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
    """Stand in for the words of a model without times: each lasts as long as the segment."""
    return tuple(Word(part, segment.start, segment.end, 1.0) for part in text.split())


def _found(text: str, spelled: str) -> Iterator[int]:
    start = spelled.find(text) if text else -1
    while start >= 0:
        yield start
        start = spelled.find(text, start + len(text))


def _whole(letters: list[tuple[str, Word]], start: int, end: int) -> bool:
    """No Latin word is cut: `art` does not stand in `start`."""
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
