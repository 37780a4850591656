"""The input and output of a rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """Words separated only by spaces and hyphens, in lower case, and their positions in `text`."""

    text: str
    words: list[str]
    spans: list[tuple[int, int]]

    def word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""

    def opens(self, at: int) -> bool:
        """Return whether the word begins a sentence or clause rather than following a number in digits."""
        start = self.spans[0][0]
        return at == 0 and not any(char.isdecimal() or char == "%" for char in self.text[max(0, start - 3) : start])

    def written(self, at: int, stop: int, new: str | None, end: int | None = None) -> Written:
        return Written(self.spans[at][0], end or self.spans[stop - 1][1], stop, new)


@dataclass(frozen=True)
class Written:
    """`new` for the characters start..end; the walk continues at word `stop`."""

    start: int
    end: int
    stop: int
    new: str | None
