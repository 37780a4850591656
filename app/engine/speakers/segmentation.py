"""segmentation-3.0: who of up to three people speaks in each frame of ten seconds, two at once at most.

Paper: Plaquet and Bredin, "Powerset multi-class cross entropy loss for neural speaker diarization", 2023.
The attribute names are those of the published weights. Shape suffixes: B batch, S samples, T frames, C channels,
K classes, P people.
"""

from __future__ import annotations

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine import SAMPLE_RATE

WINDOW_SECONDS = 10.0  # what it was trained on
PEOPLE = 3  # at most, in one window
AT_ONCE = 2  # at most, in one frame
FRAME_SECONDS = 270 / SAMPLE_RATE  # the filters' stride of 10 and three poolings by 3
FIRST_CENTRE = 991 / 2 / SAMPLE_RATE  # half of the receptive field
FILTERS, FILTER_SAMPLES, FILTER_STRIDE = 80, 251, 10
LEAST_HZ = 50.0
HIDDEN = 128

PEOPLE_OF_CLASSES = tuple(each for size in range(AT_ONCE + 1) for each in combinations(range(PEOPLE), size))
"""For each class of a frame, who speaks: nobody, one of three, or two of them."""


class SegmentationNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sincnet = SincNet()
        self.lstm = nn.LSTM(60, HIDDEN, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList((nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)))
        self.classifier = nn.Linear(HIDDEN, len(PEOPLE_OF_CLASSES))

    def forward(self, waveforms_BS: Tensor) -> Tensor:
        """Return log-probabilities (B, T, K) of PEOPLE_OF_CLASSES."""
        x_BTC, _ = self.lstm(self.sincnet(waveforms_BS).transpose(1, 2))
        for linear in self.linear:
            x_BTC = F.leaky_relu(linear(x_BTC))
        return F.log_softmax(self.classifier(x_BTC), dim=-1)

    def speaking(self, waveforms_BS: Tensor) -> Tensor:
        """Return who speaks in each frame (B, T, P), as booleans."""
        members_KP = torch.tensor([[person in each for person in range(PEOPLE)] for each in PEOPLE_OF_CLASSES])
        return members_KP.to(waveforms_BS.device)[self(waveforms_BS).argmax(-1)]


class SincNet(nn.Module):
    """Band-pass filters and two convolutions over the waveform, each pooled by three."""

    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList((SincConvolution(), nn.Conv1d(FILTERS, 60, 5), nn.Conv1d(60, 60, 5)))
        self.norm1d = nn.ModuleList(nn.InstanceNorm1d(width, affine=True) for width in (FILTERS, 60, 60))

    def forward(self, waveforms_BS: Tensor) -> Tensor:
        x_BCT = self.wav_norm1d(waveforms_BS.unsqueeze(1))
        for convolution, norm in zip(self.conv1d, self.norm1d, strict=True):
            x_BCT = F.leaky_relu(norm(F.max_pool1d(convolution(x_BCT), 3)))
        features_BCT: Tensor = x_BCT
        return features_BCT


class SincConvolution(nn.Module):
    """The strength of the waveform in learned bands: each has a cosine-like and a sine-like filter."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = SincFilters()

    def forward(self, waveforms_B1S: Tensor) -> Tensor:
        filtered_BCT = F.conv1d(waveforms_B1S, self.filterbank(), stride=FILTER_STRIDE)
        strength_BCT: Tensor = filtered_BCT.abs()
        return strength_BCT


class SincFilters(nn.Module):
    """Band-pass filters given by their lowest frequency and their width, under a Hamming window."""

    window_: Tensor
    n_: Tensor

    def __init__(self) -> None:
        super().__init__()
        half = FILTER_SAMPLES // 2
        self.low_hz_ = nn.Parameter(torch.zeros(FILTERS // 2, 1))
        self.band_hz_ = nn.Parameter(torch.ones(FILTERS // 2, 1))
        self.register_buffer("window_", torch.ones(half))
        self.register_buffer("n_", torch.ones(1, half))

    def forward(self) -> Tensor:
        """Return the filters (FILTERS, 1, FILTER_SAMPLES), the symmetric ones first."""
        low = LEAST_HZ + self.low_hz_.abs()
        high = (low + LEAST_HZ + self.band_hz_.abs()).clamp(LEAST_HZ, SAMPLE_RATE / 2)
        width = 2 * (high - low)
        below, above = low @ self.n_, high @ self.n_
        cosines = 2 * (above.sin() - below.sin()) / self.n_ * self.window_
        sines = 2 * (below.cos() - above.cos()) / self.n_ * self.window_
        symmetric = torch.cat((cosines, width, cosines.flip(1)), dim=1)
        antisymmetric = torch.cat((sines, torch.zeros_like(width), -sines.flip(1)), dim=1)
        return (torch.cat((symmetric, antisymmetric)) / torch.cat((width, width))).unsqueeze(1)
