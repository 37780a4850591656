"""Attention rescoring: the decoders read the texts that the beam found and choose among them.

Source: Zhang et al., "Unified Streaming and Non-streaming Two-pass End-to-end Model for Speech Recognition", 2020;
with a decoder in each direction Wu et al., "U2++", 2021. Rows R are the candidates of all recordings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from app.engine.conformer import Conformer
from app.engine.conformer.decoder import TransformerDecoder
from app.engine.decoding import Decoded, EncodedBatch
from app.engine.decoding.prefix_beam import Candidate, PrefixBeamDecoder


@dataclass(frozen=True, slots=True)
class Rescored:
    """The chosen text of one recording."""

    candidate: Candidate
    score: float
    """Of the decoders, with the weighted score of the beam."""
    confidence: float
    """exp of the decoders' mean score for one token, 0 to 1."""
    probabilities: tuple[float, ...]
    """Of each token, mean of the decoders."""


class RescoringDecoder:
    """Beam search, then one pass of each decoder over the candidates of all recordings of the batch."""

    name = "attention rescoring"

    def __init__(
        self,
        model: Conformer,
        beam: PrefixBeamDecoder,
        *,
        ctc_weight: float = 0.5,
        reverse_weight: float = 0.3,
    ) -> None:
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
        size = max(map(len, found))
        rows = [row for candidates in found for row in _filled(candidates, size)]
        forward = self._read(self._forward, batch, [row.tokens for row in rows])
        backward = self._read(self._backward, batch, [row.tokens[::-1] for row in rows])
        judged = [self._judge(*row) for row in zip(rows, forward, backward, strict=True)]
        return [
            max(judged[size * index :][: len(candidates)], key=lambda rescored: rescored.score)
            for index, candidates in enumerate(found)
        ]

    def _read(
        self, decoder: TransformerDecoder | None, batch: EncodedBatch, texts: list[tuple[int, ...]]
    ) -> list[list[float]]:
        """Return the log-probability of every token of every text and, last, of its end."""
        if decoder is None:
            return [[] for _ in texts]
        device = batch.encoded_BTD.device
        given_RL = self._padded([(self._sos_id, *text) for text in texts], device)
        wanted_RL = self._padded([(*text, self._eos_id) for text in texts], device)
        lengths_R = torch.tensor([len(text) + 1 for text in texts], device=device)
        logits_RLV = decoder(batch.encoded_BTD, batch.lengths_B, given_RL, lengths_R)
        scores_RL = logits_RLV.float().log_softmax(-1).gather(-1, wanted_RL[..., None])[..., 0]
        return [row[: len(text) + 1] for row, text in zip(scores_RL.tolist(), texts, strict=True)]

    def _padded(self, texts: list[tuple[int, ...]], device: torch.device) -> Tensor:
        rows = [torch.tensor(text, device=device) for text in texts]
        return pad_sequence(rows, batch_first=True, padding_value=self._eos_id)

    def _judge(self, candidate: Candidate, forward: list[float], backward: list[float]) -> Rescored:
        score = sum(forward)
        probabilities = [math.exp(value) for value in forward[:-1]]
        if self._reverse_weight > 0:
            score += self._reverse_weight * (sum(backward) - score)
            from_the_end = [math.exp(value) for value in reversed(backward[:-1])]
            probabilities = [sum(pair) / 2 for pair in zip(probabilities, from_the_end, strict=True)]
        return Rescored(
            candidate,
            score=score + self._ctc_weight * candidate.score,
            confidence=math.exp(score / len(forward)),
            probabilities=tuple(probabilities),
        )


def _filled(candidates: list[Candidate], size: int) -> list[Candidate]:
    """Every recording brings as many rows: the decoder finds the rows of one by their number."""
    return candidates + [Candidate((), (), 0.0)] * (size - len(candidates))
