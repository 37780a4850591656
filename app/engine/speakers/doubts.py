"""Which turns a person should listen to, and which follow where a person has decided about one.

Both compare what the turns of a recording sound like with the voices that their labels make.
Shape suffixes: N turns, C speakers, D dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.domain.speakers import DoubtfulTurn, Speakers, SpeakerTurn
from app.engine.speakers import Embeddings
from app.engine.speakers.turn_embeddings import TurnEmbeddings
from app.engine.speakers.units import units_of

DECIDED_WEIGHT = 3.0  # of a turn that a person decided, in the voice of its speaker
LIKE_ONE = 0.5  # of a turn's likeness to a speaker: to the most similar decided turn; the rest is to the whole voice
# A turn that was taken from a speaker says that others of it may be wrong, too: these go with it if they are as like it
# as turns of one voice are like each other. The bonus is how much more a person's word counts than the label.
FOLLOWING_BONUS = 0.1
LEAST_FOLLOWING = (
    0.6  # of the likeness of turns of one voice: less is another one, even where the label fits still worse
)
LEAST_OWN = 0.3  # likeness of turns of one voice, where it can hardly be measured
ROUNDS = 3  # of assigning turns to the nearest voice
CLEAR_MARGIN = 0.4  # of the cosine over that of the next voice: beyond doubt
LEAST_SECONDS = 0.6  # a shorter turn is hard to tell for people, too
LEAST_DOUBT = 0.5
MOST_DOUBT = 2.0  # of a turn that is more like another speaker than like its own
NOT_ALIKE = -2.0  # below every cosine
MOST_DOUBTS = 10


@dataclass(frozen=True, slots=True)
class _Heard:
    """The turns of a recording that have a voice."""

    places_N: npt.NDArray[np.int64]
    """Among all turns."""
    units_ND: Embeddings
    seconds_N: npt.NDArray[np.float64]
    labels_N: npt.NDArray[np.int64]
    is_decided_N: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, turns: Sequence[SpeakerTurn], embeddings: TurnEmbeddings) -> _Heard:
        rows = embeddings.rows_of(turns)
        places = np.flatnonzero(rows >= 0)
        chosen = [turns[place] for place in places.tolist()]
        return cls(
            places,
            embeddings.units[rows[places]],
            np.array([turn.end - turn.start for turn in chosen]),
            np.array([turn.speaker for turn in chosen], dtype=np.int64),
            np.array([turn.is_decided for turn in chosen], dtype=np.bool_),
        )

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        return self.seconds_N * np.where(self.is_decided_N, DECIDED_WEIGHT, 1.0)


def assigned_anew(before: Speakers, after: Speakers, embeddings: TurnEmbeddings) -> Speakers:
    """Return a copy of `after` in which turns that nobody decided follow what a person changed since `before`."""
    heard = _Heard.of(after.turns, embeddings)
    if not len(heard.places_N):
        return after
    heard = _following(heard, {place: old for place, old in _taken(before, after).items() if place in heard.places_N})
    for _ in range(ROUNDS):
        present = np.unique(heard.labels_N)
        nearest = present[_likeness(heard, present).argmax(1)]
        labels = np.where(heard.is_decided_N, heard.labels_N, nearest)
        if (labels == heard.labels_N).all():
            break
        heard = replace(heard, labels_N=labels)
    turns = list(after.turns)
    for place, label in zip(heard.places_N.tolist(), heard.labels_N.tolist(), strict=True):
        turns[place] = replace(turns[place], speaker=label)
    return replace(after, turns=tuple(turns))


def _taken(before: Speakers, after: Speakers) -> dict[int, int]:
    """Return the places of the turns that a person took from a speaker just now, each with this speaker."""
    labelled = set(before.turns)
    new = [place for place, turn in enumerate(after.turns) if turn.is_decided and turn not in labelled]
    owners = {place: _owner(before.turns, after.turns[place]) for place in new}
    return {place: old for place, old in owners.items() if old not in (None, after.turns[place].speaker)}


def _owner(turns: Sequence[SpeakerTurn], turn: SpeakerTurn) -> int | None:
    """Return who had most of a turn."""
    near = [each for each in turns if each.start < turn.end and each.end > turn.start]
    shared = [(min(each.end, turn.end) - max(each.start, turn.start), each.speaker) for each in near]
    return max(shared, default=(0, None))[1]


def _following(heard: _Heard, taken: Mapping[int, int]) -> _Heard:
    """Let the turns of speakers from whom one was taken go with it if they are as like it as turns of one voice are."""
    present = np.unique(heard.labels_N)
    for place, old in taken.items():
        own_N, _ = _own_and_others(heard, present)
        usual = max(LEAST_OWN, float(np.average(np.clip(own_N, 0, 1), weights=heard.seconds_N)))
        row = int(np.flatnonzero(heard.places_N == place)[0])
        to_taken_N = heard.units_ND @ heard.units_ND[row] / usual + FOLLOWING_BONUS
        goes_N = (heard.labels_N == old) & ~heard.is_decided_N & (to_taken_N > np.maximum(own_N, LEAST_FOLLOWING))
        heard = replace(heard, labels_N=np.where(goes_N, heard.labels_N[row], heard.labels_N))
    return heard


def _likeness(heard: _Heard, present: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return how much each turn is like each of these speakers, (N, C): like their voice, and like what was decided."""
    weights_CN = (heard.labels_N == present[:, None]) * heard.weights
    likeness_NC = heard.units_ND @ units_of(weights_CN @ heard.units_ND).T
    for column, speaker in enumerate(present):
        decided = np.flatnonzero(heard.is_decided_N & (heard.labels_N == speaker))
        if len(decided):
            to_one = (heard.units_ND @ heard.units_ND[decided].T).max(1)
            likeness_NC[:, column] += LIKE_ONE * np.maximum(0, to_one - likeness_NC[:, column])
    return likeness_NC


