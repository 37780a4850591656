"""Finds how many voices there are among embeddings, and whose each is.

Spectral clustering parts what is connected through its nearest neighbours, and the largest gap between eigenvalues
gives the number of parts: no threshold of similarity is needed, which differs between a studio and a telephone
(von Luxburg, "A Tutorial on Spectral Clustering", 2007; Park et al., "Auto-Tuning Spectral Clustering for Speaker
Diarization Using Normalized Maximum Eigengap", 2019). A voice that was parted all the same is joined again: the
centres of its parts point almost the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.options import MOST_SPEAKERS
from app.engine.speakers import Embeddings
from app.engine.speakers.units import units_of

Labels: TypeAlias = npt.NDArray[np.int64]
Seconds: TypeAlias = npt.NDArray[np.float32]

CLEAR_SECONDS = 1.0  # shorter sounds are assigned, but do not count
BLOCK = 1200  # embeddings parted at once, of about ten minutes of speech: time and memory grow with the square
NEIGHBOURS, LEAST_NEIGHBOURS = 0.02, 6  # share and least number of an embedding's similarities that are kept
# Two parts are one voice if their centres are alike. The cosine compares the similarity across them with that inside
# them; different voices reach 0.4 in a studio, but 0.8 on the telephone. There the mean of all voices, which is what the
# line has done to each, is subtracted for a second look: different voices stay below 0.47 then, parts of one reach 0.6.
UNLIKE_QUANTILE = 0.2
SAME_VOICE = 0.5  # of the way from the cosine of unlike centres of this recording to 1
HIGHEST_LIMIT = 0.75  # a single voice in several parts has no unlike ones to compare with
HARDLY_UNLIKE = 0.35  # of unlike centres: they need the second look
SAME_WITHOUT_MEAN = 0.5
# A single voice: compared with the nearest ones, even the least similar embeddings are about half as alike, and those in
# the middle three quarters. Measured: 0.49 and 0.75 or more in nineteen of twenty monologues; of conversations at most
# 0.47 and 0.71, on the telephone.
SINGLE_VOICE = ((0.1, 0.47), (0.5, 0.73))  # quantiles of the similarity, and their least share of the nearest ones'
NOT_ALIKE = -2.0  # below every cosine
LEAST_SECONDS = 2.5  # of speech that make a speaker, where the number is not known
ROUNDS = 5  # of assigning embeddings to the nearest centre
STARTS, STEPS = 5, 30  # of k-means


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices that were found."""

    labels: Labels
    """Whose each embedding is, from 0."""
    centres: Embeddings
    """Unit vectors, one for each voice."""


def cluster(embeddings: Embeddings, seconds: Seconds, wanted: int | None = None) -> Voices:
    """Return the voices among embeddings, as many as are found or `wanted`.

    Args:
        embeddings: (N, D); N is at least 1.
        seconds: how much sound each is of.
        wanted: the number of voices, if it is known; fewer are returned where there are not so many embeddings.
    """
    units = units_of(embeddings)
    clear = np.flatnonzero(seconds >= CLEAR_SECONDS)
    if len(clear) <= max(LEAST_NEIGHBOURS, wanted or 0):
        clear = np.arange(len(units))
    centres, weights = _parts(units[clear], seconds[clear], wanted)
    centres = _joined(centres, weights, wanted)
    labels, centres = _settled(units, seconds, centres)
    if wanted is None:
        labels, centres = _without_minor(units, seconds, labels, centres)
    return Voices(labels, centres)


