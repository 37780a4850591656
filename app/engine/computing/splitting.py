"""Splits a waveform in two where it is quietest, and joins the hypotheses of the two pieces."""

from __future__ import annotations

import numpy as np

from app.domain.transcript import join_texts, merge_receipts
from app.engine import SAMPLE_RATE, Hypothesis, Waveform

LEAST_SECONDS = 1.0  # a shorter piece has too little for a model to recognise
QUIET_MS = 50  # longer than a pitch period, shorter than a syllable
HOP_MS = 10
_HOP = SAMPLE_RATE * HOP_MS // 1000
_WINDOW = QUIET_MS // HOP_MS


def quietest_point(waveform: Waveform) -> int | None:
    """Return the sample in the middle half around which the audio is quietest, the most central of equals.

    None if a piece would be shorter than LEAST_SECONDS.
    """
    least, quarter = round(LEAST_SECONDS * SAMPLE_RATE), len(waveform) // 4
    first, end = max(least, quarter), len(waveform) - max(least, quarter)
    if end < first:
        return None
    energies = _energies(waveform[first:end])
    if not len(energies):
        return len(waveform) // 2
    centres = first + _HOP * np.arange(len(energies)) + _HOP * _WINDOW // 2
    order = np.lexsort((np.abs(centres - len(waveform) // 2), energies))
    return int(centres[order[0]])


def _energies(samples: Waveform) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the energy of every QUIET_MS, HOP_MS apart."""
    hops = samples[: len(samples) // _HOP * _HOP].astype(np.float64).reshape(-1, _HOP)
    if len(hops) < _WINDOW:
        return np.zeros(0)
    return np.convolve((hops**2).sum(axis=1), np.ones(_WINDOW), mode="valid")


def join(first: Hypothesis, second: Hypothesis, seconds: float) -> Hypothesis:
    """Join the hypotheses of two pieces.

    Args:
        first: of the first piece.
        second: of the second piece.
        seconds: where the second piece starts in the whole.
    """
    text = join_texts((first.text, second.text))
    return Hypothesis(
        text=text,
        text_raw=join_texts((first.text_raw, second.text_raw)),
        confidence=_mean_confidence(first, second),
        dropped="" if text else first.dropped or second.dropped,
        words=first.words + tuple(word.later(seconds) for word in second.words),
        applied=merge_receipts(first.applied, second.applied),
        foreign_share=first.foreign_share if second.foreign_share is None else second.foreign_share,
        emotion=first.emotion or second.emotion,
        events=tuple(dict.fromkeys(first.events + second.events)),
        language=first.language or second.language,
    )


def _mean_confidence(*hypotheses: Hypothesis) -> float | None:
    """Average weighted by tokens; a suppressed text counts as one token."""
    weighed = [(each.confidence, _tokens(each)) for each in hypotheses if each.confidence is not None]
    if not weighed:
        return None
    return sum(confidence * tokens for confidence, tokens in weighed) / sum(tokens for _, tokens in weighed)


def _tokens(hypothesis: Hypothesis) -> int:
    return max(1, len(hypothesis.words) or len("".join(hypothesis.text_raw.split())))
