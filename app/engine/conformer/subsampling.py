"""Subsampling input layers: fewer frames with a wider receptive field. Lengths are exact: no valid output sees padding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config import EncoderConfig
from app.engine.conformer.config_values import UnsupportedConfig
from app.engine.conformer.positions import Positions


class Convolution(NamedTuple):
    """Sizes of one convolution, the same in time and in frequency if it covers both."""

    kernel: int
    stride: int
    padding: int = 0
    """Zeros before and after."""

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return how many outputs depend only on inputs or the zeros around them."""
        return (inputs + 2 * self.padding - self.kernel) // self.stride + 1


CONVOLUTIONS: dict[str, tuple[Convolution, ...]] = {
    "conv1d2": (Convolution(3, 1, 1), Convolution(3, 2, 1)),
    "conv2d": (Convolution(3, 2), Convolution(3, 2)),
    "conv2d6": (Convolution(3, 2), Convolution(5, 3)),
    "conv2d8": (Convolution(3, 2), Convolution(3, 2), Convolution(3, 2)),
    "dwconv2d8": (Convolution(3, 2), Convolution(3, 2), Convolution(3, 2)),
}


class Subsampling(nn.Module):
    """Base of all input layers: output lengths and positions."""

    convolutions: Sequence[Convolution]

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.convolutions = CONVOLUTIONS.get(config.input_layer, ())
        self.pos_enc = Positions(config.pos_enc_layer_type, config.output_size, config.positional_dropout_rate)

    def lengths(self, feature_lengths_B: Tensor) -> Tensor:
        """Return how many output frames depend only on features."""
        for convolution in self.convolutions:
            feature_lengths_B = convolution.outputs(feature_lengths_B)
        return feature_lengths_B.clamp(min=0)

    def fill(self, features_BTF: Tensor) -> Tensor:
        """Pad inputs too short for one output frame with zeros; their output length stays 0."""
        return F.pad(features_BTF, (0, 0, 0, max(0, self.view - features_BTF.shape[1])))

    @property
    def view(self) -> int:
        """The receptive field of one output frame in feature frames, less what may be zeros around them."""
        view = 1
        for convolution in reversed(self.convolutions):
            view = (view - 1) * convolution.stride + convolution.kernel - 2 * convolution.padding
        return view


class ConvolutionalSubsampling(Subsampling):
    """Convolutions over time and frequency, then one linear layer over the channels of all frequencies."""

    conv: nn.Sequential

    @property
    def projection(self) -> nn.Linear:
        """The linear layer, whatever its name in WeNet's checkpoints."""
        raise NotImplementedError

    def forward(self, features_BTF: Tensor, feature_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return frames (B, T', D) and their positions (1, T', D)."""
        del feature_lengths_B  # frames that see padding are not counted
        x_BCTF = self.conv(self.fill(features_BTF)[:, None])
        return self.pos_enc(self.projection(x_BCTF.transpose(1, 2).flatten(2)))


class ConvolutionSubsampling(ConvolutionalSubsampling):
    """WeNet's conv2d (1/4), conv2d6 (1/6) and conv2d8 (1/8)."""

    def __init__(self, input_dim: int, config: EncoderConfig) -> None:
        super().__init__(config)
        width = config.output_size
        channels = (1, *(width for _ in self.convolutions))
        layers: list[nn.Module] = []
        for (inputs, outputs), sizes in zip(pairwise(channels), self.convolutions, strict=True):
            layers += [nn.Conv2d(inputs, outputs, sizes.kernel, sizes.stride), nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        projection = nn.Linear(width * frequencies(input_dim, self.convolutions), width)
        if config.input_layer == "conv2d":
            self.out = nn.Sequential(projection)
        else:
            self.linear = projection

    @property
    def projection(self) -> nn.Linear:
        """The linear layer, whatever its name in WeNet's checkpoints."""
        return cast("nn.Linear", self.out[0] if hasattr(self, "out") else self.linear)


class DepthwiseSubsampling(ConvolutionalSubsampling):
    """`dwconv2d8`: 1/8 with one full and two depthwise separable convolutions, a third of the cost of conv2d8.

    Source: Rekesh et al., "Fast Conformer with Linearly Scalable Attention", 2023, section 2.1.
    """

    def __init__(self, input_dim: int, config: EncoderConfig) -> None:
        super().__init__(config)
        channels = config.subsampling_channels or config.output_size
        layers: list[nn.Module] = [nn.Conv2d(1, channels, 3, 2), nn.ReLU()]
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, channels, 3, 2, groups=channels),
                nn.Conv2d(channels, channels, 1),
                nn.ReLU(),
            ]
        self.conv = nn.Sequential(*layers)
        self.linear = nn.Linear(channels * frequencies(input_dim, self.convolutions), config.output_size)

    @property
    def projection(self) -> nn.Linear:
        """The linear layer, whatever its name in WeNet's checkpoints."""
        return self.linear


