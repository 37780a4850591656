from itertools import product
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.models import ModelFileUnreadable, ModelWeightsMismatch
from app.engine.decoding.language_model import NgramModel
from training.config import LanguageModelConfig
from training.language_model import BOUNDARY, write
from training.ngrams import Level, bits_of, estimate

NUM_UNITS = 7
BITS = bits_of(NUM_UNITS)
SENTENCES = [[3, 4, 5], [3, 4, 6], [3, 4, 5], [4, 5], [5, 6, 3, 4, 5], [6]]
PLAIN = LanguageModelConfig((), (), weight=1.0, bonus=0.0)
ROUNDING = 0.05  # nats for each of the few numbers that are added up


@pytest.fixture(params=[(1, 1, 1), (1, 1, 2), (1, 2, 2, 2)], ids=str)
def levels(request: pytest.FixtureRequest) -> list[Level]:
    row = [BOUNDARY]
    for sentence in SENTENCES:
        row += [*sentence, BOUNDARY]
    return estimate(np.array(row), num_units=NUM_UNITS, boundary=BOUNDARY, cut=request.param)


@pytest.fixture
def file(tmp_path: Path, levels: list[Level]) -> Path:
    write(levels, PLAIN, tmp_path / "language_model.npz")
    return tmp_path / "language_model.npz"


def _log_probability(levels: list[Level], units: tuple[int, ...]) -> float:
    """Of the last unit after all before it, by the definition of a back-off model."""
    units = units[-len(levels) :]
    level = levels[len(units) - 1]
    places = np.flatnonzero(level.keys == _key(units))
    if len(places):
        return float(np.log(level.probabilities[places[0]]))
    shorter = levels[len(units) - 2]
    places = np.flatnonzero(shorter.keys == _key(units[:-1]))
    back_off = float(np.log(shorter.back_offs[places[0]])) if len(places) else 0.0
    return back_off + _log_probability(levels, units[1:])


def _key(units: tuple[int, ...]) -> int:
    key = 0
    for unit in units:
        key = key << BITS | unit
    return key


def test_every_text_is_as_likely_as_the_estimate_says(file: Path, levels: list[Level]) -> None:
    model = NgramModel.load(file, NUM_UNITS)
    for text in product(range(3, NUM_UNITS), repeat=4):
        history = model.begin()
        for number, unit in enumerate(text, 1):
            expected = _log_probability(levels, (BOUNDARY, *text[:number]))
            history, log_prob = history[unit]
            assert log_prob == pytest.approx(expected, abs=4 * ROUNDING)
        expected = _log_probability(levels, (BOUNDARY, *text, BOUNDARY))
        assert history.ending == pytest.approx(expected, abs=4 * ROUNDING)


def test_a_text_of_the_training_is_likelier_than_its_reverse(file: Path) -> None:
    model = NgramModel.load(file, NUM_UNITS)
    assert _worth(model, [3, 4, 5]) > _worth(model, [5, 4, 3]) + 1


def _worth(model: NgramModel, text: list[int]) -> float:
    history, worth = model.begin(), 0.0
    for unit in text:
        history, log_prob = history[unit]
        worth += log_prob
    return worth + history.ending


def test_units_are_worth_their_weighted_probability_and_a_bonus(levels: list[Level], tmp_path: Path) -> None:
    text = [3, 4, 6, 6]
    worths = []
    for weight, bonus in ((1.0, 0.0), (0.5, 2.0)):
        write(levels, LanguageModelConfig((), (), weight, bonus), tmp_path / "some.npz")
        worths.append(_worth(NgramModel.load(tmp_path / "some.npz", NUM_UNITS), text))
    assert worths[1] == pytest.approx(0.5 * worths[0] + 2.0 * len(text))


def test_a_file_for_other_units_is_refused(file: Path) -> None:
    with pytest.raises(ModelWeightsMismatch, match="7 units"):
        NgramModel.load(file, NUM_UNITS + 1)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_a_file_cut_short_is_refused(file: Path, keep: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(ModelFileUnreadable):
        NgramModel.load(file, NUM_UNITS)


def test_columns_that_do_not_fit_together_are_refused(file: Path) -> None:
    with np.load(file) as arrays:
        columns = dict(arrays)
    columns["units_2"] = columns["units_2"][:-1]
    np.savez_compressed(file, allow_pickle=False, **columns)
    with pytest.raises(ModelFileUnreadable):
        NgramModel.load(file, NUM_UNITS)
