"""The interface that choosing device and precision requires of any network."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import Tensor, nn

from app.engine.computing.linear import LinearLayer


class Network(nn.Module, ABC):
    """A network that can be tried, moved and frozen. Shape suffixes: B batch, S samples, T frames, V vocabulary."""

    @abstractmethod
    def features(self, waveforms_BS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's input features, and their lengths."""

    @abstractmethod
    def log_probs(self, features_BTF: Tensor, lengths_B: Tensor) -> Tensor:
        """Return log-probabilities (B, T, V), by which two precisions are compared."""

    @abstractmethod
    def change(self, device: torch.device, dtype: torch.dtype) -> None:
        """Move and convert the weights; feature normalisation stays in single precision."""

    @abstractmethod
    def freeze(self, linear: LinearLayer) -> None:
        """Rewrite it in place for inference, with linear layers of this type."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """Precision of its weights."""

    def trial_copy(self) -> Self:
        """Return a copy with all that `log_probs` needs."""
        return copy.deepcopy(self)
