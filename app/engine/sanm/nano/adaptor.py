"""The adaptor between an encoder and a language model or CTC head: two linear layers and attention blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.attention import split_heads
from app.engine.conformer.config_values import UnsupportedConfig, require, section_of, typed
from app.engine.conformer.inference_optimizer import attend
from app.engine.sanm.layers import FeedForward, attention_bias, padding_of

WITHOUT_EFFECT = frozenset({"freeze", "dropout_rate", "attention_dropout_rate", "encoder_dim", "use_low_frame_rate"})
NORM_EPS = 1e-12


@dataclass(frozen=True, slots=True)
class AdaptorConfig:
    """The keys of audio_adaptor_conf and ctc_decoder_conf, with FunASR's defaults."""

    ffn_dim: int = 2048
    llm_dim: int = 4096
    """Output width."""
    n_layer: int = 2
    attention_heads: int = 8


def adaptor_config(config: Mapping[str, Any], section: str, width: int | None = None) -> AdaptorConfig:
    """Return the shape of an adaptor.

    Args:
        config: of config.yaml.
        section: its key there.
        width: of the language model, if it adapts to one.

    Raises:
        UnsupportedConfig: it needs something that this adaptor lacks.
    """
    values = dict(section_of(config, section))
    require(values.pop("downsample_rate", 2), (1,), f"{section}: downsample_rate")
    known = {"ffn_dim": 2048, "llm_dim": 4096, "n_layer": 2, "attention_heads": 8}
    for name in values:
        if name not in known and name not in WITHOUT_EFFECT:
            raise UnsupportedConfig(f"{section}: the key {name} is not known")
    if width is not None:
        values["llm_dim"] = width
    found = AdaptorConfig(
        **{name: typed(value, known[name], f"{section}: {name}") for name, value in values.items() if name in known}
    )
    if found.llm_dim % found.attention_heads:
        raise UnsupportedConfig(f"{section}: width {found.llm_dim} does not divide into attention_heads")
    return found


class Attention(nn.Module):
    """Plain self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.linear_q = nn.Linear(width, width)
        self.linear_k = nn.Linear(width, width)
        self.linear_v = nn.Linear(width, width)
        self.linear_out = nn.Linear(width, width)

    def forward(self, x_BTD: Tensor, bias: Tensor | None) -> Tensor:
        layers = (self.linear_q, self.linear_k, self.linear_v)
        query_BHTK, key_BHTK, value_BHTK = (split_heads(layer(x_BTD), self.heads) for layer in layers)
        return self.linear_out(attend(query_BHTK, key_BHTK, value_BHTK, bias).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and a feed-forward layer, with residual connections."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = Attention(width, heads)
        self.feed_forward = FeedForward(width, width // 4)
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)

    def forward(self, x_BTD: Tensor, bias: Tensor | None) -> Tensor:
        x_BTD = x_BTD + self.self_attn(self.norm1(x_BTD), bias)
        return x_BTD + self.feed_forward(self.norm2(x_BTD))


class Adaptor(nn.Module):
    """Maps encoded frames to as many vectors of another width."""

    def __init__(self, in_width: int, config: AdaptorConfig) -> None:
        super().__init__()
        self.linear1 = nn.Linear(in_width, config.ffn_dim)
        self.linear2 = nn.Linear(config.ffn_dim, config.llm_dim)
        self.blocks = nn.ModuleList(Block(config.llm_dim, config.attention_heads) for _ in range(config.n_layer))

    def forward(self, encoded_BTD: Tensor, lengths_B: Tensor) -> Tensor:
        """Return (B, T, D); frames after a length are meaningless."""
        x_BTD = self.linear2(F.relu(self.linear1(encoded_BTD)))
        bias = attention_bias(padding_of(lengths_B, x_BTD.shape[1]), x_BTD.dtype)
        for block in self.blocks:
            x_BTD = block(x_BTD, bias)
        return x_BTD
