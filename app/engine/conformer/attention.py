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
        self,
        queries_BTD: Tensor,
        memory_BSD: Tensor,
        bias: Tensor | None,
        positions_1SD: Tensor | None = None,
    ) -> Tensor:
        """Return (B, T, D).

        Args:
            queries_BTD: input of the queries.
            memory_BSD: input of keys and values; the same for self-attention.
            bias: added to the scores, -inf where masked; broadcasts to (B, H, T, S).
            positions_1SD: positions of the memory; only for relative attention.
        """
        query_BHTK = split_heads(self.linear_q(queries_BTD), self.heads)
        key_BHSK = split_heads(self.linear_k(memory_BSD), self.heads)
        value_BHSK = split_heads(self.linear_v(memory_BSD), self.heads)
        query_BHTK, key_BHSK, bias = self._place(query_BHTK, key_BHSK, bias, positions_1SD)
        dropout = self.dropout_rate if self.training else 0.0
        out_BHTK = F.scaled_dot_product_attention(query_BHTK, key_BHSK, value_BHSK, bias, dropout)
        return self.linear_out(out_BHTK.transpose(1, 2).flatten(2))

    def _place(
        self, query_BHTK: Tensor, key_BHSK: Tensor, bias: Tensor | None, positions_1SD: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Plain attention gets positions only from its input."""
        del positions_1SD
        return query_BHTK, key_BHSK, bias


class RelativeAttention(MultiHeadAttention):
    """Attention with the position terms of Dai et al. 2019 (Transformer-XL), but without their shift.

    WeNet left the shift out, so position j gives every query the same vector p_j and
    (q+u)k + (q+v)p = (q+u)(k+p) + (v-u)p: positions move into the keys, the rest is one number for each key that
    no recording changes, and no (T, T) matrix of position scores is ever made.
    """

    def __init__(self, heads: int, width: int, dropout_rate: float, **biases: bool) -> None:
        super().__init__(heads, width, dropout_rate, **biases)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(zeros(heads, width // heads))
        self.pos_bias_v = nn.Parameter(zeros(heads, width // heads))
        nn.init.xavier_uniform_(self.pos_bias_u)
        nn.init.xavier_uniform_(self.pos_bias_v)

    def places(self, positions_1SD: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the positions add: to the keys p (1, H, S, K), to the scores (v-u)p (1, H, 1, S)."""
        place_1HSK = split_heads(self.linear_pos(positions_1SD), self.heads)
        return place_1HSK, place_bias(place_1HSK, self.pos_bias_v - self.pos_bias_u)

    def _place(
        self, query_BHTK: Tensor, key_BHSK: Tensor, bias: Tensor | None, positions_1SD: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        if positions_1SD is None:
            raise TypeError("relative attention needs positions")
        place_1HSK, place_bias_1H1S = self.places(positions_1SD)
        return (
            query_BHTK + self.pos_bias_u[:, None],
            key_BHSK + place_1HSK,
            place_bias_1H1S if bias is None else place_bias_1H1S + bias,
        )


def split_heads(x_BTD: Tensor, heads: int) -> Tensor:
    """Return (B, H, T, K)."""
    return x_BTD.view(*x_BTD.shape[:2], heads, -1).transpose(1, 2)


def place_bias(place_1HSK: Tensor, pos_bias_HK: Tensor) -> Tensor:
    """Return what each position adds to every score, (1, H, 1, S)."""
    bias_1HS1 = place_1HSK @ pos_bias_HK[..., None]
    return bias_1HS1.transpose(2, 3) / math.sqrt(place_1HSK.shape[-1])
