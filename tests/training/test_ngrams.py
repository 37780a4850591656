import numpy as np
import pytest

from training.ngrams import Level, bits_of, estimate

BOUNDARY = 2
NUM_UNITS = 7
BITS = bits_of(NUM_UNITS)
SENTENCES = [[3, 4, 5], [3, 4, 6], [3, 4, 5], [4, 5], [5, 6, 3, 4, 5], [6]]


def _units(sentences: list[list[int]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    flat = [BOUNDARY]
    for sentence in sentences:
        flat += [*sentence, BOUNDARY]
    return np.array(flat)


def _probability(levels: list[Level], history: tuple[int, ...], unit: int) -> float:
    """The rule that a reader of the levels follows, written as recursion."""
    key = 0
    for one in (*history, unit):
        key = key << BITS | one
    found = np.flatnonzero(levels[len(history)].keys == key)
    if len(found):
        return float(levels[len(history)].probabilities[found[0]])
    place = np.flatnonzero(levels[len(history) - 1].keys == key >> BITS)
    back_off = float(levels[len(history) - 1].back_offs[place[0]]) if len(place) else 1.0
    return back_off * _probability(levels, history[1:], unit)


@pytest.mark.parametrize("cut", [(1, 1, 1), (1, 1, 2), (1, 2, 2), (1, 9, 9)])
def test_what_may_follow_any_history_has_probability_one_in_all(cut: tuple[int, ...]) -> None:
    levels = estimate(_units(SENTENCES), num_units=NUM_UNITS, boundary=BOUNDARY, cut=cut)
    for history in [(3, 4), (BOUNDARY, 3), (4, 5), (6, 6), (0, 1), (5,), (BOUNDARY,), ()]:
        total = sum(_probability(levels, history, unit) for unit in range(NUM_UNITS))
        assert total == pytest.approx(1, abs=1e-5), history


def test_what_was_seen_is_likelier_than_what_was_not() -> None:
    levels = estimate(_units(SENTENCES), num_units=NUM_UNITS, boundary=BOUNDARY, cut=(1, 1, 1))
    assert _probability(levels, (3, 4), 5) > _probability(levels, (3, 4), 6) > _probability(levels, (3, 4), 0)
    assert _probability(levels, (4, 5), BOUNDARY) > _probability(levels, (3, 4), BOUNDARY)


def test_a_unit_that_follows_only_one_other_is_unlikely_elsewhere() -> None:
    """Kneser and Ney's point: 4 is as frequent as 5, but comes only after 3."""
    sentences = [[3, 4]] * 6 + [[unit, 5] for unit in (3, 4, 5, 6, 3, 6)]
    levels = estimate(_units(sentences), num_units=NUM_UNITS, boundary=BOUNDARY, cut=(1, 1))
    assert _probability(levels, (), 5) > 2 * _probability(levels, (), 4)


def test_cutting_leaves_out_what_was_seen_too_seldom_and_nothing_else() -> None:
    whole = estimate(_units(SENTENCES), num_units=NUM_UNITS, boundary=BOUNDARY, cut=(1, 1, 1))
    cut = estimate(_units(SENTENCES), num_units=NUM_UNITS, boundary=BOUNDARY, cut=(1, 1, 3))
    assert len(cut[1].keys) == len(whole[1].keys)
    kept = [(3, 4, 5), (4, 5, BOUNDARY), (BOUNDARY, 3, 4)]
    assert cut[2].keys.tolist() == sorted((a << BITS | b) << BITS | c for a, b, c in kept)
