"""Tells voices apart while a recording grows: each piece of speech joins the voice that is most like it, or is a new one.

What was decided early may turn out wrong: a voice that was parted is joined again once its parts are alike, and the
pieces of one of them change their speaker. `clustering` has the last word, when the whole recording is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from app.domain.options import MOST_SPEAKERS
from app.engine import Waveform
from app.engine.speakers import Embeddings, SpeakerModel
from app.engine.speakers.diarizer import sounds_in
from app.engine.speakers.frames import Span
from app.engine.speakers.units import units_of
from app.engine.speakers.voices import mean_voice, spread

CLEAR_SECONDS = 1.5  # a shorter piece takes the nearest voice and changes none
MOST_SOUNDS = 6  # of 1.5 s that are heard of one piece: more would keep the texts of others waiting
# Cosines, measured on sixteen readers of two languages, also over the telephone: of a piece of 1 to 8 s with what was
# heard of the same voice, 98 of 100 reach 0.57, and with other voices 0.3, on the telephone 0.5. Two halves of what one
# person said reach 0.79, those of two persons 0.47.
NEW_VOICE = 0.45
SAME_VOICE = 0.55


@dataclass(slots=True)
class _Voice:
    number: int
    sum: Embeddings
    pieces: list[int] = field(default_factory=list)

    @property
    def centre(self) -> Embeddings:
        return units_of(self.sum)

    def likeness(self, unit: Embeddings) -> float:
        return float(self.centre @ unit)


class OnlineVoices:
    """The voices so far, numbered from 1 in the order in which they were heard."""

    def __init__(self, most: int = MOST_SPEAKERS) -> None:
        self._most = most
        self._voices: list[_Voice] = []

    def add(self, piece: int, unit: Embeddings, seconds: float) -> dict[int, int]:
        """Return the speakers of this piece, and of the earlier ones whose speaker is another now.

        Args:
            piece: its number.
            unit: its voice, of length one, shape (D,).
            seconds: how long it is.
        """
        changed: dict[int, int] = {}
        voice = max(self._voices, key=lambda each: each.likeness(unit), default=None)
        if voice is None:
            voice = self._begin(unit, seconds)
        elif seconds >= CLEAR_SECONDS:
            if voice.likeness(unit) < NEW_VOICE and len(self._voices) < self._most:
                voice = self._begin(unit, seconds)
            else:
                voice.sum = voice.sum + unit * np.float32(seconds)
        voice.pieces.append(piece)
        while (pair := self._nearest_pair()) and _likeness(*pair) >= SAME_VOICE:
            changed |= self._join(*pair)
        return {piece: voice.number} | changed

    def _begin(self, unit: Embeddings, seconds: float) -> _Voice:
        taken = {each.number for each in self._voices}
        number = min(set(range(1, len(taken) + 2)) - taken)
        self._voices.append(_Voice(number, unit * np.float32(seconds)))
        return self._voices[-1]

    def _nearest_pair(self) -> tuple[_Voice, _Voice] | None:
        return max(combinations(self._voices, 2), key=lambda pair: _likeness(*pair), default=None)

    def _join(self, one: _Voice, other: _Voice) -> dict[int, int]:
        """Join two voices under the lower number; return the new speakers of the other's pieces."""
        kept, gone = sorted((one, other), key=lambda each: each.number)
        self._voices.remove(gone)
        kept.sum = kept.sum + gone.sum
        kept.pieces += gone.pieces
        return dict.fromkeys(gone.pieces, kept.number)


def voice_of_piece(read: Callable[[float, float], Waveform], span: Span, model: SpeakerModel) -> Embeddings | None:
    """Return the voice of one piece of speech, of length one; None if it is too short to have one."""
    sounds = spread(list(sounds_in(span)), MOST_SOUNDS)
    return mean_voice(read, sounds, model) if sounds else None


def _likeness(one: _Voice, other: _Voice) -> float:
    return one.likeness(other.centre)
