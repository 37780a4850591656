"""The attention decoders: they read a whole text against the encoded frames and say how likely each token is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.engine.conformer.attention import MultiHeadAttention
from app.engine.conformer.config import DecoderConfig
from app.engine.conformer.layers import FeedForward
from app.engine.conformer.positions import Positions


class DecoderBlock(nn.Module):
    """Attention to the tokens before, attention to the frames, and a feed-forward layer."""

    def __init__(self, width: int, config: DecoderConfig) -> None:
        super().__init__()
        self.normalize_before = config.normalize_before
        self.dropout = nn.Dropout(config.dropout_rate)
        self.self_attn = MultiHeadAttention(
            config.attention_heads,
            width,
            config.self_attention_dropout_rate,
            query_bias=config.query_bias,
            key_bias=config.key_bias,
            value_bias=config.value_bias,
        )
        self.src_attn = MultiHeadAttention(
            config.attention_heads,
            width,
            config.src_attention_dropout_rate,
            query_bias=config.src_query_bias,
            key_bias=config.src_key_bias,
            value_bias=config.src_value_bias,
        )
        self.feed_forward = FeedForward(
            width, config.linear_units, config.dropout_rate, config.activation_type, bias=config.mlp_bias
        )
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width, eps=config.norm_eps) for _ in range(3))

    def forward(self, x_RLD: Tensor, token_bias: Tensor, memory_BTD: Tensor, memory_bias: Tensor) -> Tensor:
        y_RLD = self._before(self.norm1, x_RLD)
        x_RLD = self._after(self.norm1, x_RLD + self.dropout(self.self_attn(y_RLD, y_RLD, token_bias)))
        y_RLD = self._attend_to_frames(self._before(self.norm2, x_RLD), memory_BTD, memory_bias)
        x_RLD = self._after(self.norm2, x_RLD + self.dropout(y_RLD))
        y_RLD = self.feed_forward(self._before(self.norm3, x_RLD))
        return self._after(self.norm3, x_RLD + self.dropout(y_RLD))

    def _attend_to_frames(self, x_RLD: Tensor, memory_BTD: Tensor, memory_bias: Tensor) -> Tensor:
        """Put the rows of one recording one after the other: its frames are projected once for all of them."""
        rows_BND = x_RLD.reshape(len(memory_BTD), -1, x_RLD.shape[-1])
        return self.src_attn(rows_BND, memory_BTD, memory_bias).reshape(x_RLD.shape)

    def _before(self, norm: nn.Module, x_RLD: Tensor) -> Tensor:
        return norm(x_RLD) if self.normalize_before else x_RLD

    def _after(self, norm: nn.Module, x_RLD: Tensor) -> Tensor:
        return x_RLD if self.normalize_before else norm(x_RLD)


class TransformerDecoder(nn.Module):
    """Reads in one direction; which one depends on the order of the tokens that it is given."""

    def __init__(self, vocabulary_size: int, width: int, num_blocks: int, config: DecoderConfig) -> None:
        super().__init__()
        self.normalize_before = config.normalize_before
        positions = Positions("abs_pos", width, config.positional_dropout_rate)
        self.embed = nn.Sequential(nn.Embedding(vocabulary_size, width), positions)
        self.decoders = nn.ModuleList(DecoderBlock(width, config) for _ in range(num_blocks))
        self.after_norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.output_layer = nn.Linear(width, vocabulary_size)

    def forward(
        self, memory_BTD: Tensor, memory_lengths_B: Tensor, tokens_RL: Tensor, token_lengths_R: Tensor
    ) -> Tensor:
        """Return logits (R, L, V) of the token after each one, in single precision.

        Args:
            memory_BTD: encoded frames.
            memory_lengths_B: how many of them count.
            tokens_RL: rows that begin with <sos>; R is a multiple of B, and the rows of the first recording
                come first, then as many of the second. Padding may be any valid token.
            token_lengths_R: tokens of each row, with <sos>.
        """
        memory_bias = _hide(_padding(memory_lengths_B, memory_BTD.shape[1])[:, None, None], memory_BTD)
        after_LL = torch.ones(tokens_RL.shape[1], tokens_RL.shape[1], device=tokens_RL.device).triu(1).bool()
        hidden = _padding(token_lengths_R, tokens_RL.shape[1])[:, None, None] | after_LL
        x_RLD, _ = self.embed(tokens_RL)
        token_bias = _hide(hidden, x_RLD)
        for block in self.decoders:
            x_RLD = block(x_RLD, token_bias, memory_BTD, memory_bias)
        if self.normalize_before:
            x_RLD = self.after_norm(x_RLD)
        return self.output_layer(x_RLD).float()


class BiTransformerDecoder(nn.Module):
    """One decoder that reads forwards and one that reads backwards (Wu et al. 2021, "U2++")."""

    def __init__(self, vocabulary_size: int, width: int, config: DecoderConfig) -> None:
        super().__init__()
        self.left_decoder = TransformerDecoder(vocabulary_size, width, config.num_blocks, config)
        self.right_decoder = TransformerDecoder(vocabulary_size, width, config.r_num_blocks, config)


def decoder(
    vocabulary_size: int, width: int, config: DecoderConfig
) -> TransformerDecoder | BiTransformerDecoder:
    """Build the decoder that the configuration names."""
    if config.kind == "bitransformer":
        return BiTransformerDecoder(vocabulary_size, width, config)
    return TransformerDecoder(vocabulary_size, width, config.num_blocks, config)


def _padding(lengths_B: Tensor, size: int) -> Tensor:
    return torch.arange(size, device=lengths_B.device) >= lengths_B[:, None]


def _hide(hidden: Tensor, like: Tensor) -> Tensor:
    return torch.zeros(hidden.shape, dtype=like.dtype, device=like.device).masked_fill(hidden, float("-inf"))
