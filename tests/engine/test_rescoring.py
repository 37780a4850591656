"""Rescoring computes common prefixes once, and keeps what hotwords changed in the beam."""

import math

import pytest
import torch

from app.domain.hotwords import Hotword
from app.engine.decoding import EncodedBatch
from app.engine.decoding.hotwords import ContextGraph
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.decoding.rescoring import RescoringDecoder
from app.engine.decoding.text_tree import TextTree
from app.engine.tokens.tokenizer import Tokenizer
from tests.engine.tiny_model import tiny_network

SOS = 99


def test_what_texts_begin_with_is_one_branch():
    tree = TextTree.of([(5, 6, 7), (5, 6, 8), (5, 6), (), (6,)], SOS)
    assert tree.tokens == (SOS, 5, 6, 7, 8, 6)
    assert tree.parents == (-1, 0, 1, 2, 2, 0)
    assert tree.places == (0, 1, 2, 3, 3, 1)
    assert tree.paths == ((0, 1, 2, 3), (0, 1, 2, 4), (0, 1, 2), (0,), (0, 5))


def test_a_node_sees_itself_and_the_way_to_it():
    seen = TextTree.of([(5, 6), (5, 7)], SOS).seen()
    assert seen.tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, False, True],
    ]


def score_alone(model, decoder, encoded, text):
    """The log-probability of a text that is read by itself, token by token and with its end."""
    config = model.config
    given, wanted = torch.tensor([[config.sos_id, *text]]), [*text, config.eos_id]
    size = given.shape[1]
    seen = torch.ones(1, size, size, dtype=torch.bool).tril()
    known = decoder(encoded, torch.tensor([encoded.shape[1]]), given, torch.arange(size)[None], seen)
    log_probs = decoder.logits(known)[0].log_softmax(-1)
    return sum(log_probs[place, token].item() for place, token in enumerate(wanted))


@torch.inference_mode()
@pytest.mark.parametrize("rows_at_once", [2048, 3])
def test_the_chosen_text_scores_what_it_scores_alone(rows_at_once, monkeypatch):
    monkeypatch.setattr("app.engine.decoding.rescoring.MOST_ROWS", rows_at_once)
    model = tiny_network(decoder="bitransformer")
    encoded, log_probs, lengths = model(8 + 3 * torch.randn(2, 90, 80), torch.tensor([90, 70]))
    decoder = RescoringDecoder(model, PrefixBeamDecoder(0, 6), ctc_weight=0.5, reverse_weight=0.3)
    candidates = PrefixBeamDecoder(0, 6).candidates(EncodedBatch(encoded, log_probs, lengths))
    for row, best in enumerate(decoder.rescore(EncodedBatch(encoded, log_probs, lengths))):
        frames = encoded[row : row + 1, : lengths[row]]
        scores = []
        for candidate in candidates[row]:
            forward = score_alone(model, model.forward_decoder, frames, candidate.tokens)
            backward = score_alone(model, model.backward_decoder, frames, candidate.tokens[::-1])
            scores.append(0.7 * forward + 0.3 * backward + 0.5 * candidate.score)
        assert best.score == pytest.approx(max(scores), abs=1e-3)
        assert best.candidate == candidates[row][scores.index(max(scores))]


@torch.inference_mode()
def test_what_a_hotword_turned_is_not_undone():
    torch.manual_seed(4)
    model = tiny_network()
    log_probs = torch.full((1, 12, model.config.vocabulary_size), math.log(1e-6))
    log_probs[..., 0] = math.log(0.9)
    log_probs[0, 2, [0, 5]] = torch.tensor([1e-3, 0.95]).log()
    log_probs[0, 6, [0, 6, 7]] = torch.tensor([1e-3, 0.9, 0.02]).log()
    batch = EncodedBatch(torch.randn(1, 12, 16), log_probs, torch.tensor([12]))
    units = Tokenizer(tuple(chr(0x4E00 + number) for number in range(model.config.vocabulary_size)))
    graph, _ = ContextGraph.build([Hotword(units.decode([5, 7]))], units)
    decoder = RescoringDecoder(model, PrefixBeamDecoder(0, 10), ctc_weight=2.0)  # this decoder knows nothing
    plain = decoder.rescore(batch)[0]
    turned = decoder.rescore(EncodedBatch(batch.encoded_BTD, log_probs, batch.lengths_B, (graph,)))[0]
    assert plain.candidate.tokens == (5, 6)
    assert turned.candidate.tokens == (5, 7)
    weights = PrefixBeamDecoder(0, 10).candidates(batch)[0]
    without = next(candidate for candidate in weights if candidate.tokens == (5, 7))
    assert turned.candidate.score == pytest.approx(without.score + turned.candidate.bonus, abs=1e-3)
    assert turned.candidate.bonus == pytest.approx(8.0)


@torch.inference_mode()
def test_in_half_precision_scores_stay_numbers():
    model = tiny_network().bfloat16()
    encoded = torch.randn(2, 20, 16).bfloat16()
    log_probs = torch.randn(2, 20, model.config.vocabulary_size).log_softmax(-1)
    decoder = RescoringDecoder(model, PrefixBeamDecoder(0, 5))
    for best in decoder.rescore(EncodedBatch(encoded, log_probs, torch.tensor([20, 9]))):
        assert math.isfinite(best.score)
        assert 0 < best.confidence < 1
