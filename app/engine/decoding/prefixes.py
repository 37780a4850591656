"""State of a beam search: texts as branches of one tree, and their probabilities at one frame."""

from __future__ import annotations

import math
from typing import TypeAlias

from app.engine.decoding.candidates import IMPOSSIBLE
from app.engine.decoding.hotwords import Context

Frames: TypeAlias = tuple["Frames", int] | None
"""The frames of the tokens so far as a linked list, last one outermost, so that texts share common parts."""


class Prefix:
    """A text: another text plus one token. One object per text, however it was reached."""

    __slots__ = ("_longer", "bonus", "context", "hypothesis", "parent", "token")

    def __init__(self, parent: Prefix | None, token: int, context: Context, bonus: float) -> None:
        self.parent = parent
        self.token = token
        self.context = context
        self.bonus = bonus
        """Bonus of the hotwords in it, including an unfinished one."""
        self.hypothesis: Hypothesis | None = None
        """Its position in the beam."""
        self._longer: dict[int, Prefix] = {}

    def longer(self, token: int) -> Prefix:
        found = self._longer.get(token)
        if found is None:
            context, gain = self.context[token]
            found = self._longer[token] = Prefix(self, token, context, self.bonus + gain)
        return found

    def tokens(self) -> tuple[int, ...]:
        found = []
        prefix: Prefix | None = self
        while prefix is not None and prefix.parent is not None:
            found.append(prefix.token)
            prefix = prefix.parent
        return tuple(reversed(found))


class Hypothesis:
    """Log-probabilities of one prefix up to one frame, separately for paths ending in a blank and in its last token."""

    __slots__ = (
        "best",
        "blank",
        "blank_best",
        "blank_frames",
        "frames",
        "longer_ones",
        "place",
        "prefix",
        "score",
        "token",
        "token_best",
        "token_frames",
    )

    def __init__(self, prefix: Prefix) -> None:
        self.prefix = prefix
        self.place = 0  # in the beam
        self.longer_ones: tuple[int, ...] = ()  # last tokens of its one-token extensions in the beam
        self.blank = self.token = self.score = IMPOSSIBLE  # sums over all paths
        self.blank_best = self.token_best = self.best = IMPOSSIBLE  # the best single path
        self.blank_frames: Frames = None  # token frames of that path
        self.token_frames: Frames = None
        self.frames: Frames = None

    def pause(self, before: Hypothesis, value: float) -> None:
        """Add the paths that continue with a blank."""
        self.blank = before.score + value
        self.blank_best = before.best + value
        self.blank_frames = before.frames

    def repeat(self, before: Hypothesis, value: float, frame: int) -> None:
        """Add the paths that repeat the last token for another frame."""
        self.token = log_add(self.token, before.token + value)
        best = before.token_best + value
        if best > self.token_best:
            if self.token_best == IMPOSSIBLE and before.token_frames is not None:
                self.token_frames = (before.token_frames[0], frame)
            self.token_best = best

    def append(self, before: Hypothesis, value: float, frame: int) -> None:
        """Add the paths that append the last token to the previous text; a repeated token needs a blank."""
        if before.prefix.token == self.prefix.token:
            score, best, frames = before.blank, before.blank_best, before.blank_frames
        else:
            score, best, frames = before.score, before.best, before.frames
        self.token = log_add(self.token, score + value)
        if best + value > self.token_best:
            self.token_best = best + value
            self.token_frames = (frames, frame)

    def sum_up(self) -> None:
        self.score = log_add(self.blank, self.token)
        if self.blank_best > self.token_best:
            self.best, self.frames = self.blank_best, self.blank_frames
        else:
            self.best, self.frames = self.token_best, self.token_frames

    def frame_numbers(self) -> tuple[int, ...]:
        found = []
        frames = self.frames
        while frames is not None:
            frames, frame = frames
            found.append(frame)
        return tuple(reversed(found))


def grown(before: Hypothesis, token: int, value: float, frame: int) -> Hypothesis:
    """Return the hypothesis extended by a token."""
    after = Hypothesis(before.prefix.longer(token))
    after.append(before, value, frame)
    after.sum_up()
    return after


def log_add(first: float, second: float) -> float:
    """Return log(exp(first) + exp(second)) without overflow."""
    if first < second:
        first, second = second, first
    return first if second == IMPOSSIBLE else first + math.log1p(math.exp(second - first))
