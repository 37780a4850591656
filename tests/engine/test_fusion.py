"""A language model in the prefix beam search, against sums over all paths and an unpruned search."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from app.engine.decoding import EncodedBatch
from app.engine.decoding.fusion import FusedContext
from app.engine.decoding.hotwords import Context
from app.engine.decoding.language_model import NgramModel
from app.engine.decoding.prefix_beam import (
    LEAST_WITH_LANGUAGE_MODEL,
    MORE_WITH_LANGUAGE_MODEL,
    PrefixBeamDecoder,
)
from training.config import LanguageModelConfig
from training.language_model import BOUNDARY, write
from training.ngrams import estimate

NUM_UNITS = 7
SENTENCES = [[3, 4, 5], [3, 4, 6], [3, 4, 5], [4, 5], [5, 6, 3, 4, 5], [6]]


@pytest.fixture(params=[(0.4, 2.0), (1.0, 0.0), (0.5, -1.0)], ids=str)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> NgramModel:
    weight, bonus = request.param
    row = [BOUNDARY]
    for sentence in SENTENCES:
        row += [*sentence, BOUNDARY]
    levels = estimate(np.array(row), num_units=NUM_UNITS, boundary=BOUNDARY, cut=(1, 1, 1))
    write(levels, LanguageModelConfig((), (), weight, bonus), tmp_path / "model.npz")
    return NgramModel.load(tmp_path / "model.npz", NUM_UNITS)


def _worth(model: NgramModel, tokens: tuple[int, ...]) -> float:
    history, worth = model.begin(), 0.0
    for token in tokens:
        history, more = history[token]
        worth += more
    return worth


def _ending(model: NgramModel, tokens: tuple[int, ...]) -> float:
    history = model.begin()
    for token in tokens:
        history, _ = history[token]
    return history.ending


def _batch(log_probs: torch.Tensor) -> EncodedBatch:
    return EncodedBatch(torch.zeros(1, len(log_probs), 1), log_probs[None], torch.tensor([len(log_probs)]))


def test_a_text_scores_all_its_paths_and_its_worth_to_the_language_model(model: NgramModel) -> None:
    log_probs = torch.randn(4, NUM_UNITS, generator=torch.Generator().manual_seed(5)).log_softmax(-1)
    sums: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(NUM_UNITS), repeat=4):
        text = tuple(token for token, _ in itertools.groupby(path) if token)
        probability = math.exp(sum(log_probs[frame, token].item() for frame, token in enumerate(path)))
        sums[text] = sums.get(text, 0.0) + probability
    [found] = PrefixBeamDecoder(0, 5000, model).candidates(_batch(log_probs))
    expected = {t: math.log(p) + _worth(model, t) + _ending(model, t) for t, p in sums.items()}
    assert {c.tokens: c.score for c in found} == pytest.approx(expected, abs=1e-4)
    assert found[0].tokens == max(expected, key=expected.__getitem__)


@pytest.mark.parametrize("size", [1, 3])
def test_what_the_search_passes_over_changes_nothing(model: NgramModel, size: int) -> None:
    for seed in range(8):
        scores = 3 * torch.randn(25, NUM_UNITS, generator=torch.Generator().manual_seed(seed))
        log_probs = scores.log_softmax(-1)
        [found] = PrefixBeamDecoder(0, size, model).candidates(_batch(log_probs))
        expected = _written_out(log_probs, size, model)
        assert {c.tokens: c.score for c in found} == pytest.approx(expected, abs=1e-3)


def _written_out(log_probs: torch.Tensor, size: int, model: NgramModel) -> dict[tuple[int, ...], float]:
    beam: dict[tuple[int, ...], list[float]] = {(): [0.0, -math.inf]}
    for frame in log_probs:
        following: dict[tuple[int, ...], list[float]] = {}
        values, tokens = frame.topk(min(size * MORE_WITH_LANGUAGE_MODEL, NUM_UNITS))
        for value, token in zip(values.tolist(), tokens.tolist(), strict=True):
            for prefix, (blank, last) in beam.items():
                both = float(np.logaddexp(blank, last))
                ways = [((*prefix, token), 1, both)]
                if token == 0:
                    ways = [(prefix, 0, both)]
                elif prefix[-1:] == (token,):
                    ways = [(prefix, 1, last), ((*prefix, token), 1, blank)]
                if token and value <= LEAST_WITH_LANGUAGE_MODEL:
                    ways = [(prefix, 1, last)] if prefix[-1:] == (token,) else []
                for text, place, before in ways:
                    sums = following.setdefault(text, [-math.inf, -math.inf])
                    sums[place] = float(np.logaddexp(sums[place], before + value))
        ranked = sorted(following, key=lambda t: -np.logaddexp(*following[t]) - _worth(model, t))
        beam = {text: following[text] for text in ranked[:size]}
    return {t: float(np.logaddexp(*p)) + _worth(model, t) + _ending(model, t) for t, p in beam.items()}


def test_a_hotword_and_the_language_model_add_up(model: NgramModel) -> None:
    class Hotword(Context):
        """Two nats for every 6; one given back at the end."""

        unfinished = -1.0
        awaited = (6,)

        def __missing__(self, token: int) -> tuple[Context, float]:
            return Hotword(), 2.0 * (token == 6)

    context: Context = FusedContext(Hotword(), model.begin())
    worth = 0.0
    for token in (3, 6):
        assert context.awaited == (6,)
        context, more = context[token]
        worth += more
    assert worth == pytest.approx(_worth(model, (3, 6)) + 2.0)
    assert context.unfinished + context.ending == pytest.approx(_ending(model, (3, 6)) - 1.0)


def test_the_receipt_can_name_the_search(model: NgramModel) -> None:
    assert PrefixBeamDecoder(0, 10, model).name == "prefix beam with 3-gram"
    assert PrefixBeamDecoder(0, 10).name == "prefix beam"
