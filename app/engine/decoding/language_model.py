"""The interface between a search and a language model, and an n-gram model.

It deals with unit ids, not audio. A search follows one History for each text it considers.
"""

from __future__ import annotations

import zipfile
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable, ModelWeightsMismatch

NGRAM_FILE = "language_model.npz"
STEPS_PER_NAT = 12  # log-probabilities are stored in 8 bits: 0 to -21 in steps of 0.083


class History(Protocol):
    """Scores the next unit given the units so far. Scores are in nats, to be added to the acoustic score."""

    def __getitem__(self, token: int) -> tuple[History, float]:
        """Return the history with the token, and the token's score."""
        ...

    @property
    def ending(self) -> float:
        """The score of ending here; not above zero."""
        ...


class LanguageModel(Protocol):
    """A model of the language over the units of the network beside it."""

    @property
    def name(self) -> str:
        """What the receipt says was used."""
        ...

    @property
    def most_worth(self) -> float:
        """The upper bound of any token's score."""
        ...

    def begin(self) -> History:
        """Return the history of an empty text."""
        ...


@dataclass(frozen=True, slots=True)
class Level:
    """All n-grams of one length, sorted by ids; the longer n-grams with the same beginning are contiguous."""

    last_units: Sequence[int]
    log_probs: Sequence[float]
    back_offs: Sequence[float]
    """Log back-off weight of this n-gram; empty on the longest level."""
    first_longer: Sequence[int]
    """Start of each n-gram's extensions on the next level, plus a final end."""

    def longer(self, place: int, token: int, next_units: Sequence[int]) -> int:
        """Return the index on the next level of the n-gram at `place` extended by the token, or -1."""
        end = self.first_longer[place + 1]
        found = bisect_left(next_units, token, self.first_longer[place], end)
        return found if found < end and next_units[found] == token else -1


class NgramModel:
    """Back-off n-grams in sorted arrays (Katz 1987): a few bytes per n-gram, a few microseconds per query."""

    def __init__(self, levels: Sequence[Level], boundary: int, weight: float, bonus: float) -> None:
        self._levels = tuple(levels)
        self.boundary = boundary
        """The unit for start and end of a text."""
        self.weight = weight
        """Weight relative to the network's log-probabilities."""
        self.bonus = bonus
        """Bonus per unit in nats: probabilities alone prefer short texts."""

    @property
    def name(self) -> str:
        return f"{len(self._levels)}-gram"

    @property
    def most_worth(self) -> float:
        return self.bonus  # for a certain token

    @classmethod
    def load(cls, file: Path, num_units: int) -> NgramModel:
        """Read what training.language_model wrote.

        Raises:
            ModelFileUnreadable: the file is damaged or of another format.
            ModelWeightsMismatch: it was trained with other units.
        """
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                levels, boundary = _levels(arrays), int(arrays["boundary"])
                weight, bonus = float(arrays["weight"]), float(arrays["bonus"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ModelFileUnreadable(file=str(file), reason=N_("it is incomplete or damaged")) from error
        if len(levels[0].last_units) != num_units or not 0 <= boundary < num_units:
            reason = f"it knows {len(levels[0].last_units)} units, the network has {num_units}"
            raise ModelWeightsMismatch(file=str(file), reason=reason)
        return cls(levels, boundary, weight, bonus)

    def begin(self) -> History:
        return NgramHistory(self, (self.boundary,))

    def after(self, places: Sequence[int], token: int) -> tuple[tuple[int, ...], float]:
        """Follow a token.

        Args:
            places: indices of the last unit, the last two, and so on, on levels 1, 2 and so on.
            token: the next unit.

        Returns:
            the indices after it, and its log-probability.
        """
        levels = self._levels
        following, log_prob, back_off = [token], levels[0].log_probs[token], 0.0
        for number, place in enumerate(places):
            longer = levels[number].longer(place, token, levels[number + 1].last_units)
            if longer < 0:
                # No longer n-gram matches: apply the back-off weights of the longer histories.
                back_off = sum(levels[n].back_offs[places[n]] for n in range(number, len(places)))
                break
            following.append(longer)
            log_prob = levels[number + 1].log_probs[longer]
        return tuple(following[: len(levels) - 1]), log_prob + back_off


class NgramHistory(dict[int, tuple["NgramHistory", float]]):
    """A dictionary, because a search asks for the same token in many frames; lives as long as its text is considered."""

    __slots__ = ("_model", "_places")

    def __init__(self, model: NgramModel, places: tuple[int, ...]) -> None:
        super().__init__()
        self._model, self._places = model, places

    def __missing__(self, token: int) -> tuple[NgramHistory, float]:
        places, log_prob = self._model.after(self._places, token)
        worth = self._model.weight * log_prob + self._model.bonus
        self[token] = found = NgramHistory(self._model, places), worth
        return found

    @property
    def ending(self) -> float:
        return self._model.weight * self._model.after(self._places, self._model.boundary)[1]


def _levels(arrays: Mapping[str, NDArray[np.generic]]) -> list[Level]:
    """Codes to logarithms; counts of longer n-grams to places. Raises KeyError or ValueError for what is missing."""
    order = int(arrays["order"])
    levels = []
    for number in range(1, order + 1):
        units, log_probs = arrays[f"units_{number}"], arrays[f"log_probs_{number}"]
        is_longest = number == order
        back_offs = np.zeros(0) if is_longest else arrays[f"back_offs_{number}"]
        longer = np.zeros(0, np.uint16) if is_longest else arrays[f"longer_{number}"]
        if {len(column) for column in (log_probs, *(() if is_longest else (back_offs, longer)))} != {len(units)}:
            raise ValueError(f"level {number} has columns of different lengths")
        levels.append(Level(_view(units), _nats(log_probs), _nats(back_offs), _places(longer)))
    for shorter, level in pairwise(levels):
        if shorter.first_longer[-1] != len(level.last_units):
            raise ValueError("levels do not fit together")
    return levels


def _view(units: NDArray[np.generic]) -> memoryview:
    """A view that gives plain ints: asked one by one, they come several times faster than numpy's."""
    return np.ascontiguousarray(units, dtype=np.uint16).data


def _nats(codes: NDArray[np.generic]) -> memoryview:
    return (codes.astype(np.float32) / np.float32(-STEPS_PER_NAT)).data


def _places(longer: NDArray[np.generic]) -> memoryview:
    return np.concatenate(([0], np.cumsum(longer, dtype=np.uint32))).astype(np.uint32).data
