"""Rewrites a network for inference: fewer, larger and packed operations with the same result.

A frozen network's parameters differ from its checkpoint; it cannot be trained, saved, moved or converted any more.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.computing.linear import LinearLayer
from app.engine.conformer.attention import MultiHeadAttention, RelativeAttention, place_bias, split_heads
from app.engine.conformer.chunked import PiecewiseSubsampling
from app.engine.conformer.config import EncoderConfig
from app.engine.conformer.convolution import PointwiseConvolution
from app.engine.conformer.decoder import DecoderBlock
from app.engine.conformer.encoder import ConformerBlock, TransformerBlock
from app.engine.conformer.layers import FeedForward
from app.engine.conformer.subsampling import ConvolutionalSubsampling

CACHED_FRAMES = 2048
"""Positions projected once and cached: 80 s at 40 ms per frame, 2 MB per layer of width 256."""
BLOCK_SCORES = 1_500_000  # attention scores per block in bfloat16: 3 MB
FEWEST_QUERIES = 32


@torch.no_grad()
def freeze(model: nn.Module, config: EncoderConfig, linear: LinearLayer) -> None:
    """Rewrite the network in place, on its device and in its precision.

    Args:
        model: a Conformer with its final weights, on its device.
        config: of its encoder.
        linear: creates its linear layers.
    """
    model.requires_grad_(requires_grad=False)
    for module in list(model.modules()):
        embed = getattr(module, "embed", None)
        if isinstance(embed, ConvolutionalSubsampling):
            module.embed = PiecewiseSubsampling(embed, config)
    for module in list(model.modules()):
        if isinstance(module, ConformerBlock | TransformerBlock | DecoderBlock):
            module.add_module("self_attn", _joined(module.self_attn))
        elif isinstance(module, FeedForward):
            module.add_module("w_1", linear(module.w_1.weight, module.w_1.bias, module.activation))
            module.activation = nn.Identity()
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, PointwiseConvolution):
                module.add_module(name, linear(layer.weight[..., 0], layer.bias, None))
    freeze_linear_layers(model, linear)


@torch.no_grad()
def freeze_linear_layers(model: nn.Module, linear: LinearLayer) -> None:
    """Replace the remaining plain linear layers, in place."""
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, nn.Linear):
                module.add_module(name, linear(layer.weight, layer.bias, None))
    model.eval()


def attend(query_BHTK: Tensor, key_BHSK: Tensor, value_BHSK: Tensor, bias: Tensor | None) -> Tensor:
    """Return scaled dot-product attention, computed the fastest way for the tensors' device."""
    compute = attend_in_halves if _in_halves_on_cpu(query_BHTK) else F.scaled_dot_product_attention
    return compute(query_BHTK, key_BHSK, value_BHSK, bias)


