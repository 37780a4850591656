"""The encoder: normalised features through the input layer and a stack of Conformer or Transformer blocks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.attention import MultiHeadAttention, RelativeAttention
from app.engine.conformer.config import EncoderConfig
from app.engine.conformer.convolution import ConvolutionModule
from app.engine.conformer.layers import FeedForward
from app.engine.conformer.subsampling import Convolution, input_layer


class GlobalCmvn(nn.Module):
    """Normalises every mel bin to mean 0 and deviation 1 with statistics of the training data.

    Always computed in single precision, whatever the network uses: raw features are far from 0.
    """

    mean: Tensor
    istd: Tensor

    def __init__(self, input_dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(input_dim))
        self.register_buffer("istd", torch.ones(input_dim))  # 1 / deviation

    def forward(self, features_BTF: Tensor) -> Tensor:
        return (features_BTF - self.mean) * self.istd


class ConformerBlock(nn.Module):
    """Half a feed-forward layer, attention, convolution, the other half; each with a residual connection."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.normalize_before = config.normalize_before
        self.scale = 0.5 if config.macaron_style else 1.0
        self.dropout = nn.Dropout(config.dropout_rate)
        if config.macaron_style:
            self.feed_forward_macaron = _feed_forward(config)
            self.norm_ff_macaron = _norm(config)
        self.self_attn = _attention(config)
        self.norm_mha = _norm(config)
        if config.use_cnn_module:
            self.conv_module = ConvolutionModule(config)
            self.norm_conv = _norm(config)
            self.norm_final = _norm(config)
        self.feed_forward = _feed_forward(config)
        self.norm_ff = _norm(config)

    def forward(self, x_BTD: Tensor, bias: Tensor | None, positions_1TD: Tensor, padding_BT: Tensor | None) -> Tensor:
        if hasattr(self, "feed_forward_macaron"):
            y_BTD = self.feed_forward_macaron(self._before(self.norm_ff_macaron, x_BTD))
            x_BTD = self._after(self.norm_ff_macaron, x_BTD.add(self.dropout(y_BTD), alpha=self.scale))
        y_BTD = self._before(self.norm_mha, x_BTD)
        y_BTD = self.self_attn(y_BTD, y_BTD, bias, positions_1TD)
        x_BTD = self._after(self.norm_mha, x_BTD + self.dropout(y_BTD))
        if hasattr(self, "conv_module"):
            y_BTD = self.conv_module(self._before(self.norm_conv, x_BTD), padding_BT)
            x_BTD = self._after(self.norm_conv, x_BTD + self.dropout(y_BTD))
        y_BTD = self.feed_forward(self._before(self.norm_ff, x_BTD))
        x_BTD = self._after(self.norm_ff, x_BTD.add(self.dropout(y_BTD), alpha=self.scale))
        return self.norm_final(x_BTD) if hasattr(self, "norm_final") else x_BTD

    def _before(self, norm: nn.Module, x_BTD: Tensor) -> Tensor:
        return norm(x_BTD) if self.normalize_before else x_BTD

    def _after(self, norm: nn.Module, x_BTD: Tensor) -> Tensor:
        return x_BTD if self.normalize_before else norm(x_BTD)


class TransformerBlock(nn.Module):
    """Attention and a feed-forward layer, each with a residual connection (Vaswani et al. 2017)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.normalize_before = config.normalize_before
        self.dropout = nn.Dropout(config.dropout_rate)
        self.self_attn = _attention(config)
        self.norm1 = _norm(config)
        self.feed_forward = _feed_forward(config)
        self.norm2 = _norm(config)

    def forward(self, x_BTD: Tensor, bias: Tensor | None, positions_1TD: Tensor, padding_BT: Tensor | None) -> Tensor:
        del padding_BT  # only convolutions mix frames
        if self.normalize_before:
            y_BTD = self.norm1(x_BTD)
            x_BTD = x_BTD + self.dropout(self.self_attn(y_BTD, y_BTD, bias, positions_1TD))
            return x_BTD + self.dropout(self.feed_forward(self.norm2(x_BTD)))
        x_BTD = self.norm1(x_BTD + self.dropout(self.self_attn(x_BTD, x_BTD, bias, positions_1TD)))
        return self.norm2(x_BTD + self.dropout(self.feed_forward(x_BTD)))


class Halving(nn.Module):
    """Merges every two frames by a linear layer over both; an odd last one is paired with zeros.

    It is initialised to their mean: frames 20 ms apart are nearly alike, so the following blocks can build on what they
    learned at twice the frame rate.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * width, width)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(width).repeat(1, 2) / 2)
            self.linear.bias.zero_()

    def forward(self, x_BTD: Tensor, padding_BT: Tensor | None) -> Tensor:
        """Return (B, ceil(T / 2), D)."""
        if padding_BT is not None:
            x_BTD = x_BTD.masked_fill(padding_BT[..., None], 0.0)
        if x_BTD.shape[1] % 2:
            x_BTD = F.pad(x_BTD, (0, 0, 0, 1))
        return self.linear(x_BTD.reshape(len(x_BTD), -1, 2 * x_BTD.shape[2]))


