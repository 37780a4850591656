"""Aligns the tokens of a given text with frames: the most likely CTC path that spells it. Works in frames, not seconds.

Source: Graves et al., "Connectionist Temporal Classification", 2006 (the paths); Viterbi, 1967 (the search). Only the
columns of the text leave the device, so the search itself always runs on the CPU.

Shape suffixes: T frames, V vocabulary, C columns of one text (the blank, then its distinct tokens), S states of a path
(blank, token, blank, ..., token, blank).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_BLANK = 0  # its column index
_TRIAL = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]]
_TRIAL_TARGETS = [1, 2]  # on the path 0 1 0 2 2

Search: TypeAlias = Callable[[Tensor, Sequence[int]], list[int]]
"""Maps log-probabilities (T, C) and the tokens' columns to the column of every frame."""


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """The frames of one token; CTC marks a sound with one or a few frames, not its whole length."""

    start_frame: int
    end_frame: int
    """One past the last."""
    probability: float
    """At its most likely frame, 0 to 1."""


def align(log_probs_TV: Tensor, tokens: Sequence[int], blank_id: int) -> list[TokenSpan]:
    """Return the frames of each token, in order and non-overlapping.

    Args:
        log_probs_TV: of the valid frames, on any device; finite for the blank and the tokens.
        tokens: the text to align.
        blank_id: CTC's blank token.

    Raises:
        ValueError: there are fewer frames than the text needs (one per token, and one between equal neighbours).
    """
    if not tokens:
        return []
    columns = {token: column for column, token in enumerate(dict.fromkeys((blank_id, *tokens)))}
    log_probs_TC = log_probs_TV[:, list(columns)].float().cpu().contiguous()
    targets = [columns[token] for token in tokens]
    _check_room(len(log_probs_TC), targets)
    search = torchaudio_search() or viterbi_search
    return _spans(search(log_probs_TC, targets), log_probs_TC)


def confidence(spans: Sequence[TokenSpan]) -> float | None:
    """Mean probability of the tokens; None without tokens."""
    return sum(span.probability for span in spans) / len(spans) if spans else None


@lru_cache(maxsize=1)
def torchaudio_search() -> Search | None:
    """Return torchaudio's search, or None if it does not work with this torch."""
    try:
        return load_torchaudio_search()
    except Exception:  # noqa: BLE001 - a library made for another torch fails in many ways
        return None


def load_torchaudio_search() -> Search:
    """Return torchaudio's search after a trial run.

    Raises:
        Exception: of any kind, if its compiled part is missing or built for another torch.
        ValueError: it runs, but finds a different path than `viterbi_search`.
    """
    from torchaudio.functional import forced_align

    def search(log_probs_TC: Tensor, targets: Sequence[int]) -> list[int]:
        path_1T, _ = forced_align(log_probs_TC[None], torch.tensor([targets]), blank=_BLANK)
        return [int(column) for column in path_1T[0].tolist()]

    trial_TC = torch.tensor(_TRIAL).log()
    if (path := search(trial_TC, _TRIAL_TARGETS)) != viterbi_search(trial_TC, _TRIAL_TARGETS):
        raise ValueError(f"forced_align finds a wrong path: {path}")
    return search


def viterbi_search(log_probs_TC: Tensor, targets: Sequence[int]) -> list[int]:
    """Return the column of every frame on the best path: equivalent to torchaudio's, in numpy."""
    states_S = np.zeros(2 * len(targets) + 1, dtype=np.intp)
    states_S[1::2] = targets
    moves_TS, last_S = _moves(log_probs_TC.numpy()[:, states_S], states_S)
    state = int(last_S.argmax()) + len(states_S) - 2
    path = [state]
    for move_S in moves_TS[:0:-1]:
        state -= int(move_S[state])
        path.append(state)
    return [int(states_S[state]) for state in reversed(path)]


def _moves(
    emitted_TS: npt.NDArray[np.float32], states_S: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return how many states each best path advances (0, 1 or 2), and the scores of the last two states."""
    may_skip_S = states_S != _BLANK  # over the blank before it,
    may_skip_S[2:] &= states_S[2:] != states_S[:-2]  # which equal neighbours need
    may_skip_S[:2] = False
    moves_TS = np.zeros(emitted_TS.shape, dtype=np.int64)
    scores_S = np.full(len(states_S), -np.inf)
    scores_S[:2] = emitted_TS[0, :2]
    for moves_S, emitted_S in zip(moves_TS[1:], emitted_TS[1:], strict=True):
        ways_3S = np.full((3, len(states_S)), -np.inf)
        ways_3S[0] = scores_S
        ways_3S[1, 1:] = scores_S[:-1]
        ways_3S[2, 2:] = np.where(may_skip_S[2:], scores_S[:-2], -np.inf)
        moves_S[:] = ways_3S.argmax(0)
        scores_S = ways_3S.max(0) + emitted_S
    return moves_TS, scores_S[-2:]


def _check_room(frames: int, targets: Sequence[int]) -> None:
    needed = len(targets) + sum(a == b for a, b in pairwise(targets))
    if frames < needed:
        raise ValueError(f"{len(targets)} tokens need {needed} frames, there are {frames}")


def _spans(path: Sequence[int], log_probs_TC: Tensor) -> list[TokenSpan]:
    chosen = log_probs_TC[range(len(path)), list(path)].exp().tolist()
    runs = (list(run) for column, run in groupby(range(len(path)), key=path.__getitem__) if column != _BLANK)
    return [TokenSpan(run[0], run[-1] + 1, max(chosen[run[0] : run[-1] + 1])) for run in runs]
