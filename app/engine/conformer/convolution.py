"""The convolution module (Gulati et al. 2020, section 2.2): gate, depthwise convolution, norm, activation."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config import EncoderConfig
from app.engine.conformer.layers import ACTIVATIONS


class PointwiseConvolution(nn.Conv1d):
    """A convolution of kernel 1 as a linear layer: frames stay rows, and nothing is transposed."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(inputs, outputs, 1, bias=bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Return (B, T, outputs)."""
        return F.linear(x_BTD, self.weight[..., 0], self.bias)


class ConvolutionModule(nn.Module):
    """Mixes neighbouring frames; padded frames are zeroed before and after."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width, kernel, bias = config.output_size, config.cnn_module_kernel, config.conv_bias
        self.left_context = kernel - 1 if config.causal else 0
        self.seal_padding = config.seal_padding and not config.causal
        padding = 0 if config.causal else (kernel - 1) // 2
        self.pointwise_conv1 = PointwiseConvolution(width, 2 * width, bias=bias)
        self.depthwise_conv = nn.Conv1d(width, width, kernel, padding=padding, groups=width, bias=bias)
        self.norm = _norm(config.cnn_module_norm, width, config.conv_norm_eps)
        self.activation = ACTIVATIONS[config.activation_type]()
        self.pointwise_conv2 = PointwiseConvolution(width, width, bias=bias)

    def forward(self, x_BTD: Tensor, padding_BT: Tensor | None) -> Tensor:
        """Return (B, T, D); `padding_BT` is True on frames after the end of a recording, None without any."""
        x_BTD = _silence(x_BTD, padding_BT)
        # WeNet pads a causal module before its gate: the bias of the first layer reaches the padding too
        x_BTD = F.pad(x_BTD, (0, 0, self.left_context, 0))
        x_BTD = F.glu(self.pointwise_conv1(x_BTD), dim=2)
        if self.seal_padding:
            x_BTD = _silence(x_BTD, padding_BT)
        x_BDT = self.depthwise_conv(x_BTD.transpose(1, 2))
        x_BTD = self.pointwise_conv2(self.activation(self._normalise(x_BDT)))
        return _silence(x_BTD, padding_BT)

    def _normalise(self, x_BDT: Tensor) -> Tensor:
        if isinstance(self.norm, nn.LayerNorm):
            return self.norm(x_BDT.transpose(1, 2))
        return self.norm(x_BDT).transpose(1, 2)


def _silence(x_BTD: Tensor, padding_BT: Tensor | None) -> Tensor:
    return x_BTD if padding_BT is None else x_BTD.masked_fill(padding_BT[..., None], 0.0)


def _norm(kind: str, width: int, eps: float) -> nn.Module:
    return nn.BatchNorm1d(width, eps=eps) if kind == "batch_norm" else nn.LayerNorm(width, eps=eps)
