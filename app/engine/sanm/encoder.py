"""The SAN-M encoder, and SenseVoice's, which adds a second stack of the same blocks."""

from __future__ import annotations

import math

from torch import Tensor, nn

from app.engine.conformer.attention import split_heads
from app.engine.conformer.inference_optimizer import attend
from app.engine.sanm.config import EncoderConfig
from app.engine.sanm.layers import FeedForward, Memory, attention_bias, padding_of, sinusoids


class Attention(nn.Module):
    """Self-attention with a parallel memory of its values."""

    def __init__(self, in_width: int, config: EncoderConfig) -> None:
        super().__init__()
        width = config.output_size
        self.heads = config.attention_heads
        self.linear_q_k_v = nn.Linear(in_width, 3 * width)
        self.linear_out = nn.Linear(width, width)
        self.fsmn_block = Memory(width, config.kernel_size, config.sanm_shfit)

    def forward(self, x_BTD: Tensor, bias: Tensor | None, padding_BT1: Tensor | None) -> Tensor:
        query_BTD, key_BTD, value_BTD = self.linear_q_k_v(x_BTD).chunk(3, -1)
        memory_BTD = self.fsmn_block(value_BTD, padding_BT1)
        query_BHTK, key_BHTK, value_BHTK = (split_heads(part, self.heads) for part in (query_BTD, key_BTD, value_BTD))
        out_BHTK = attend(query_BHTK, key_BHTK, value_BHTK, bias)
        return self.linear_out(out_BHTK.transpose(1, 2).flatten(2)) + memory_BTD


class Block(nn.Module):
    """Attention and a feed-forward layer with residual connections, except where the width changes."""

    def __init__(self, in_width: int, config: EncoderConfig, norm_eps: float) -> None:
        super().__init__()
        width = config.output_size
        self.has_way_around = in_width == width
        self.self_attn = Attention(in_width, config)
        self.feed_forward = FeedForward(width, config.linear_units)
        self.norm1 = nn.LayerNorm(in_width, eps=norm_eps)
        self.norm2 = nn.LayerNorm(width, eps=norm_eps)

    def forward(self, x_BTD: Tensor, bias: Tensor | None, padding_BT1: Tensor | None) -> Tensor:
        y_BTD = self.self_attn(self.norm1(x_BTD), bias, padding_BT1)
        x_BTD = x_BTD + y_BTD if self.has_way_around else y_BTD
        y_BTD = self.feed_forward(self.norm2(x_BTD))
        return x_BTD + y_BTD


class SanmEncoder(nn.Module):
    """Maps features to as many encoded frames; `encoders0` has the first block, which changes the width."""

    norm_eps = 1e-12

    def __init__(self, in_width: int, config: EncoderConfig) -> None:
        super().__init__()
        width = config.output_size
        self.scale = math.sqrt(width)
        self.encoders0 = nn.ModuleList([Block(in_width, config, self.norm_eps)])
        self.encoders = nn.ModuleList(Block(width, config, self.norm_eps) for _ in range(config.num_blocks - 1))
        self.after_norm = nn.LayerNorm(width, eps=self.norm_eps)

    def forward(self, features_BTF: Tensor, lengths_B: Tensor) -> Tensor:
        """Return (B, T, D); frames after a length are meaningless."""
        _, frames, width = features_BTF.shape
        placed_BTF = features_BTF * self.scale + sinusoids(frames, width, features_BTF.device)
        x_BTD = placed_BTF.to(self.after_norm.weight.dtype)
        padding_BT = padding_of(lengths_B, frames)
        bias = attention_bias(padding_BT, x_BTD.dtype)
        padding_BT1 = None if padding_BT is None else padding_BT[..., None]
        return self._stacks(x_BTD, bias, padding_BT1)

    def _stacks(self, x_BTD: Tensor, bias: Tensor | None, padding_BT1: Tensor | None) -> Tensor:
        for block in (*self.encoders0, *self.encoders):
            x_BTD = block(x_BTD, bias, padding_BT1)
        return self.after_norm(x_BTD)


class SenseVoiceEncoder(SanmEncoder):
    """The SAN-M encoder with another stack, `tp_encoders`."""

    norm_eps = 1e-5

    def __init__(self, in_width: int, config: EncoderConfig) -> None:
        super().__init__(in_width, config)
        width = config.output_size
        self.tp_encoders = nn.ModuleList(Block(width, config, self.norm_eps) for _ in range(config.tp_blocks))
        self.tp_norm = nn.LayerNorm(width, eps=self.norm_eps)

    def _stacks(self, x_BTD: Tensor, bias: Tensor | None, padding_BT1: Tensor | None) -> Tensor:
        x_BTD = super()._stacks(x_BTD, bias, padding_BT1)
        for block in self.tp_encoders:
            x_BTD = block(x_BTD, bias, padding_BT1)
        return self.tp_norm(x_BTD)
