"""Prefix beam search and attention rescoring against WeNet's results and against sums over all paths."""

import itertools
import json
import math

import numpy as np
import pytest
import torch

from app.engine.checkpoint import load_checkpoint
from app.engine.decoding import EncodedBatch
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.decoding.rescoring import RescoringDecoder
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
    assert {candidate.tokens: math.exp(candidate.score) for candidate in found} == pytest.approx(
        sums, abs=1e-6
    )


def test_a_forbidden_token_is_never_found():
    log_probs = torch.full((1, 5, 3), -math.inf)
    log_probs[..., 0] = log_probs[..., 1] = math.log(0.5)
    batch = EncodedBatch(torch.zeros(1, 5, 1), log_probs, torch.tensor([5]))
    [found] = PrefixBeamDecoder(0, 10).candidates(batch)
    assert {token for candidate in found for token in candidate.tokens} == {1}


def test_a_recording_without_frames_has_no_text():
    batch = EncodedBatch(torch.zeros(1, 1, 16), torch.zeros(1, 1, 17), torch.tensor([0]))
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
        alone = EncodedBatch(
            encoded[row : row + 1, :length], log_probs[row : row + 1, :length], lengths[row : row + 1]
        )
        [found] = decoder.rescore(alone)
        assert found.candidate.tokens == expected.candidate.tokens
        assert found.score == pytest.approx(expected.score, abs=1e-4)
