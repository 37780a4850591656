"""What each turn sounds like, kept with the turns: people may say later whose it is, and others like it follow.

It is kept in the main directions of the recording itself, which are not kept. So turns can be compared with one another,
but a voice with none of another recording.

Shape suffixes: N turns or sounds, D dimensions.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.domain.speakers import SpeakerTurn
from app.engine.speakers import Embeddings
from app.engine.speakers.frames import Span
from app.engine.speakers.units import units_of

MOST_TURNS = 20_000  # whose embeddings are kept, the longest ones: under a megabyte, more than ten hours have
DIMENSIONS = 32  # that are kept: the main ones of this recording, so that the rest cannot be told from another one's
INSIDE = 0.6  # of a sound: less of it inside of a turn may be another voice
SHARED = 0.5  # of a turn that a person moved: less of it is not the turn whose voice is known
STEPS = 127  # of a component between 0 and 1, as it is stored


@dataclass(frozen=True, slots=True)
class TurnEmbeddings:
    """The voices of the turns as they were found, in order of their start; what people correct does not change them."""

    spans: npt.NDArray[np.float32]
    """Start and end in seconds, (N, 2)."""
    units: Embeddings
    """Unit vectors, (N, D)."""

    def rows_of(self, turns: Sequence[SpeakerTurn]) -> npt.NDArray[np.int64]:
        """Return where the voice of each turn is, (N,); -1 for one that has none. A turn that was cut keeps the voice."""
        known = {(float(start), float(end)): row for row, (start, end) in enumerate(self.spans)}
        bounds = np.array([(turn.start, turn.end) for turn in turns], dtype=np.float32).reshape(-1, 2)
        rows = (known.get((float(start), float(end))) for start, end in bounds)
        return np.array(
            [self._nearest(*bound) if row is None else row for row, bound in zip(rows, bounds, strict=True)]
        )

    def _nearest(self, start: float, end: float) -> int:
        """Return the row that shares most with a stretch; -1 if none shares half of the stretch."""
        shared = np.minimum(self.spans[:, 1], end) - np.maximum(self.spans[:, 0], start)
        row = int(shared.argmax()) if len(shared) else -1
        return row if row >= 0 and shared[row] >= SHARED * (end - start) else -1

    def to_bytes(self) -> bytes:
        """Return what is stored: a table of numpy, each component in a byte."""
        dimensions = self.units.shape[1]
        table = np.empty(len(self.units), dtype=[("span", "<f4", (2,)), ("voice", "i1", (dimensions,))])
        table["span"], table["voice"] = self.spans, np.rint(self.units * STEPS)
        stored = io.BytesIO()
        np.save(stored, table, allow_pickle=False)
        return stored.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> TurnEmbeddings:
        table = np.load(io.BytesIO(stored), allow_pickle=False)
        return cls(table["span"], units_of(table["voice"].astype(np.float32)))


def turn_embeddings(turns: Sequence[SpeakerTurn], sounds: Sequence[Span], embeddings: Embeddings) -> TurnEmbeddings:
    """Return the mean voice of each turn that has sounds of its own.

    Args:
        turns: in order of their start.
        sounds: the stretches that the embeddings are of, in order of their start.
        embeddings: unit vectors, (N, D).
    """
    bounds = np.array(sounds, dtype=np.float64).reshape(-1, 2)
    longest = float((bounds[:, 1] - bounds[:, 0]).max(initial=0.0))
    spans, voices = [], []
    for turn in turns:
        first, end = np.searchsorted(bounds[:, 0], (turn.start - longest, turn.end))
        near = bounds[first:end]
        shared = np.minimum(near[:, 1], turn.end) - np.maximum(near[:, 0], turn.start)
        weights = np.where(shared > INSIDE * (near[:, 1] - near[:, 0]), shared, 0.0).astype(np.float32)
        if weights.any():
            spans.append((round(turn.start, 3), round(turn.end, 3)))
            voices.append(weights @ embeddings[first:end])
    return _kept(np.array(spans, dtype=np.float32).reshape(-1, 2), np.array(voices).reshape(-1, embeddings.shape[1]))


def _kept(spans: npt.NDArray[np.float32], voices: Embeddings) -> TurnEmbeddings:
    if len(spans) > MOST_TURNS:
        longest = np.sort(np.argsort(spans[:, 0] - spans[:, 1], kind="stable")[:MOST_TURNS])
        spans, voices = spans[longest], voices[longest]
    return TurnEmbeddings(spans, _in_main_directions(units_of(voices)))


def _in_main_directions(units: Embeddings) -> Embeddings:
    """Return the units in other coordinates, as alike to one another as before."""
    if units.shape[1] <= DIMENSIONS:
        return units
    _, directions = np.linalg.eigh(units.T @ units)
    return units_of(units @ directions[:, : -DIMENSIONS - 1 : -1])