class Conv1dSubsampling(Subsampling):
    """`conv1d2`, Whisper's: 1/2 with two convolutions over time whose channels are the mel bins (Radford et al. 2022).

    The frames at both ends see zeros beyond them. In a batch those after the end of a recording are zeros as well, so
    that it does not depend on its neighbours; WeNet lets what the first convolution makes of them into the second.
    """

    def __init__(self, input_dim: int, config: EncoderConfig) -> None:
        super().__init__(config)
        channels = (input_dim, config.output_size, config.output_size)
        layers: list[nn.Module] = []
        for (inputs, outputs), sizes in zip(pairwise(channels), self.convolutions, strict=True):
            layers += [nn.Conv1d(inputs, outputs, sizes.kernel, sizes.stride, sizes.padding), nn.GELU()]
        self.conv = nn.Sequential(*layers)

    def forward(self, features_BTF: Tensor, feature_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return frames (B, T', D) and their positions (1, T', D)."""
        x_BTF = self.fill(features_BTF)
        padding_B1T = (torch.arange(x_BTF.shape[1], device=x_BTF.device) >= feature_lengths_B[:, None])[:, None]
        first, activation, second, last_activation = self.conv
        x_BDT = activation(first(x_BTF.transpose(1, 2).masked_fill(padding_B1T, 0.0)))
        x_BDT = last_activation(second(x_BDT.masked_fill(padding_B1T, 0.0)))
        return self.pos_enc(x_BDT.transpose(1, 2))


class LinearInput(Subsampling):
    """`linear`: every frame stays."""

    def __init__(self, input_dim: int, config: EncoderConfig) -> None:
        super().__init__(config)
        width = config.output_size
        self.out = nn.Sequential(nn.Linear(input_dim, width), nn.LayerNorm(width), nn.Dropout(config.dropout_rate))

    def forward(self, features_BTF: Tensor, feature_lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return frames (B, T, D) and their positions (1, T, D)."""
        del feature_lengths_B
        return self.pos_enc(self.out(self.fill(features_BTF)))


def input_layer(input_dim: int, config: EncoderConfig) -> Subsampling:
    """Build the input layer that the configuration names."""
    if config.input_layer == "linear":
        return LinearInput(input_dim, config)
    if config.input_layer == "conv1d2":
        return Conv1dSubsampling(input_dim, config)
    if config.input_layer == "dwconv2d8":
        return DepthwiseSubsampling(input_dim, config)
    return ConvolutionSubsampling(input_dim, config)


def frequencies(input_dim: int, convolutions: Sequence[Convolution]) -> int:
    """Return how many frequencies remain of the mel bins."""
    for convolution in convolutions:
        input_dim = (input_dim - convolution.kernel) // convolution.stride + 1
    if input_dim < 1:
        raise UnsupportedConfig("input_dim is too small for this input_layer")
    return input_dim
