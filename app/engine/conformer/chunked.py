"""The convolutions of the input layer, computed in chunks that fit the cache: several times as fast."""

from __future__ import annotations

from math import prod
from typing import cast

import torch
from torch import Tensor, nn

from app.engine.conformer.config import EncoderConfig
from app.engine.conformer.subsampling import ConvolutionalSubsampling, Subsampling

PIECE_BYTES = 8 << 20
"""Limit for the first convolution's output, the largest; for processors with 16 to 32 MB of cache."""
PIECE_BYTES_GPU = 512 << 20
"""A GPU is faster with large chunks, but its memory is limited."""
FEWEST_FRAMES = 16  # adjacent chunks share input features: with fewer frames the overlap costs too much


class PiecewiseSubsampling(Subsampling):
    """A frozen ConvolutionalSubsampling. Channels are innermost, also in the columns of the projection."""

    def __init__(self, plain: ConvolutionalSubsampling, config: EncoderConfig) -> None:
        super().__init__(config)
        self.stride = prod(convolution.stride for convolution in plain.convolutions)
        self.conv = plain.conv.to(memory_format=torch.channels_last)
        for layer in self.conv:
            if isinstance(layer, nn.ReLU):
                layer.inplace = True
        first = cast("nn.Conv2d", plain.conv[0])
        self.channels, self.first_strides = first.out_channels, first.stride
        self.projection = _channels_innermost(plain.projection, self.channels)

    def forward(self, features_BTF: Tensor, feature_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return frames (B, T', D) and their positions (1, T', D)."""
        del feature_lengths_B  # frames that see padding are not counted
        features_BTF = self.fill(features_BTF)
        frames = (features_BTF.shape[1] - self.view) // self.stride + 1
        size = self._frames_at_once(features_BTF)
        pieces = [self._piece(features_BTF, start, min(start + size, frames)) for start in range(0, frames, size)]
        return self.pos_enc(pieces[0] if len(pieces) == 1 else torch.cat(pieces, 1))

    def _piece(self, features_BTF: Tensor, start: int, end: int) -> Tensor:
        seen_B1TF = features_BTF[:, None, start * self.stride : (end - 1) * self.stride + self.view]
        x_BCTF = self.conv(seen_B1TF.contiguous(memory_format=torch.channels_last))
        return self.projection(x_BCTF.permute(0, 2, 3, 1).flatten(2))

    def _frames_at_once(self, features_BTF: Tensor) -> int:
        """Return how many output frames keep the first convolution's output within its limit."""
        recordings, _, bins = features_BTF.shape
        rows_apart, bins_apart = self.first_strides
        rows = self.stride // rows_apart  # of that output, for one frame
        row_bytes = recordings * self.channels * (bins // bins_apart) * features_BTF.element_size()
        most = PIECE_BYTES if features_BTF.device.type == "cpu" else PIECE_BYTES_GPU
        return max(FEWEST_FRAMES, most // (rows * row_bytes))


def _channels_innermost(projection: nn.Linear, channels: int) -> nn.Linear:
    """Return the layer for inputs whose columns go through the channels of one frequency before the next."""
    weight_DCF = projection.weight.view(projection.out_features, channels, -1)
    turned = nn.Linear(projection.in_features, projection.out_features, device="meta")
    turned.weight = nn.Parameter(weight_DCF.transpose(1, 2).flatten(1), requires_grad=False)
    turned.bias = projection.bias
    return turned