def _parts(units: Embeddings, seconds: Seconds, wanted: int | None) -> tuple[Embeddings, Seconds]:
    """Return the centres of the parts of each block, and the seconds of each part."""
    blocks = np.array_split(np.arange(len(units)), -(-len(units) // BLOCK))
    centres, weights = [], []
    for block in blocks:
        labels = _spectral(units[block], wanted)
        for label in range(labels.max() + 1):
            members = block[labels == label]
            centres.append(seconds[members] @ units[members])
            weights.append(seconds[members].sum())
    return units_of(np.stack(centres)), np.array(weights, dtype=np.float32)


def _spectral(units: Embeddings, wanted: int | None) -> Labels:
    count = len(units)
    kept = min(count, max(LEAST_NEIGHBOURS, int(NEIGHBOURS * count)))
    similarity = units @ units.T
    if wanted is None and _is_single(similarity):
        wanted = 1
    nearest = np.partition(similarity, count - kept, axis=1)[:, count - kept, None]
    affinity = np.where(similarity >= nearest, np.maximum(similarity, 0), 0)
    affinity = (affinity + affinity.T) / 2
    np.fill_diagonal(affinity, 0)
    values, vectors = np.linalg.eigh(np.diag(affinity.sum(1)) - affinity)
    parts = min(count, wanted or 1 + int(np.argmax(np.diff(values[: MOST_SPEAKERS + 1]))) if count > 1 else 1)
    return _k_means(vectors[:, :parts], parts)


def _is_single(similarity: npt.NDArray[np.float32]) -> bool:
    """Return whether all are of one voice.

    The gap between eigenvalues does not tell: it finds parts in a monologue as well, its topics, or how near the
    microphone was.
    """
    count = len(similarity)
    if count <= LEAST_NEIGHBOURS:
        return False
    between = similarity[np.triu_indices(count, 1)]
    others = similarity - 2 * np.eye(count, dtype=np.float32)
    nearest = np.partition(others, count - LEAST_NEIGHBOURS, axis=1)[:, count - LEAST_NEIGHBOURS :].mean()
    return all(bool(np.quantile(between, quantile) >= share * nearest) for quantile, share in SINGLE_VOICE)


def _k_means(points: npt.NDArray[np.float32], parts: int) -> Labels:
    """Return the best of several k-means, the same each time."""
    random = np.random.default_rng(0)
    best, least = np.zeros(len(points), dtype=np.int64), np.inf
    for _ in range(STARTS):
        centres = _spread_centres(points, parts, random)
        for _ in range(STEPS):
            distances = _distances(points, centres)
            labels = distances.argmin(1)
            present = np.unique(labels)
            centres[present] = [points[labels == part].mean(0) for part in present]
        if (loss := float(_distances(points, centres).min(1).sum())) < least:
            best, least = labels, loss
    return np.unique(best, return_inverse=True)[1].astype(np.int64)


def _spread_centres(
    points: npt.NDArray[np.float32], parts: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return points far from each other (k-means++)."""
    chosen = [points[random.integers(len(points))]]
    for _ in range(parts - 1):
        nearest = np.maximum(_distances(points, np.stack(chosen)).min(1), 1e-12)
        chosen.append(points[random.choice(len(points), p=nearest / nearest.sum())])
    return np.stack(chosen)


def _distances(points: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    squared: npt.NDArray[np.float64] = ((points[:, None].astype(np.float64) - centres[None]) ** 2).sum(-1)
    return squared


def _joined(centres: Embeddings, weights: Seconds, wanted: int | None) -> Embeddings:
    """Join the most similar centres until they differ as voices do, or until as many are left as are wanted."""
    sums = list(centres * weights[:, None])
    unlike = _unlike(centres)
    limit = min(HIGHEST_LIMIT, unlike + SAME_VOICE * (1 - unlike))
    while len(sums) > (wanted or 1):
        units = units_of(np.stack(sums))
        similarity = units @ units.T
        np.fill_diagonal(similarity, NOT_ALIKE)
        if wanted is None and len(sums) <= MOST_SPEAKERS:
            similarity[similarity < limit] = NOT_ALIKE
            if unlike > HARDLY_UNLIKE:
                similarity[_without_mean(units, unlike) < SAME_WITHOUT_MEAN] = NOT_ALIKE
        if similarity.max() == NOT_ALIKE:
            break
        first, second = sorted(map(int, np.unravel_index(similarity.argmax(), similarity.shape)))
        sums[first] = sums[first] + sums[second]
        del sums[second]
    return units_of(np.stack(sums))


def _unlike(centres: Embeddings) -> float:
    """Return how alike the unlike ones of the centres are; 1 where there are not enough to tell."""
    if len(centres) < 3:
        return 1.0
    between = (centres @ centres.T)[np.triu_indices(len(centres), 1)]
    return float(np.quantile(between, UNLIKE_QUANTILE))


def _without_mean(units: Embeddings, unlike: float) -> Embeddings:
    """Return the cosines of centres whose mean is subtracted; of two, which it would make opposites, 1.

    The parts of one voice count as one in the mean, or it would be this voice that is subtracted.
    """
    if len(units) < 3:
        return np.ones((len(units), len(units)), dtype=np.float32)
    alike = np.clip((units @ units.T - unlike) / (1 - unlike), 0, 1) ** 2
    shares = 1 / alike.sum(1)
    rest = units_of(units - (shares @ units) / shares.sum())
    similarity: Embeddings = rest @ rest.T
    return similarity


def _settled(units: Embeddings, seconds: Seconds, centres: Embeddings) -> tuple[Labels, Embeddings]:
    """Assign every embedding to the nearest centre, and move the centres to what they were assigned."""
    for _ in range(ROUNDS):
        labels = (units @ centres.T).argmax(1)
        present, labels = np.unique(labels, return_inverse=True)
        centres = units_of(
            np.stack([seconds[labels == label] @ units[labels == label] for label in range(len(present))])
        )
    return labels.astype(np.int64), centres


def _without_minor(
    units: Embeddings, seconds: Seconds, labels: Labels, centres: Embeddings
) -> tuple[Labels, Embeddings]:
    """Give the embeddings of voices that hardly speak to the others: they are mostly coughs and laughter."""
    spoken = np.bincount(labels, weights=seconds, minlength=len(centres))
    is_kept = spoken >= min(LEAST_SECONDS, spoken.max())
    return _settled(units, seconds, centres[is_kept])