class JoinedAttention(nn.Module):
    """Self-attention with one projection to queries, keys and values."""

    def __init__(self, plain: MultiHeadAttention) -> None:
        super().__init__()
        self.heads = plain.heads
        self.linear_qkv = _stacked(plain.linear_q, plain.linear_k, plain.linear_v)
        self.linear_out = plain.linear_out

    def forward(
        self,
        x_BTD: Tensor,
        _memory_BTD: Tensor,
        bias: Tensor | None,
        positions_1TD: Tensor | None = None,
    ) -> Tensor:
        """Return (B, T, D); see MultiHeadAttention. The memory equals the queries."""
        parts = self.linear_qkv(x_BTD).chunk(3, -1)
        query_BHTK, key_BHTK, value_BHTK = (split_heads(part, self.heads) for part in parts)
        key_BHTK, bias = self._place(key_BHTK, bias, positions_1TD)
        out_BHTK = attend(query_BHTK, key_BHTK, value_BHTK, bias)
        return self.linear_out(out_BHTK.transpose(1, 2).flatten(2))

    def _place(
        self, key_BHTK: Tensor, bias: Tensor | None, positions_1TD: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        del positions_1TD
        return key_BHTK, bias


class JoinedRelativeAttention(JoinedAttention):
    """Relative attention with u folded into the bias of the queries, and positions projected once."""

    def __init__(self, plain: RelativeAttention) -> None:
        super().__init__(plain)
        self.linear_qkv.bias[: plain.pos_bias_u.numel()] += plain.pos_bias_u.flatten()
        self.linear_pos = plain.linear_pos
        self.pos_bias = nn.Parameter(plain.pos_bias_v - plain.pos_bias_u, requires_grad=False)
        self._kept: tuple[Tensor, Tensor] | None = None

    def _place(
        self, key_BHTK: Tensor, bias: Tensor | None, positions_1TD: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        if positions_1TD is None:
            raise TypeError("relative attention needs positions")
        place_1HTK, bias_1H1T = self._places(positions_1TD)
        return key_BHTK + place_1HTK, bias_1H1T if bias is None else bias_1H1T + bias

    def _places(self, positions_1TD: Tensor) -> tuple[Tensor, Tensor]:
        frames = positions_1TD.shape[1]
        if frames > CACHED_FRAMES:
            return self._project(positions_1TD)
        if self._kept is None or self._kept[0].shape[2] < frames:
            self._kept = self._project(positions_1TD)
        place_1HTK, bias_1H1T = self._kept
        return place_1HTK[:, :, :frames], bias_1H1T[..., :frames]

    def _project(self, positions_1TD: Tensor) -> tuple[Tensor, Tensor]:
        place_1HTK = split_heads(self.linear_pos(positions_1TD), self.heads)
        return place_1HTK, place_bias(place_1HTK, self.pos_bias)


def attend_in_halves(query_BHTK: Tensor, key_BHSK: Tensor, value_BHSK: Tensor, bias: Tensor | None) -> Tensor:
    """Same as scaled_dot_product_attention, whose kernel does not profit from bfloat16 on a CPU; this one does.

    The scores are rounded to bfloat16, too. Those of a block of queries fit a processor's cache.
    """
    batch, heads, frames, width = query_BHTK.shape
    keys = key_BHSK.shape[2]
    if bias is None:
        bias = query_BHTK.new_zeros(1, 1, 1, 1)
    bias_NTT = bias.expand(batch, heads, -1, keys).flatten(0, 1)
    query_NTK, value_NTK = query_BHTK.flatten(0, 1), value_BHSK.flatten(0, 1)
    key_NKT = key_BHSK.flatten(0, 1).transpose(1, 2)
    size = max(FEWEST_QUERIES, BLOCK_SCORES // (len(query_NTK) * keys))
    blocks = []
    for start in range(0, frames, size):
        block = slice(start, start + size)
        block_bias = bias_NTT if bias_NTT.shape[1] == 1 else bias_NTT[:, block]
        scores_NTT = torch.baddbmm(block_bias, query_NTK[:, block], key_NKT, alpha=1 / math.sqrt(width))
        blocks.append(scores_NTT.softmax(-1) @ value_NTK)
    return torch.cat(blocks, 1).view(query_BHTK.shape)


def _in_halves_on_cpu(x_BTD: Tensor) -> bool:
    return x_BTD.device.type == "cpu" and x_BTD.dtype == torch.bfloat16


def _joined(plain: MultiHeadAttention) -> JoinedAttention:
    if isinstance(plain, RelativeAttention):
        return JoinedRelativeAttention(plain)
    return JoinedAttention(plain)


def _stacked(*layers: nn.Linear) -> nn.Linear:
    """Return one layer with the outputs of all; missing biases become zeros."""
    width = sum(layer.out_features for layer in layers)
    stacked = nn.Linear(layers[0].in_features, width, device="meta").requires_grad_(requires_grad=False)
    stacked.weight = nn.Parameter(torch.cat([layer.weight for layer in layers]), requires_grad=False)
    biases = [layer.weight.new_zeros(layer.out_features) if layer.bias is None else layer.bias for layer in layers]
    stacked.bias = nn.Parameter(torch.cat(tuple(biases)), requires_grad=False)
    return stacked
