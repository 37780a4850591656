"""The SAN-M decoder: all tokens at once, each from its acoustic vector, its neighbours and the encoded frames.

Source: Gao et al., "Paraformer", 2022. SeACo-Paraformer has a second one, which attends to hotwords instead of frames.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from app.engine.conformer.attention import split_heads
from app.engine.conformer.inference_optimizer import attend
from app.engine.sanm.layers import FeedForward, Memory, attention_bias, padding_of
from app.engine.sanm.paraformer_config import DecoderConfig

NORM_EPS = 1e-12


class SanmDecoder(nn.Module):
    """Maps token vectors to as many hidden states; `output_layer`, if present, maps these to logits."""

    def __init__(self, width: int, config: DecoderConfig, vocabulary_size: int) -> None:
        super().__init__()
        if not config.wo_input_layer:
            self.embed = nn.Sequential(nn.Embedding(vocabulary_size, width))
        self.decoders = nn.ModuleList(
            Block(width, config, config.sanm_shfit, attends=True) for _ in range(config.att_layer_num)
        )
        self.decoders2 = nn.ModuleList(
            Block(width, config, 0, attends=False) for _ in range(max(0, config.num_blocks - config.att_layer_num))
        )
        self.decoders3 = nn.ModuleList([LastBlock(width, config)])
        self.after_norm = _norm(width)
        if config.use_output_layer:
            self.output_layer = nn.Linear(width, vocabulary_size)

    def forward(self, tokens_BUD: Tensor, counts_B: Tensor, memory_BTD: Tensor, lengths_B: Tensor) -> Tensor:
        """Return (B, U, D); values after a count are meaningless.

        Args:
            tokens_BUD: a vector per token.
            counts_B: tokens of each row.
            memory_BTD: encoded frames, or hotwords.
            lengths_B: length of each row's memory.
        """
        padding_BU1, bias = _masks(tokens_BUD, counts_B, memory_BTD, lengths_B)
        for block in (*self.decoders, *self.decoders2):
            tokens_BUD = block(tokens_BUD, padding_BU1, memory_BTD, bias)
        for block in self.decoders3:
            tokens_BUD = block(tokens_BUD)
        return self.after_norm(tokens_BUD)

    def attention(
        self, tokens_BUD: Tensor, counts_B: Tensor, memory_BTD: Tensor, lengths_B: Tensor, depth: int
    ) -> Tensor:
        """Return how much the tokens of each row attend to each memory position, summed (B, T); see forward.

        Uses the heads of block `depth`, counted from 0, or of the last one if there are fewer.
        """
        padding_BU1, bias = _masks(tokens_BUD, counts_B, memory_BTD, lengths_B)
        *lower, looked_at = [block for block in self.decoders if isinstance(block, Block)][: depth + 1]
        for block in lower:
            tokens_BUD = block(tokens_BUD, padding_BU1, memory_BTD, bias)
        weights_BHUT = looked_at.attention(tokens_BUD, padding_BU1, memory_BTD, bias)
        if padding_BU1 is not None:
            weights_BHUT = weights_BHUT.masked_fill(padding_BU1[:, None], 0.0)
        return weights_BHUT.sum((1, 2))


class Block(nn.Module):
    """A feed-forward layer, the memory of neighbouring tokens, and optionally attention."""

    def __init__(self, width: int, config: DecoderConfig, shift: int, *, attends: bool) -> None:
        super().__init__()
        self.feed_forward = NormedFeedForward(width, config.linear_units)
        self.self_attn = Neighbours(width, config.kernel_size, shift)
        self.norm1 = _norm(width)
        self.norm2 = _norm(width)
        self.src_attn = CrossAttention(width, config.attention_heads) if attends else None
        if attends:
            self.norm3 = _norm(width)

    def forward(self, x_BUD: Tensor, padding_BU1: Tensor | None, memory_BTD: Tensor, bias: Tensor | None) -> Tensor:
        x_BUD = self._with_neighbours(x_BUD, padding_BU1)
        if self.src_attn is None:
            return x_BUD
        return x_BUD + self.src_attn(self.norm3(x_BUD), memory_BTD, bias)

    def attention(self, x_BUD: Tensor, padding_BU1: Tensor | None, memory_BTD: Tensor, bias: Tensor | None) -> Tensor:
        """Return the weights of its attention (B, H, U, T), in single precision."""
        if self.src_attn is None:
            raise TypeError("this block attends to nothing")
        return self.src_attn.weights(self.norm3(self._with_neighbours(x_BUD, padding_BU1)), memory_BTD, bias)

    def _with_neighbours(self, x_BUD: Tensor, padding_BU1: Tensor | None) -> Tensor:
        y_BUD = self.feed_forward(self.norm1(x_BUD))
        return x_BUD + self.self_attn(self.norm2(y_BUD), padding_BU1)


class LastBlock(nn.Module):
    """A feed-forward layer alone, without a residual connection."""

    def __init__(self, width: int, config: DecoderConfig) -> None:
        super().__init__()
        self.feed_forward = NormedFeedForward(width, config.linear_units)
        self.norm1 = _norm(width)

    def forward(self, x_BUD: Tensor) -> Tensor:
        return self.feed_forward(self.norm1(x_BUD))


class NormedFeedForward(FeedForward):
    """A feed-forward layer that normalises its hidden activations; the second linear layer has no bias."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(width, hidden)
        self.w_2 = nn.Linear(hidden, width, bias=False)
        self.norm = _norm(hidden)

    def forward(self, x_BUD: Tensor) -> Tensor:
        return self.w_2(self.norm(self.activation(self.w_1(x_BUD))))


