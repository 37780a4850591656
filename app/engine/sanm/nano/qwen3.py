"""Qwen3, the language model of Fun-ASR-Nano.

Sources: Yang et al., "Qwen3 Technical Report", 2025; rotary positions: Su et al., "RoFormer", 2021. Parameter names are
those of its published weights. Shape suffixes as in this package; G heads of keys and values, S all frames or tokens so
far, I the inner width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config_values import UnsupportedConfig, positive, require

Memory: TypeAlias = tuple[Tensor, Tensor]
"""Keys and values of a layer so far (B, G, S, K)."""

ONLY_VALUE: Mapping[str, object] = {
    "model_type": "qwen3",
    "hidden_act": "silu",
    "attention_bias": False,
    "use_sliding_window": False,
}
DEFAULT_THETA = 10_000.0
ORDINARY_ROPE = (None, "default")


@dataclass(frozen=True, slots=True)
class Qwen3Config:
    """The keys of its config.json."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float
    """Base of the rotary frequencies."""
    is_tied: bool
    """Input and output embeddings are shared."""
    ends: frozenset[int]
    """Tokens that end a text."""


def qwen3_config(values: Mapping[str, Any]) -> Qwen3Config:
    """Read the configuration; raise UnsupportedConfig for another network, or what this one lacks."""
    for name, value in ONLY_VALUE.items():
        require(values.get(name, value), (value,), name)
    rope = values.get("rope_parameters") or values.get("rope_scaling") or {}
    if not isinstance(rope, Mapping):
        raise UnsupportedConfig("rope_parameters is not a table of keys and values")
    require(rope.get("rope_type", rope.get("type")), ORDINARY_ROPE, "rope_type")
    heads, groups = positive(values, "num_attention_heads"), positive(values, "num_key_value_heads")
    width = positive(values, "hidden_size")
    head_dim = values.get("head_dim") or width // heads
    if heads % groups or not isinstance(head_dim, int) or head_dim % 2:
        raise UnsupportedConfig(f"{heads} heads of width {head_dim!r} do not share {groups} keys and values")
    ends = values.get("eos_token_id")
    return Qwen3Config(
        vocab_size=positive(values, "vocab_size"),
        hidden_size=width,
        intermediate_size=positive(values, "intermediate_size"),
        num_hidden_layers=positive(values, "num_hidden_layers"),
        num_attention_heads=heads,
        num_key_value_heads=groups,
        head_dim=head_dim,
        rms_norm_eps=_number(values, "rms_norm_eps", 1e-6),
        rope_theta=_number(values, "rope_theta", _number(rope, "rope_theta", DEFAULT_THETA)),
        is_tied=bool(values.get("tie_word_embeddings", False)),
        ends=frozenset(end for end in (ends if isinstance(ends, list) else [ends]) if isinstance(end, int)),
    )


def _number(values: Mapping[str, Any], key: str, default: float) -> float:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise UnsupportedConfig(f"{key} is {value!r}, not a number above 0")
    return float(value)


