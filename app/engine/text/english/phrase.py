"""The words that a rule looks at, and what a rule returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """Words with nothing but spaces and hyphens between them, in lower case, and where each stands in `text`."""

    text: str
    words: list[str]
    spans: list[tuple[int, int]]

    def word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""

    def opens(self, at: int) -> bool:
        """Whether the word begins a sentence or clause rather than going on after a number in digits."""
        start = self.spans[0][0]
        return at == 0 and not any(char.isdecimal() or char == "%" for char in self.text[max(0, start - 3) : start])

    def written(self, at: int, stop: int, new: str | None, end: int | None = None) -> Written:
        return Written(self.spans[at][0], end or self.spans[stop - 1][1], stop, new)


@dataclass(frozen=True)
class Written:
    """`new` for the characters start..end; the walk goes on at word `stop`."""

    start: int
    end: int
    stop: int
    new: str | None
