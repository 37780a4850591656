"""The attention decoders: they score each token of a whole text against the encoded frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.engine.conformer.attention import MultiHeadAttention
from app.engine.conformer.config import DecoderConfig
from app.engine.conformer.layers import FeedForward
from app.engine.conformer.positions import Positions


class DecoderBlock(nn.Module):
    """Self-attention to previous tokens, cross-attention to the frames, and a feed-forward layer."""

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

    def forward(self, x_BND: Tensor, token_bias: Tensor, memory_BTD: Tensor, memory_bias: Tensor) -> Tensor:
        y_BND = self._before(self.norm1, x_BND)
        x_BND = self._after(self.norm1, x_BND + self.dropout(self.self_attn(y_BND, y_BND, token_bias)))
        y_BND = self.src_attn(self._before(self.norm2, x_BND), memory_BTD, memory_bias)
        x_BND = self._after(self.norm2, x_BND + self.dropout(y_BND))
        y_BND = self.feed_forward(self._before(self.norm3, x_BND))
        return self._after(self.norm3, x_BND + self.dropout(y_BND))

    def _before(self, norm: nn.Module, x_BND: Tensor) -> Tensor:
        return norm(x_BND) if self.normalize_before else x_BND

    def _after(self, norm: nn.Module, x_BND: Tensor) -> Tensor:
        return x_BND if self.normalize_before else norm(x_BND)


class TransformerDecoder(nn.Module):
    """Reads in one direction, given by the order of its input tokens."""

    def __init__(self, vocabulary_size: int, width: int, num_blocks: int, config: DecoderConfig) -> None:
        super().__init__()
        self.normalize_before = config.normalize_before
        positions = Positions("abs_pos", width, config.positional_dropout_rate)
        self.embed = nn.Sequential(nn.Embedding(vocabulary_size, width), positions)
        self.decoders = nn.ModuleList(DecoderBlock(width, config) for _ in range(num_blocks))
        self.after_norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.output_layer = nn.Linear(width, vocabulary_size)

    def forward(
        self,
        memory_BTD: Tensor,
        memory_lengths_B: Tensor,
        tokens_BN: Tensor,
        places_BN: Tensor,
        seen_BNN: Tensor,
    ) -> Tensor:
        """Return the hidden states after each token (B, N, D); `logits` converts them to scores of the next token.

        Args:
            memory_BTD: encoded frames, projected once for all texts of a recording.
            memory_lengths_B: number of valid frames.
            tokens_BN: the tokens of all texts of a recording, <sos> first.
            places_BN: position of each token in its text, from 0.
            seen_BNN: true where the first token sees the second: itself and the tokens before it in its text.
        """
        memory_bias = _hide(_padding(memory_lengths_B, memory_BTD.shape[1])[:, None, None], memory_BTD)
        x_BND, _ = self.embed[1](self.embed[0](tokens_BN), places_BN)
        token_bias = _hide(~seen_BNN[:, None], x_BND)
        for block in self.decoders:
            x_BND = block(x_BND, token_bias, memory_BTD, memory_bias)
        return self.after_norm(x_BND) if self.normalize_before else x_BND

    def logits(self, x_RD: Tensor) -> Tensor:
        """Return (R, V) in single precision."""
        return self.output_layer(x_RD).float()


class BiTransformerDecoder(nn.Module):
    """One decoder that reads forwards and one that reads backwards (Wu et al. 2021, "U2++")."""

    def __init__(self, vocabulary_size: int, width: int, config: DecoderConfig) -> None:
        super().__init__()
        self.left_decoder = TransformerDecoder(vocabulary_size, width, config.num_blocks, config)
        self.right_decoder = TransformerDecoder(vocabulary_size, width, config.r_num_blocks, config)


def decoder(vocabulary_size: int, width: int, config: DecoderConfig) -> TransformerDecoder | BiTransformerDecoder:
    """Build the decoder that the configuration names."""
    if config.kind == "bitransformer":
        return BiTransformerDecoder(vocabulary_size, width, config)
    return TransformerDecoder(vocabulary_size, width, config.num_blocks, config)


def _padding(lengths_B: Tensor, size: int) -> Tensor:
    return torch.arange(size, device=lengths_B.device) >= lengths_B[:, None]


def _hide(hidden: Tensor, like: Tensor) -> Tensor:
    return torch.zeros(hidden.shape, dtype=like.dtype, device=like.device).masked_fill(hidden, float("-inf"))