class RmsNorm(nn.Module):
    """Divides by the root of the mean square, in single precision."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)).to(x.dtype)


class Attention(nn.Module):
    """Causal attention in which several heads share keys and values."""

    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        width, head_dim = config.hidden_size, config.head_dim
        self.head_dim = head_dim
        self.shared_by = config.num_attention_heads // config.num_key_value_heads
        self.q_proj = nn.Linear(width, config.num_attention_heads * head_dim, bias=False)
        self.k_proj = nn.Linear(width, config.num_key_value_heads * head_dim, bias=False)
        self.v_proj = nn.Linear(width, config.num_key_value_heads * head_dim, bias=False)
        self.o_proj = nn.Linear(config.num_attention_heads * head_dim, width, bias=False)
        self.q_norm = RmsNorm(head_dim, config.rms_norm_eps)
        self.k_norm = RmsNorm(head_dim, config.rms_norm_eps)

    def forward(
        self, x_BTD: Tensor, turns: tuple[Tensor, Tensor], bias_B1TS: Tensor, before: Memory | None
    ) -> tuple[Tensor, Memory]:
        query_BHTK = turned(self.q_norm(self._heads(self.q_proj(x_BTD))), turns)
        key_BGSK = turned(self.k_norm(self._heads(self.k_proj(x_BTD))), turns)
        value_BGSK = self._heads(self.v_proj(x_BTD))
        if before is not None:
            key_BGSK = torch.cat((before[0], key_BGSK), 2)
            value_BGSK = torch.cat((before[1], value_BGSK), 2)
        out_BHTK = F.scaled_dot_product_attention(
            query_BHTK,
            key_BGSK.repeat_interleave(self.shared_by, 1),
            value_BGSK.repeat_interleave(self.shared_by, 1),
            bias_B1TS,
        )
        return self.o_proj(out_BHTK.transpose(1, 2).flatten(2)), (key_BGSK, value_BGSK)

    def _heads(self, x_BTD: Tensor) -> Tensor:
        return x_BTD.view(*x_BTD.shape[:-1], -1, self.head_dim).transpose(1, 2)


class GatedFeedForward(nn.Module):
    """Two projections, one gating the other, and one back."""

    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x_BTD)) * self.up_proj(x_BTD))


class Block(nn.Module):
    """Attention and a feed-forward layer, with residual connections."""

    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = GatedFeedForward(config)
        self.input_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self, x_BTD: Tensor, turns: tuple[Tensor, Tensor], bias_B1TS: Tensor, before: Memory | None
    ) -> tuple[Tensor, Memory]:
        y_BTD, memory = self.self_attn(self.input_layernorm(x_BTD), turns, bias_B1TS, before)
        x_BTD = x_BTD + y_BTD
        return x_BTD + self.mlp(self.post_attention_layernorm(x_BTD)), memory


class Stack(nn.Module):
    """Maps token vectors to vectors that predict the next token."""

    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.norm = RmsNorm(config.hidden_size, config.rms_norm_eps)


class Qwen3(nn.Module):
    """`model` and `lm_head` under their published names."""

    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        self.config = config
        self.model = Stack(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def tie(self) -> None:
        """Use the input embeddings as output embeddings."""
        weight = self.model.embed_tokens.weight
        with torch.device("meta"):
            self.lm_head = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        self.lm_head.weight = weight

    def embed(self, tokens: Sequence[int]) -> Tensor:
        """Return the vectors of tokens (T, D)."""
        table = self.model.embed_tokens.weight
        return table[torch.tensor(tokens, dtype=torch.long, device=table.device)]

    def forward(
        self, x_BTD: Tensor, is_there_BS: Tensor, memories: Sequence[Memory | None]
    ) -> tuple[Tensor, list[Memory]]:
        """Return scores of the next token (B, V), in single precision, and the memories.

        Args:
            x_BTD: the next vectors.
            is_there_BS: False for padding at the beginning of a row, over all vectors so far.
            memories: of the previous vectors; None if there are none.
        """
        frames = x_BTD.shape[1]
        places_BT = (is_there_BS.long().cumsum(-1) - 1).clamp(min=0)[:, -frames:]
        turns = rotations(places_BT, self.config, x_BTD.dtype)
        bias_B1TS = causal_bias(is_there_BS, frames, x_BTD.dtype)
        kept: list[Memory] = []
        for layer, before in zip(self.model.layers, memories, strict=True):
            x_BTD, memory = layer(x_BTD, turns, bias_B1TS, before)
            kept.append(memory)
        return self.lm_head(self.model.norm(x_BTD[:, -1])).float(), kept


def rotations(places_BT: Tensor, config: Qwen3Config, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return cosine and sine for each position (B, 1, T, K)."""
    halves = torch.arange(0, config.head_dim, 2, dtype=torch.float32, device=places_BT.device)
    rates = 1.0 / config.rope_theta ** (halves / config.head_dim)
    angles_BTK = (places_BT[..., None].float() * rates).repeat(1, 1, 2)
    return angles_BTK.cos()[:, None].to(dtype), angles_BTK.sin()[:, None].to(dtype)


def turned(x_BHTK: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Return the vectors rotated by their positions; each element pairs with that of the other half."""
    cosine, sine = turns
    first, second = x_BHTK.chunk(2, -1)
    return x_BHTK * cosine + torch.cat((-second, first), -1) * sine


def causal_bias(is_there_BS: Tensor, frames: int, dtype: torch.dtype) -> Tensor:
    """Return the bias that hides padding and later vectors from the last `frames` (B, 1, T, S).

    It uses the lowest number, not minus infinity: padding itself sees nothing else, and stays finite.
    """
    size = is_there_BS.shape[1]
    places_S = torch.arange(size, device=is_there_BS.device)
    is_before_TS = places_S[None] <= places_S[size - frames :, None]
    is_seen_BTS = is_before_TS[None] & is_there_BS[:, None]
    bias_BTS = torch.zeros(is_seen_BTS.shape, dtype=dtype, device=is_there_BS.device)
    return bias_BTS.masked_fill(~is_seen_BTS, torch.finfo(dtype).min)[:, None]
