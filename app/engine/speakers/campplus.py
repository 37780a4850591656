"""CAM++: one vector per waveform that is alike for the same voice. Knows nothing about recordings or speakers.

Paper: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking", 2023.
The attribute names are those of the published weights. Shape suffixes: B batch, C channels, F mel bins, T frames.
"""

from __future__ import annotations

from itertools import accumulate, repeat

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.features.features import NUM_MEL_BINS

EMBEDDING_SIZE = 192
HEAD_CHANNELS = 32
GROWTH = 32  # channels that each layer of a dense block adds
BOTTLENECK = 4 * GROWTH
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of each dense block
POOLED_FRAMES = 100  # context is averaged over the recording, and over pieces of this length
FREQUENCY_STRIDE = 8  # of the convolutional head


class CamPlusPlus(nn.Module):
    """Returns speaker embeddings of features whose mean over time was subtracted."""

    def __init__(self, embedding_size: int = EMBEDDING_SIZE) -> None:
        super().__init__()
        self.head = ConvolutionalHead()
        self.xvector = nn.Sequential()
        channels = HEAD_CHANNELS * NUM_MEL_BINS // FREQUENCY_STRIDE
        self.xvector.add_module("tdnn", TimeDelayLayer(channels, BOTTLENECK))
        channels = BOTTLENECK
        for number, (layers, dilation) in enumerate(BLOCKS, start=1):
            self.xvector.add_module(f"block{number}", DenseBlock(channels, layers, dilation))
            channels += layers * GROWTH
            self.xvector.add_module(f"transit{number}", Transition(channels, channels // 2))
            channels //= 2
        self.xvector.add_module("out_nonlinear", Activation(channels))
        self.xvector.add_module("stats", StatisticsPooling())
        self.xvector.add_module("dense", EmbeddingLayer(2 * channels, embedding_size))

    def forward(self, features_BTF: Tensor) -> Tensor:
        """Return embeddings (B, embedding_size)."""
        embeddings: Tensor = self.xvector(self.head(features_BTF.transpose(1, 2)))
        return embeddings


class ConvolutionalHead(nn.Module):
    """Convolutions over time and frequency, which an eighth of the frequencies leave."""

    def __init__(self) -> None:
        super().__init__()
        width = HEAD_CHANNELS
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(ResidualBlock(width, stride=2), ResidualBlock(width, stride=1))
        self.layer2 = nn.Sequential(ResidualBlock(width, stride=2), ResidualBlock(width, stride=1))
        self.conv2 = nn.Conv2d(width, width, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, features_BFT: Tensor) -> Tensor:
        x_BCFT = F.relu(self.bn1(self.conv1(features_BFT.unsqueeze(1))))
        x_BCFT = self.layer2(self.layer1(x_BCFT))
        return F.relu(self.bn2(self.conv2(x_BCFT))).flatten(1, 2)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            shrinking = nn.Conv2d(channels, channels, 1, stride=(stride, 1), bias=False)
            self.shortcut = nn.Sequential(shrinking, nn.BatchNorm2d(channels))

    def forward(self, x_BCFT: Tensor) -> Tensor:
        y_BCFT = F.relu(self.bn1(self.conv1(x_BCFT)))
        return F.relu(self.bn2(self.conv2(y_BCFT)) + self.shortcut(x_BCFT))


class Activation(nn.Sequential):
    """Batch normalisation and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.add_module("batchnorm", nn.BatchNorm1d(channels))
        self.add_module("relu", nn.ReLU())


class TimeDelayLayer(nn.Module):
    """Halves the number of frames."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(in_channels, out_channels, 5, stride=2, padding=2, bias=False)
        self.nonlinear = Activation(out_channels)

    def forward(self, x_BCT: Tensor) -> Tensor:
        activated: Tensor = self.nonlinear(self.linear(x_BCT))
        return activated


class DenseBlock(nn.Module):
    """Layers of which each sees the outputs of all before it."""

    def __init__(self, channels: int, layers: int, dilation: int) -> None:
        super().__init__()
        widths = accumulate(repeat(GROWTH, layers - 1), initial=channels)
        for number, width in enumerate(widths, start=1):
            self.add_module(f"tdnnd{number}", DenseLayer(width, dilation))

    def forward(self, x_BCT: Tensor) -> Tensor:
        for layer in self.children():
            x_BCT = torch.cat((x_BCT, layer(x_BCT)), dim=1)
        return x_BCT


class DenseLayer(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = Activation(channels)
        self.linear1 = nn.Conv1d(channels, BOTTLENECK, 1, bias=False)
        self.nonlinear2 = Activation(BOTTLENECK)
        self.cam_layer = ContextMasking(dilation)

    def forward(self, x_BCT: Tensor) -> Tensor:
        masked: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x_BCT))))
        return masked


class ContextMasking(nn.Module):
    """A convolution whose output is weighted by what the surroundings are like."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(BOTTLENECK, GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(BOTTLENECK, BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(BOTTLENECK // 2, GROWTH, 1)

    def forward(self, x_BCT: Tensor) -> Tensor:
        context_BCT = x_BCT.mean(-1, keepdim=True) + _averaged_pieces(x_BCT)
        mask_BCT = torch.sigmoid(self.linear2(F.relu(self.linear1(context_BCT))))
        weighted: Tensor = self.linear_local(x_BCT) * mask_BCT
        return weighted


def _averaged_pieces(x_BCT: Tensor) -> Tensor:
    means_BCP = F.avg_pool1d(x_BCT, POOLED_FRAMES, ceil_mode=True)
    return means_BCP.repeat_interleave(POOLED_FRAMES, dim=-1)[..., : x_BCT.shape[-1]]


class Transition(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.nonlinear = Activation(in_channels)
        self.linear = nn.Conv1d(in_channels, out_channels, 1, bias=False)

    def forward(self, x_BCT: Tensor) -> Tensor:
        mixed: Tensor = self.linear(self.nonlinear(x_BCT))
        return mixed


class StatisticsPooling(nn.Module):
    def forward(self, x_BCT: Tensor) -> Tensor:
        return torch.cat((x_BCT.mean(-1), x_BCT.std(-1)), dim=1)


class EmbeddingLayer(nn.Module):
    """A linear layer whose output is normalised and not activated."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(in_channels, out_channels, 1, bias=False)
        self.nonlinear = nn.Sequential()
        self.nonlinear.add_module("batchnorm", nn.BatchNorm1d(out_channels, affine=False))

    def forward(self, statistics_BC: Tensor) -> Tensor:
        normalised: Tensor = self.nonlinear(self.linear(statistics_BC.unsqueeze(-1))).squeeze(-1)
        return normalised