class Encoder(nn.Module):
    """Features to encoded frames."""

    def __init__(self, input_dim: int, config: EncoderConfig, *, cmvn: bool = True) -> None:
        super().__init__()
        self.config = config
        self.global_cmvn = GlobalCmvn(input_dim) if cmvn else None
        self.embed = input_layer(input_dim, config)
        block = ConformerBlock if config.kind == "conformer" else TransformerBlock
        self.encoders = nn.ModuleList(block(config) for _ in range(config.num_blocks))
        if config.halve_after_block:
            self.halving = Halving(config.output_size)
        self.after_norm = _norm(config)

    @property
    def convolutions(self) -> tuple[Convolution, ...]:
        """Kernel, stride and padding of every subsampling step, from features to encoded frames."""
        halving = (Convolution(2, 2),) if self.config.halve_after_block else ()
        return (*self.embed.convolutions, *halving)

    def forward(self, features_BTF: Tensor, feature_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return encoded frames (B, T', D) and their lengths (B,); frames beyond a length are undefined."""
        if self.global_cmvn is not None:
            features_BTF = self.global_cmvn(features_BTF)
        x_BTD, positions_1TD = self.embed(features_BTF.to(self.after_norm.weight.dtype), feature_lengths_B)
        lengths_B = self.embed.lengths(feature_lengths_B)
        padding_BT = _padding(lengths_B, x_BTD)
        bias = self._attention_bias(padding_BT, x_BTD)
        for number, block in enumerate(self.encoders, 1):
            x_BTD = block(x_BTD, bias, positions_1TD, padding_BT)
            if number == self.config.halve_after_block:
                x_BTD, lengths_B = self.halving(x_BTD, padding_BT), (lengths_B + 1) // 2
                padding_BT = _padding(lengths_B, x_BTD)
                bias = self._attention_bias(padding_BT, x_BTD)
        if self.config.normalize_before and self.config.final_norm:
            x_BTD = self.after_norm(x_BTD)
        return x_BTD, lengths_B

    def _attention_bias(self, padding_BT: Tensor | None, like_BTD: Tensor) -> Tensor | None:
        """Return -inf where masked: padding, and later chunks for a network with static chunks."""
        hidden = None if padding_BT is None else padding_BT[:, None, None]
        if self.config.static_chunk_size > 0:
            frames_T = torch.arange(like_BTD.shape[1], device=like_BTD.device)
            chunk_T = frames_T // self.config.static_chunk_size
            later_TT = chunk_T[None, :] > chunk_T[:, None]
            hidden = later_TT[None, None] if hidden is None else hidden | later_TT
        if hidden is None:
            return None
        return like_BTD.new_zeros(hidden.shape).masked_fill(hidden, float("-inf"))


def _padding(lengths_B: Tensor, x_BTD: Tensor) -> Tensor | None:
    """Return True on frames after the end of a recording; None, which costs nothing, if all have the same length."""
    padding_BT = torch.arange(x_BTD.shape[1], device=x_BTD.device) >= lengths_B[:, None]
    return padding_BT if padding_BT.any() else None


def _attention(config: EncoderConfig) -> MultiHeadAttention:
    kind = RelativeAttention if config.selfattention_layer_type == "rel_selfattn" else MultiHeadAttention
    return kind(
        config.attention_heads,
        config.output_size,
        config.attention_dropout_rate,
        query_bias=config.query_bias,
        key_bias=config.key_bias,
        value_bias=config.value_bias,
    )


def _feed_forward(config: EncoderConfig) -> FeedForward:
    return FeedForward(
        config.output_size,
        config.linear_units,
        config.dropout_rate,
        config.activation_type,
        bias=config.mlp_bias,
    )


def _norm(config: EncoderConfig) -> nn.LayerNorm:
    return nn.LayerNorm(config.output_size, eps=config.norm_eps)
