"""Prefix beam search and attention rescoring against WeNet's results and against sums over all paths."""

import itertools
import json
import math

import numpy as np
import pytest
import torch

from app.engine.decoding import EncodedBatch
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.decoding.rescoring import RescoringDecoder
from app.engine.native.checkpoint import load_checkpoint
from tests.engine.tiny_model import tiny_network

PARITY = (
    "conformer-batchnorm",
    "conformer-conv2d6",
    "conformer-conv2d8",
    "conformer-unidecoder",
    "transformer",
    "u2pp-conformer",
)


@pytest.fixture(scope="module", params=PARITY)
def folder(request, shared_dir):
    return shared_dir / "parity" / request.param


@pytest.fixture
def golden_batch(folder):
    arrays = np.load(folder / "golden.npz")
    names = ("encoder_out", "ctc_log_probs", "encoder_lengths")
    return EncodedBatch(*(torch.from_numpy(arrays[name]) for name in names))


@pytest.fixture
def results(folder):
    return json.loads((folder / "golden.json").read_text())


@pytest.mark.shared
def test_the_beam_equals_wenets(golden_batch, results):
    for found, expected in zip(
        PrefixBeamDecoder(0, 10).candidates(golden_batch), results["prefix_beam_10"], strict=True
    ):
        assert [list(candidate.tokens) for candidate in found] == expected["nbest"]
        assert [list(candidate.frames) for candidate in found] == expected["frames"]
        assert [candidate.score for candidate in found] == pytest.approx(expected["scores"], abs=1e-3)


@pytest.mark.shared
@torch.inference_mode()
def test_rescoring_equals_wenets(folder, golden_batch, results):
    expected = results["attention_rescoring"]
    decoder = RescoringDecoder(
        load_checkpoint(folder).model,
        PrefixBeamDecoder(0, 10),
        ctc_weight=expected["ctc_weight"],
        reverse_weight=expected["reverse_weight"],
    )
    for found, best in zip(decoder.rescore(golden_batch), expected["best"], strict=True):
        assert list(found.candidate.tokens) == best["tokens"]
        assert found.score == pytest.approx(best["score"], abs=1e-3)
        assert found.confidence == pytest.approx(best["confidence"], abs=1e-5)


def written_out(log_probs, size):
    """The algorithm as it is in the literature and in WeNet: a dictionary of all prefixes, and no shortcut."""
    beam = {(): (0.0, -math.inf)}  # prefix: log-probability of the paths that end in a blank, and in its last token
    for frame in log_probs:
        following = {}
        for value, token in zip(*(row.tolist() for row in frame.topk(min(size, len(frame)))), strict=True):
            for prefix, (blank, last) in beam.items():
                if token == 0:
                    ways = [(prefix, 0, added(blank, last))]
                elif prefix[-1:] == (token,):
                    ways = [(prefix, 1, last), ((*prefix, token), 1, blank)]
                else:
                    ways = [((*prefix, token), 1, added(blank, last))]
                for text, place, before in ways:
                    sums = following.setdefault(text, [-math.inf, -math.inf])
                    sums[place] = added(sums[place], before + value)
        possible = {text: sums for text, sums in following.items() if added(*sums) > -math.inf}
        ranked = sorted(possible.items(), key=lambda item: -added(*item[1]))
        beam = dict(ranked[:size])
    return [(text, added(*sums)) for text, sums in beam.items()]


def added(first, second):
    return float(np.logaddexp(first, second))


def flat(frames, size, chance):
    return torch.randn(frames, size, generator=chance).log_softmax(-1)


def with_equals(frames, size, chance):
    return torch.randint(-3, 0, (frames, size), generator=chance).float()


def like_speech(frames, size, chance):
    scores = torch.randn(frames, size, generator=chance)
    scores[:, 0] += 8
    scores[::5] += 12 * (torch.rand(len(scores[::5]), size, generator=chance) > 0.7)
    return scores.log_softmax(-1)


@pytest.mark.parametrize("kind", [flat, with_equals, like_speech])
@pytest.mark.parametrize("size", [1, 3, 10])
def test_what_is_passed_over_changes_nothing(kind, size):
    for seed in range(8):
        log_probs = kind(25, 12, torch.Generator().manual_seed(seed))
        batch = EncodedBatch(torch.zeros(1, 25, 1), log_probs[None], torch.tensor([25]))
        [found] = PrefixBeamDecoder(0, size).candidates(batch)
        expected = written_out(log_probs, size)
        assert [candidate.tokens for candidate in found] == [text for text, _ in expected]
        assert [candidate.score for candidate in found] == pytest.approx([score for _, score in expected])


def test_a_frame_in_which_nothing_is_possible_is_passed_over():
    log_probs = torch.full((1, 3, 3), -math.inf)
    log_probs[0, 0, 1] = log_probs[0, 2, 2] = 0.0
    batch = EncodedBatch(torch.zeros(1, 3, 1), log_probs, torch.tensor([3]))
    [found] = PrefixBeamDecoder(0, 10).candidates(batch)
    assert found[0].tokens == (1, 2)


def spoken_by(path, blank=0):
    return tuple(token for token, _ in itertools.groupby(path) if token != blank)


def test_a_wide_beam_sums_every_path():
    log_probs = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(5)).log_softmax(-1)
    sums = {}
    for path in itertools.product(range(3), repeat=4):
        probability = math.exp(sum(log_probs[0, frame, token].item() for frame, token in enumerate(path)))
        sums[spoken_by(path)] = sums.get(spoken_by(path), 0.0) + probability
    batch = EncodedBatch(torch.zeros(1, 4, 1), log_probs, torch.tensor([4]))
    [found] = PrefixBeamDecoder(0, 100).candidates(batch)
    assert {candidate.tokens: math.exp(candidate.score) for candidate in found} == pytest.approx(sums, abs=1e-6)


def test_a_forbidden_token_is_never_found():
    log_probs = torch.full((1, 5, 3), -math.inf)
    log_probs[..., 0] = log_probs[..., 1] = math.log(0.5)
    batch = EncodedBatch(torch.zeros(1, 5, 1), log_probs, torch.tensor([5]))
    [found] = PrefixBeamDecoder(0, 10).candidates(batch)
    assert {token for candidate in found for token in candidate.tokens} == {1}


@pytest.mark.parametrize("padding", [0, 1])
def test_a_recording_without_frames_has_no_text(padding):
    batch = EncodedBatch(torch.zeros(1, padding, 16), torch.zeros(1, padding, 17), torch.tensor([0]))
    beam = PrefixBeamDecoder(0, 4)
    for decoder in (beam, RescoringDecoder(tiny_network(), beam)):
        [found] = decoder.decode(batch)
        assert found.tokens == ()
        assert found.confidence is None


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["transformer", "bitransformer"])
def test_several_recordings_at_once_are_rescored_as_each_alone(kind):
    model = tiny_network(decoder=kind)
    decoder = RescoringDecoder(model, PrefixBeamDecoder(0, 5))
    encoded, log_probs, lengths = model(8 + 3 * torch.randn(3, 90, 80), torch.tensor([90, 60, 8]))
    together = decoder.rescore(EncodedBatch(encoded, log_probs, lengths))
    for row, expected in enumerate(together):
        length = int(lengths[row])
        alone = EncodedBatch(encoded[row : row + 1, :length], log_probs[row : row + 1, :length], lengths[row : row + 1])
        [found] = decoder.rescore(alone)
        assert found.candidate.tokens == expected.candidate.tokens
        assert found.score == pytest.approx(expected.score, abs=1e-4)