class Neighbours(nn.Module):
    """The memory of neighbouring tokens, in place of self-attention."""

    def __init__(self, width: int, kernel_size: int, shift: int) -> None:
        super().__init__()
        self.fsmn_block = Memory(width, kernel_size, shift)

    def forward(self, x_BUD: Tensor, padding_BU1: Tensor | None) -> Tensor:
        return self.fsmn_block(x_BUD, padding_BU1)


class CrossAttention(nn.Module):
    """Attention of the tokens to the memory."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.linear_q = nn.Linear(width, width)
        self.linear_k_v = nn.Linear(width, 2 * width)
        self.linear_out = nn.Linear(width, width)

    def forward(self, x_BUD: Tensor, memory_BTD: Tensor, bias: Tensor | None) -> Tensor:
        query_BHUK, key_BHTK, value_BHTK = self._projected(x_BUD, memory_BTD)
        out_BHUK = attend(query_BHUK, key_BHTK, value_BHTK, bias)
        return self.linear_out(out_BHUK.transpose(1, 2).flatten(2))

    def weights(self, x_BUD: Tensor, memory_BTD: Tensor, bias: Tensor | None) -> Tensor:
        """Return (B, H, U, T), in single precision."""
        query_BHUK, key_BHTK, _ = self._projected(x_BUD, memory_BTD)
        scores_BHUT = query_BHUK.float() @ key_BHTK.float().transpose(-2, -1) / math.sqrt(query_BHUK.shape[-1])
        return (scores_BHUT if bias is None else scores_BHUT + bias).softmax(-1)

    def _projected(self, x_BUD: Tensor, memory_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        key_BTD, value_BTD = self.linear_k_v(memory_BTD).chunk(2, -1)
        query_BHUK, key_BHTK, value_BHTK = (
            split_heads(part, self.heads) for part in (self.linear_q(x_BUD), key_BTD, value_BTD)
        )
        return query_BHUK, key_BHTK, value_BHTK


def _masks(
    tokens_BUD: Tensor, counts_B: Tensor, memory_BTD: Tensor, lengths_B: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Return the padding mask of the tokens (B, U, 1), and the attention bias of the memory."""
    padding_BU = padding_of(counts_B, tokens_BUD.shape[1])
    bias = attention_bias(padding_of(lengths_B, memory_BTD.shape[1]), memory_BTD.dtype)
    return (None if padding_BU is None else padding_BU[..., None]), bias


def _norm(width: int) -> nn.LayerNorm:
    return nn.LayerNorm(width, eps=NORM_EPS)