def doubtful_turns(speakers: Speakers, embeddings: TurnEmbeddings | None) -> list[DoubtfulTurn]:
    """Return the turns that a person should listen to, the most useful first: long ones, whose voice is doubtful.

    Where it was not kept what the turns sound like, their likeness alone tells.
    """
    if len(speakers.numbers) < 2:
        return []
    if embeddings is None:
        return _hardly_alike(speakers)
    heard = _Heard.of(speakers.turns, embeddings)
    present = np.unique(heard.labels_N)
    if len(present) < 2:
        return []
    own_N, others_NC = _own_and_others(heard, present)
    doubt_N = np.clip(1 - (own_N - others_NC.max(1)) / CLEAR_MARGIN, 0, MOST_DOUBT)
    doubt_N[heard.is_decided_N | (heard.seconds_N < LEAST_SECONDS) | (doubt_N < LEAST_DOUBT)] = 0
    use_N = doubt_N * np.sqrt(heard.seconds_N)
    chosen = [row for row in np.argsort(-use_N, kind="stable")[:MOST_DOUBTS].tolist() if use_N[row]]
    order = {row: present[np.argsort(-others_NC[row], kind="stable")].tolist() for row in chosen}
    silent = [number for number in speakers.numbers if number not in present]
    return [_doubt(speakers.turns[heard.places_N[row]], [*order[row], *silent]) for row in chosen]


def _own_and_others(
    heard: _Heard, present: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return how much each turn is like the other turns of its speaker, and like each other speaker."""
    sums_CD = ((heard.labels_N == present[:, None]) * heard.weights) @ heard.units_ND
    column_N, every = np.searchsorted(present, heard.labels_N), np.arange(len(heard.labels_N))
    rest_ND = sums_CD[column_N] - heard.weights[:, None] * heard.units_ND
    others_NC = (heard.units_ND @ units_of(sums_CD).T).astype(np.float32)
    others_NC[every, column_N] = NOT_ALIKE
    own_N: npt.NDArray[np.float32] = (units_of(rest_ND) * heard.units_ND).sum(1)
    return own_N, others_NC


def _hardly_alike(speakers: Speakers) -> list[DoubtfulTurn]:
    """Return the turns with the least likeness."""
    doubtful = [
        turn
        for turn in speakers.turns
        if not turn.is_decided and turn.end - turn.start >= LEAST_SECONDS and turn.likeness < 1 - LEAST_DOUBT
    ]
    by_time = sorted(speakers.numbers, key=speakers.seconds_of, reverse=True)
    return [_doubt(turn, by_time) for turn in sorted(doubtful, key=lambda turn: turn.likeness)[:MOST_DOUBTS]]


def _doubt(turn: SpeakerTurn, order: Sequence[int]) -> DoubtfulTurn:
    return DoubtfulTurn(turn, tuple(number for number in order if number != turn.speaker))
