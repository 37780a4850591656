"""Greedy decoding of hand-written log-probabilities."""

import pytest
import torch

from app.engine.decoding import EncodedBatch
from app.engine.decoding.greedy import GreedyDecoder

BLANK = 0


def batch(*rows, lengths=None):
    """Rows of (token, probability) per frame over a vocabulary of four; the rest is shared by the others."""
    probabilities = torch.zeros(len(rows), max(map(len, rows)), 4)
    for index, row in enumerate(rows):
        for frame, (token, probability) in enumerate(row):
            probabilities[index, frame] = (1 - probability) / 3
            probabilities[index, frame, token] = probability
    lengths = torch.tensor(lengths or [len(row) for row in rows])
    return EncodedBatch(torch.zeros(len(rows), 1, 1), probabilities.log(), lengths)


def decode(*rows, lengths=None):
    return GreedyDecoder(BLANK).decode(batch(*rows, lengths=lengths))


def test_repeats_merge_and_a_blank_keeps_two_of_the_same_apart():
    [found] = decode([(1, 0.9), (1, 0.8), (BLANK, 0.9), (1, 0.7), (2, 0.6), (2, 0.6)])
    assert found.tokens == (1, 1, 2)


def test_a_token_stands_at_its_most_likely_frame():
    [found] = decode([(BLANK, 0.9), (1, 0.5), (1, 0.9), (1, 0.7), (2, 0.6)])
    assert found.frames == (2, 4)
    assert found.probabilities == pytest.approx((0.9, 0.6))
    assert found.confidence == pytest.approx(0.75)


def test_blanks_alone_are_no_text_and_have_no_confidence():
    [found] = decode([(BLANK, 0.9)] * 3)
    assert found.tokens == ()
    assert found.confidence is None


def test_frames_after_the_end_say_nothing():
    first, second = decode([(1, 0.9), (2, 0.9)], [(1, 0.9), (2, 0.9)], lengths=[1, 0])
    assert first.tokens == (1,)
    assert second.tokens == ()


def test_the_blank_may_be_any_token():
    found = GreedyDecoder(3).decode(batch([(3, 0.9), (0, 0.9), (3, 0.9)]))
    assert found[0].tokens == (0,)
