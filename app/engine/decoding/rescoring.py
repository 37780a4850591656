"""Attention rescoring: the decoders score the beam's candidates and choose among them.

Source: Zhang et al., "Unified Streaming and Non-streaming Two-pass End-to-end Model for Speech Recognition", 2020;
with a decoder in each direction Wu et al., "U2++", 2021. Common prefixes are computed once, with the same result: a
token sees only those before it. Shape suffixes: N nodes of a recording's tree, M nodes of all recordings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.engine.conformer import Conformer
from app.engine.conformer.decoder import TransformerDecoder
from app.engine.decoding import Decoded, EncodedBatch
from app.engine.decoding.prefix_beam import Candidate, PrefixBeamDecoder
from app.engine.decoding.text_tree import TextTree

MOST_ROWS = 2048  # rows of vocabulary scores per step: bounds memory for any batch


@dataclass(frozen=True, slots=True)
class Rescored:
    """The chosen text of one recording."""

    candidate: Candidate
    score: float
    """Score of the decoders plus the weighted beam score and the hotword bonus."""
    confidence: float
    """exp of the decoders' mean score per token, 0 to 1."""
    probabilities: tuple[float, ...]
    """Per token, averaged over the decoders."""


class RescoringDecoder:
    """Beam search, then one pass of each decoder over the candidates of all recordings of the batch."""

    name = "attention rescoring"

    def __init__(
        self, model: Conformer, beam: PrefixBeamDecoder, *, ctc_weight: float = 0.5, reverse_weight: float = 0.3
    ) -> None:
        """Set the weights of the beam and the backward decoder.

        The hotword bonus counts in full besides the weighted beam score: in the beam it competes with one
        log-probability, here with 1 + ctc_weight of them, and decoders that agree with the beam do not undo it.
        """
        self._forward, self._backward = model.forward_decoder, model.backward_decoder
        self._sos_id, self._eos_id = model.config.sos_id, model.config.eos_id
        self._beam = beam
        self._ctc_weight = ctc_weight
        self._reverse_weight = reverse_weight if self._backward is not None else 0.0

    def decode(self, batch: EncodedBatch) -> list[Decoded]:
        chosen = self.rescore(batch)
        return [Decoded(best.candidate.tokens, best.candidate.frames, best.probabilities) for best in chosen]

    def rescore(self, batch: EncodedBatch) -> list[Rescored]:
        """Return the best candidate of each recording."""
        found = self._beam.candidates(batch)
        texts = [[candidate.tokens for candidate in candidates] for candidates in found]
        forward = self._read(self._forward, batch, texts)
        backward = self._read(self._backward, batch, [[text[::-1] for text in row] for row in texts])
        return [
            max(map(self._judge, *row), key=lambda rescored: rescored.score)
            for row in zip(found, forward, backward, strict=True)
        ]

    def _read(
        self, decoder: TransformerDecoder | None, batch: EncodedBatch, texts: list[list[tuple[int, ...]]]
    ) -> list[list[list[float]]]:
        """Return, for each text of each recording, the log-probability of every token and finally of its end."""
        if decoder is None or not any(map(any, texts)):  # silence, possibly without a single frame
            return [[[0.0] * (len(text) + 1) for text in row] for row in texts]
        trees = [TextTree.of(row, self._sos_id) for row in texts]
        known_BND = decoder(batch.encoded_BTD, batch.lengths_B, *_inputs(trees, self._eos_id, batch.encoded_BTD.device))
        known_MD = torch.cat([known_ND[: len(tree.tokens)] for known_ND, tree in zip(known_BND, trees, strict=True)])
        asked = _asked(trees, texts, self._eos_id)
        answers = iter(_log_probs(decoder, known_MD, asked))
        return [[[next(answers) for _ in path] for path in tree.paths] for tree in trees]

    def _judge(self, candidate: Candidate, forward: list[float], backward: list[float]) -> Rescored:
        score = sum(forward)
        probabilities = [math.exp(value) for value in forward[:-1]]
        if self._reverse_weight > 0:
            score += self._reverse_weight * (sum(backward) - score)
            from_the_end = [math.exp(value) for value in reversed(backward[:-1])]
            probabilities = [sum(pair) / 2 for pair in zip(probabilities, from_the_end, strict=True)]
        return Rescored(
            candidate,
            score=score + self._ctc_weight * candidate.score + candidate.bonus,
            confidence=math.exp(score / len(forward)),
            probabilities=tuple(probabilities),
        )


def _inputs(trees: Sequence[TextTree], padding: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return tokens (B, N), positions (B, N) and attention mask (B, N, N); padding sees itself."""
    size = max(len(tree.tokens) for tree in trees)
    tokens_BN = torch.full((len(trees), size), padding)
    places_BN = torch.zeros(len(trees), size, dtype=torch.long)
    seen_BNN = torch.eye(size, dtype=torch.bool).repeat(len(trees), 1, 1)
    for row, tree in enumerate(trees):
        count = len(tree.tokens)
        tokens_BN[row, :count] = torch.tensor(tree.tokens)
        places_BN[row, :count] = torch.tensor(tree.places)
        seen_BNN[row, :count, :count] = torch.from_numpy(tree.seen())
    return tokens_BN.to(device), places_BN.to(device), seen_BNN.to(device)


def _asked(trees: Sequence[TextTree], texts: Sequence[Sequence[Sequence[int]]], end: int) -> list[tuple[int, int]]:
    """Return, for each text, its nodes, numbered across all trees, each with the following token."""
    asked: list[tuple[int, int]] = []
    first = 0
    for tree, row in zip(trees, texts, strict=True):
        for path, text in zip(tree.paths, row, strict=True):
            asked += zip((first + node for node in path), (*text, end), strict=True)
        first += len(tree.tokens)
    return asked


def _log_probs(decoder: TransformerDecoder, known_MD: Tensor, asked: Sequence[tuple[int, int]]) -> list[float]:
    """Return the log-probability of each token in `asked` following its node."""
    nodes, tokens = torch.tensor(asked, device=known_MD.device).T
    answers = known_MD.new_empty(len(asked), dtype=torch.float32)
    for first in range(0, len(known_MD), MOST_ROWS):
        logits_RV = decoder.logits(known_MD[first : first + MOST_ROWS])
        here = (nodes >= first) & (nodes < first + MOST_ROWS)
        rows = nodes[here] - first
        answers[here] = logits_RV[rows, tokens[here]] - logits_RV.logsumexp(-1)[rows]
    found: list[float] = answers.tolist()
    return found
