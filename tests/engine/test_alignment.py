"""Alignment on log-probabilities with a known best path, and the two searches compared."""

import sys
from types import ModuleType

import pytest
import torch

from app.engine.computing.torchaudio_probe import why_unusable
from app.engine.tokens.alignment import TokenSpan, align, confidence, torchaudio_search, viterbi_search

BLANK = 0


def log_probs(path, vocabulary=6, sure=0.9):
    """Frames that say the tokens of `path`, each with probability `sure`."""
    frames = torch.full((len(path), vocabulary), (1 - sure) / (vocabulary - 1))
    frames[range(len(path)), path] = sure
    return frames.log()


def places(spans):
    return [(span.start_frame, span.end_frame) for span in spans]


def test_each_token_gets_the_frames_where_it_is_said():
    spans = align(log_probs([0, 0, 3, 3, 0, 4, 0, 0, 5, 0]), [3, 4, 5], BLANK)
    assert places(spans) == [(2, 4), (5, 6), (8, 9)]


def test_equal_neighbours_stay_apart():
    assert places(align(log_probs([3, 0, 3, 3]), [3, 3], BLANK)) == [(0, 1), (2, 4)]


def test_the_text_counts_not_the_likeliest_tokens():
    spans = align(log_probs([0, 3, 0, 4, 0]), [3, 5], BLANK)
    assert places(spans)[0] == (1, 2)
    assert spans[0].probability == pytest.approx(0.9)
    assert spans[1].probability == pytest.approx(0.02)


def test_a_token_is_as_probable_as_at_its_likeliest_frame():
    frames = log_probs([3, 3], sure=0.5)
    frames[1, 3] = torch.tensor(0.8).log()
    assert align(frames, [3], BLANK)[0].probability == pytest.approx(0.8)


def test_the_blank_may_be_any_token():
    frames = log_probs([5, 0, 5, 1])
    assert places(align(frames, [0, 1], blank_id=5)) == [(1, 2), (3, 4)]


def test_no_text_has_no_spans():
    assert align(log_probs([0, 0]), [], BLANK) == []
    assert align(torch.zeros(0, 6), [], BLANK) == []
    assert confidence([]) is None


def test_the_confidence_is_the_mean_of_the_tokens():
    assert confidence([TokenSpan(0, 1, 0.5), TokenSpan(2, 3, 1.0)]) == 0.75


def test_a_text_that_does_not_fit_into_the_frames_is_refused():
    assert len(align(log_probs([3, 4, 5]), [3, 4, 5], BLANK)) == 3
    with pytest.raises(ValueError, match="2 tokens need 3 frames, there are 2"):
        align(log_probs([3, 3]), [3, 3], BLANK)


def test_half_precision_is_read_too():
    assert places(align(log_probs([0, 3, 0, 4]).bfloat16(), [3, 4], BLANK)) == [(1, 2), (3, 4)]


@pytest.mark.parametrize("seed", range(20))
def test_both_searches_find_the_same_path(seed):
    search = torchaudio_search()
    if search is None:
        pytest.skip("this torchaudio cannot align")
    generator = torch.Generator().manual_seed(seed)
    frames = int(torch.randint(30, 80, (), generator=generator))
    scores = torch.randn(frames, 9, generator=generator).log_softmax(-1)
    targets = torch.randint(1, 9, (1 + seed,), generator=generator).tolist()
    assert viterbi_search(scores, targets) == search(scores, targets)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_sounds_hold_a_token(frames):
    scores = torch.zeros(frames, 2).log_softmax(-1)
    for search in filter(None, (viterbi_search, torchaudio_search())):
        assert 1 in search(scores, [1])


def test_without_torchaudio_the_spans_are_the_same(monkeypatch):
    frames = log_probs([0, 3, 3, 0, 4, 5, 5, 0, 5])
    expected = align(frames, [3, 4, 5, 5], BLANK)
    torchaudio_search.cache_clear()
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    try:
        assert torchaudio_search() is None
        assert align(frames, [3, 4, 5, 5], BLANK) == expected
    finally:
        torchaudio_search.cache_clear()


def test_frames_may_lie_anyhow_in_memory():
    frames = log_probs([0, 3, 0, 4, 0])
    assert align(frames.T.contiguous().T, [3, 4], BLANK) == align(frames, [3, 4], BLANK)


@pytest.mark.parametrize(
    ("forced_align", "reason"),
    [
        (None, "forced_align"),
        (lambda *_, **__: (torch.tensor([[0, 0, 1, 0, 2]]), None), "a wrong path: [0, 0, 1, 0, 2]"),
    ],
    ids=["absent", "wrong"],
)
def test_a_torchaudio_that_cannot_be_used_is_known_by_a_trial(monkeypatch, forced_align, reason):
    planted = ModuleType("torchaudio.functional")
    if forced_align:
        planted.forced_align = forced_align  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchaudio.functional", planted)

    assert reason in why_unusable()
