"""The interface between log-probabilities and tokens. A new search is a new file here and touches nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.engine.decoding.hotwords import ContextGraph


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """The network's output for a batch. Shape suffixes: B batch, T frames, D width, V vocabulary."""

    encoded_BTD: Tensor
    """For searches that use the attention decoders."""
    log_probs_BTV: Tensor
    """-inf where a token is forbidden."""
    lengths_B: Tensor
    """Number of valid frames."""
    contexts: tuple[ContextGraph | None, ...] = ()
    """The hotwords of each recording; empty if none has any."""

    def rows(self, chosen: Sequence[int]) -> EncodedBatch:
        """Return the batch of only these recordings."""
        if list(chosen) == list(range(len(self.lengths_B))):
            return self
        picked = torch.tensor(chosen, device=self.lengths_B.device)
        return EncodedBatch(
            self.encoded_BTD[picked],
            self.log_probs_BTV[picked],
            self.lengths_B[picked],
            tuple(self.contexts[row] for row in chosen) if self.contexts else (),
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tokens found in one recording."""

    tokens: tuple[int, ...]
    frames: tuple[int, ...]
    """The frame where each token is most likely."""
    probabilities: tuple[float, ...]
    """Of each token at that frame, 0 to 1."""

    @property
    def confidence(self) -> float | None:
        """Mean probability of the tokens; None without tokens."""
        return sum(self.probabilities) / len(self.probabilities) if self.probabilities else None


class Decoder(Protocol):
    """Finds the tokens of each recording of a batch."""

    @property
    def name(self) -> str:
        """Name for the receipt."""
        ...

    def decode(self, batch: EncodedBatch) -> list[Decoded]: ...
