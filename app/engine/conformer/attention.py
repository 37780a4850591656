"""Multi-head attention: plain, and with WeNet's relative positions folded into keys and a bias per key."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn, zeros


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention (Vaswani et al. 2017)."""

    def __init__(
        self,
        heads: int,
        width: int,
        dropout_rate: float,
        *,
        query_bias: bool = True,
        key_bias: bool = True,
        value_bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.dropout_rate = dropout_rate
        self.linear_q = nn.Linear(width, width, bias=query_bias)
        self.linear_k = nn.Linear(width, width, bias=key_bias)
        self.linear_v = nn.Linear(width, width, bias=value_bias)
        self.linear_out = nn.Linear(width, width, bias=query_bias)

    def forward(
        self, queries_BTD: Tensor, memory_BSD: Tensor, bias: Tensor, positions_1SD: Tensor | None = None
    ) -> Tensor:
        """Return (B, T, D).

        Args:
            queries_BTD: what asks.
            memory_BSD: what is asked; the same for self-attention.
            bias: added to the scores, -inf where nothing may be seen; broadcasts to (B, H, T, S).
            positions_1SD: where the memory stands; only relative attention needs it.
        """
        query_BHTK = self._split(self.linear_q(queries_BTD))
        key_BHSK = self._split(self.linear_k(memory_BSD))
        value_BHSK = self._split(self.linear_v(memory_BSD))
        key_BHSK, bias = self._place(key_BHSK, bias, positions_1SD)
        dropout = self.dropout_rate if self.training else 0.0
        out_BHTK = F.scaled_dot_product_attention(query_BHTK, key_BHSK, value_BHSK, bias, dropout)
        return self.linear_out(out_BHTK.transpose(1, 2).flatten(2))

    def _place(self, key_BHSK: Tensor, bias: Tensor, positions_1SD: Tensor | None) -> tuple[Tensor, Tensor]:
        """Plain attention knows positions only from its input."""
        del positions_1SD
        return key_BHSK, bias

    def _split(self, x_BTD: Tensor) -> Tensor:
        return x_BTD.view(*x_BTD.shape[:2], self.heads, -1).transpose(1, 2)


class RelativeAttention(MultiHeadAttention):
    """Attention with the position terms of Dai et al. 2019 (Transformer-XL), but without their shift.

    WeNet left the shift out, so position j gives every query the same vector p_j and
    (q+u)k + (q+v)p = q(k+p) + (uk + vp): positions move into the keys, the rest is one number for each key,
    and no (T, T) matrix of position scores is ever made.
    """

    def __init__(self, heads: int, width: int, dropout_rate: float, **biases: bool) -> None:
        super().__init__(heads, width, dropout_rate, **biases)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(zeros(heads, width // heads))
        self.pos_bias_v = nn.Parameter(zeros(heads, width // heads))
        nn.init.xavier_uniform_(self.pos_bias_u)
        nn.init.xavier_uniform_(self.pos_bias_v)

    def _place(self, key_BHSK: Tensor, bias: Tensor, positions_1SD: Tensor | None) -> tuple[Tensor, Tensor]:
        place_1HSK = self._split(self.linear_pos(positions_1SD))
        key_bias_BHS1 = key_BHSK @ self.pos_bias_u[..., None] + place_1HSK @ self.pos_bias_v[..., None]
        key_bias_BH1S = key_bias_BHS1.transpose(2, 3) / math.sqrt(key_BHSK.shape[-1])
        return key_BHSK + place_1HSK, key_bias_BH1S + bias
