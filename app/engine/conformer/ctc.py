"""The CTC head (Graves et al. 2006): log-probabilities of every token at every frame."""

from __future__ import annotations

from torch import Tensor, nn


class CtcHead(nn.Module):
    """One linear layer; the softmax is always computed in single precision."""

    def __init__(self, width: int, vocabulary_size: int) -> None:
        super().__init__()
        self.ctc_lo = nn.Linear(width, vocabulary_size)

    def forward(self, encoded_BTD: Tensor) -> Tensor:
        """Return log-probabilities (B, T, V)."""
        return self.ctc_lo(encoded_BTD).float().log_softmax(-1)
