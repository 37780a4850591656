"""The convolution module (Gulati et al. 2020, section 2.2): gate, depthwise convolution, norm, activation."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config import EncoderConfig
from app.engine.conformer.layers import ACTIVATIONS


class ConvolutionModule(nn.Module):
    """Sees the neighbours of each frame; padded frames are silenced before and after."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width, kernel, bias = config.output_size, config.cnn_module_kernel, config.conv_bias
        self.left_context = kernel - 1 if config.causal else 0
        self.seal_padding = config.seal_padding and not config.causal
        padding = 0 if config.causal else (kernel - 1) // 2
        self.pointwise_conv1 = nn.Conv1d(width, 2 * width, 1, bias=bias)
        self.depthwise_conv = nn.Conv1d(width, width, kernel, padding=padding, groups=width, bias=bias)
        self.norm = _norm(config.cnn_module_norm, width, config.conv_norm_eps)
        self.activation = ACTIVATIONS[config.activation_type]()
        self.pointwise_conv2 = nn.Conv1d(width, width, 1, bias=bias)

    def forward(self, x_BTD: Tensor, padding_BT: Tensor) -> Tensor:
        """Return (B, T, D); `padding_BT` is True on frames after the end of a recording."""
        x_BDT = x_BTD.transpose(1, 2).masked_fill(padding_BT[:, None], 0.0)
        # WeNet pads a causal module before its gate: the bias of the first layer reaches the padding too
        x_BDT = F.pad(x_BDT, (self.left_context, 0))
        x_BDT = F.glu(self.pointwise_conv1(x_BDT), dim=1)
        if self.seal_padding:
            x_BDT = x_BDT.masked_fill(padding_BT[:, None], 0.0)
        x_BDT = self.depthwise_conv(x_BDT)
        x_BDT = self.pointwise_conv2(self.activation(self._normalise(x_BDT)))
        return x_BDT.masked_fill(padding_BT[:, None], 0.0).transpose(1, 2)

    def _normalise(self, x_BDT: Tensor) -> Tensor:
        if isinstance(self.norm, nn.LayerNorm):
            return self.norm(x_BDT.transpose(1, 2)).transpose(1, 2)
        return self.norm(x_BDT)


def _norm(kind: str, width: int, eps: float) -> nn.Module:
    return nn.BatchNorm1d(width, eps=eps) if kind == "batch_norm" else nn.LayerNorm(width, eps=eps)
