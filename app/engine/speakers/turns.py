"""Turns from voices: every frame goes to the voice that is most like the sounds around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.speakers import SpeakerTurn, by_first_heard
from app.engine.speakers import Embeddings
from app.engine.speakers.frames import Flags, Span, SpeechFrames, stretches

Scores: TypeAlias = npt.NDArray[np.float32]
"""How much each frame is like each voice: the cosine, shape (T, C)."""

PAUSE_SECONDS = 0.5  # a shorter one does not end a turn
LEAST_SECONDS = 0.2  # a shorter turn is none
AROUND_SECONDS = 1.0  # before and after overlapping speech, where the second voice is looked for
BLOCK_FRAMES = 100_000
CLEAR_MARGIN = 0.4  # of the cosine over that of the next voice: beyond doubt


def turns_of(
    frames: SpeechFrames, sounds: Sequence[Span], embeddings: Embeddings, centres: Embeddings
) -> tuple[SpeakerTurn, ...]:
    """Return the turns of a recording.

    Args:
        frames: how many people speak.
        sounds: the stretches that the embeddings are of.
        embeddings: unit vectors, (N, D).
        centres: the voices, unit vectors (C, D).
    """
    scores, nearest = _scores(frames, sounds, embeddings @ centres.T)
    speaking = _speaking(frames, scores, nearest)
    margins = _margins(scores)[nearest]
    found = (turn for voice in range(len(centres)) for turn in _turns(frames, speaking[:, voice], voice, margins))
    return by_first_heard(found)


def _scores(frames: SpeechFrames, sounds: Sequence[Span], similarity: Scores) -> tuple[Scores, npt.NDArray[np.int64]]:
    """Return the scores of the frames inside of sounds, and for each frame the nearest one that has scores."""
    scores = np.zeros((len(frames.count), similarity.shape[1]), dtype=np.float32)
    weights = np.zeros(len(frames.count), dtype=np.float32)
    for (start, end), row in zip(sounds, similarity, strict=True):
        first, last = frames.frame(start), frames.frame(end)
        weight = (np.hanning(last - first + 2)[1:-1] + 0.01).astype(np.float32)  # the middle is surer than the edges
        scores[first:last] += weight[:, None] * row
        weights[first:last] += weight
    heard = np.flatnonzero(weights)
    scores[heard] /= weights[heard, None]
    every = np.arange(len(frames.count))
    after = np.clip(np.searchsorted(heard, every), 0, len(heard) - 1)
    before = np.maximum(after - 1, 0)
    is_before_nearer = np.abs(every - heard[before]) <= np.abs(heard[after] - every)
    return scores, heard[np.where(is_before_nearer, before, after)]


def _speaking(frames: SpeechFrames, scores: Scores, nearest: npt.NDArray[np.int64]) -> Flags:
    """Return which voices speak in each frame, (T, C): the likeliest, and where two speak at once also a second."""
    likeliest = scores.argmax(1)[nearest]
    speaking = np.zeros(scores.shape, dtype=np.bool_)
    speaking[np.arange(len(likeliest)), likeliest] = frames.count > 0
    if scores.shape[1] > 1:
        for first, end in stretches(frames.count > 1):
            speaking[first:end] = False
            speaking[first:end, _both(frames, scores, likeliest, first, end)] = True
    return speaking


def _both(frames: SpeechFrames, scores: Scores, likeliest: npt.NDArray[np.int64], first: int, end: int) -> list[int]:
    """Return the two who speak at once: those before and after, or the one around and the next likeliest."""
    before, after = int(likeliest[max(0, first - 1)]), int(likeliest[min(len(likeliest) - 1, end)])
    if before == after:
        reach = round(AROUND_SECONDS / frames.frame_seconds)
        around = scores[max(0, first - reach) : end + reach].mean(0)
        around[before] = -np.inf
        after = int(around.argmax())
    return [before, after]


def _margins(scores: Scores) -> npt.NDArray[np.float32]:
    """Return how far the likeliest voice of each frame is before the next one, 0 to 1."""
    if scores.shape[1] < 2:
        return np.ones(len(scores), dtype=np.float32)
    margins = np.empty(len(scores), dtype=np.float32)
    for begin in range(0, len(scores), BLOCK_FRAMES):  # a copy of the scores of ten hours would be as large as they are
        second, first = np.partition(scores[begin : begin + BLOCK_FRAMES], -2, axis=1)[:, -2:].T
        margins[begin : begin + BLOCK_FRAMES] = np.clip((first - second) / CLEAR_MARGIN, 0, 1)
    return margins


def _turns(frames: SpeechFrames, is_on: Flags, voice: int, margins: npt.NDArray[np.float32]) -> Iterator[SpeakerTurn]:
    pause = PAUSE_SECONDS / frames.frame_seconds
    joined: list[list[int]] = []
    for first, end in stretches(is_on):
        if joined and first - joined[-1][1] < pause:
            joined[-1][1] = end
        else:
            joined.append([first, end])
    for first, end in joined:
        start, stop = frames.seconds(first), frames.seconds(end)
        if stop - start >= LEAST_SECONDS:
            likeness = float(margins[first:end][is_on[first:end]].mean())
            yield SpeakerTurn(start, stop, voice, likeness)
