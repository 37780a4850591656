"""What FunASR's clients are told: the members that every known client can read, and no value that breaks one.

A Go client needs `timestamp` to be a text, a C# client needs `mode` in every message and a stamp for every character,
an Android client closes at the first `is_final` that is true. docs/funasr-websocket.md has the whole list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.transcript import Word

Answer = dict[str, Any]
Stamp = list[int]
"""Beginning and end in milliseconds."""

PUNCTUATION = "，。？！；：、,.?!;:"
PIECE = re.compile(r"[^。？，、?. ]+")
"""As FunASR's page parts a text to find the stamp of each piece."""
UNCOUNTED = re.compile(r"[,?。]")
"""What the C# client parts a text at; it looks for a stamp of every other character."""
LATIN = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Told:
    """What every message of a recording has."""

    mode: str
    name: str

    def message(self, text: str = "", *, is_final: bool, **more: Any) -> Answer:
        given = {name: value for name, value in more.items() if value is not None}
        return {"mode": self.mode, "wav_name": self.name, "text": text, "is_final": is_final, **given}


def timed(text: str, words: Sequence[Word]) -> Answer:
    """Return `timestamp` and `stamp_sents` of a text; nothing without times."""
    if not words or not text:
        return {}
    stamps = _stamps(text, words)
    return {
        "timestamp": json.dumps(stamps, separators=(",", ":")),
        "stamp_sents": [_sentence(part) for part in _sentences(words)],
    }


def _stamps(text: str, words: Sequence[Word]) -> list[Stamp]:
    """Return a stamp for each Chinese character and each Latin word, as FunASR's page counts them.

    The last one is repeated, so that the C# client, which counts every character, finds one for the last, too.
    """
    times = _times_of_characters(text, words)
    stamps: list[Stamp] = []
    for piece in PIECE.finditer(text):
        if LATIN.fullmatch(piece[0]):
            stamps.append([times[piece.start()][0], times[piece.end() - 1][1]])
        else:
            stamps += times[piece.start() : piece.end()]
    counted = len(UNCOUNTED.sub("", text))
    return stamps + [stamps[-1]] * max(0, counted - len(stamps)) if stamps else []


def _times_of_characters(text: str, words: Sequence[Word]) -> list[Stamp]:
    """Return when each character is spoken: those of a word share its time equally."""
    shares = list(_shares(words))
    times: list[Stamp] = []
    last = shares[0][0] if shares else 0
    place = 0
    for character in text:
        if character.isspace() or place >= len(shares):
            times.append([last, last])
            continue
        times.append(list(shares[place]))
        last = shares[place][1]
        place += 1
    return times


def _shares(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    for word in words:
        characters = [character for character in word.text if not character.isspace()]
        step = (word.end - word.start) / max(1, len(characters))
        for place in range(len(characters)):
            yield milliseconds(word.start + place * step), milliseconds(word.start + (place + 1) * step)


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    part: list[Word] = []
    for word in words:
        part.append(word)
        if word.text and word.text[-1] in PUNCTUATION:
            yield part
            part = []
    if part:
        yield part


def _sentence(words: list[Word]) -> Answer:
    last = words[-1].text
    mark = last[-1] if last and last[-1] in PUNCTUATION else ""
    tokens = [word.text.rstrip(PUNCTUATION) for word in words]
    return {
        "text_seg": " ".join(filter(None, tokens)),
        "punc": mark,
        "start": milliseconds(words[0].start),
        "end": milliseconds(words[-1].end),
        "ts_list": [[milliseconds(word.start), milliseconds(word.end)] for word in words],
    }


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
