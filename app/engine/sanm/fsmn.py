"""FSMN: feed-forward layers, some with a memory of previous frames. fsmn-vad's network.

Source: Zhang et al., "Deep-FSMN for Large Vocabulary Continuous Speech Recognition", 2018. Shape suffixes as in this
package; P is the width of the memory, N its number of frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.engine.conformer.config_values import UnsupportedConfig, require, section_of, typed


@dataclass(frozen=True, slots=True)
class FsmnConfig:
    """The keys of encoder_conf, with the values of the published model."""

    input_dim: int = 400
    input_affine_dim: int = 140
    fsmn_layers: int = 4
    linear_dim: int = 250
    proj_dim: int = 128
    lorder: int = 20
    """Frames that each layer sees: this one and previous ones."""
    lstride: int = 1
    """Step between these frames."""
    output_affine_dim: int = 140
    output_dim: int = 248


def fsmn_config(config: Mapping[str, Any]) -> FsmnConfig:
    """Raise UnsupportedConfig for what the network here does not have."""
    require(config.get("encoder"), ("FSMN",), "encoder")
    values = dict(section_of(config, "encoder_conf"))
    require(values.pop("rorder", 0), (0,), "encoder_conf: rorder")  # no look-ahead
    values.pop("rstride", None)
    require(values.pop("use_softmax", True), (True,), "encoder_conf: use_softmax")
    known = {field.name: field.default for field in fields(FsmnConfig)}
    for name in values:
        if name not in known:
            raise UnsupportedConfig(f"encoder_conf: the key {name} is not known")
    return FsmnConfig(**{name: typed(value, known[name], f"encoder_conf: {name}") for name, value in values.items()})


class Affine(nn.Module):
    """A linear layer under FunASR's name."""

    def __init__(self, in_width: int, width: int, *, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(in_width, width, bias=bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.linear(x_BTD)


class LeftMemory(nn.Module):
    """Adds previous frames to each frame, weighted per channel."""

    def __init__(self, config: FsmnConfig) -> None:
        super().__init__()
        self.conv_left = nn.Conv2d(
            config.proj_dim, config.proj_dim, (config.lorder, 1), groups=config.proj_dim, bias=False
        )
        self.stride = config.lstride
        self.frames_before = (config.lorder - 1) * config.lstride

    def forward(self, x_BTP: Tensor, before_BNP: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frames with their memory added, and the frames that the next call needs."""
        frames = x_BTP.shape[1]
        seen_BTP = torch.cat((before_BNP, x_BTP), 1)
        y_BTP = x_BTP
        for place, weight_P in enumerate(self.conv_left.weight[:, 0, :, 0].t()):
            first = place * self.stride
            y_BTP = torch.addcmul(y_BTP, seen_BTP[:, first : first + frames], weight_P)
        return y_BTP, seen_BTP[:, seen_BTP.shape[1] - self.frames_before :]


class Block(nn.Module):
    """Projects to a narrower width, adds the memory, and projects back."""

    def __init__(self, config: FsmnConfig) -> None:
        super().__init__()
        self.linear = Affine(config.linear_dim, config.proj_dim, bias=False)
        self.fsmn_block = LeftMemory(config)
        self.affine = Affine(config.proj_dim, config.linear_dim)

    def forward(self, x_BTD: Tensor, before_BNP: Tensor) -> tuple[Tensor, Tensor]:
        y_BTP, before_BNP = self.fsmn_block(self.linear(x_BTD), before_BNP)
        return F.relu(self.affine(y_BTP)), before_BNP


class Fsmn(nn.Module):
    """Maps features to the probability of each sound."""

    def __init__(self, config: FsmnConfig) -> None:
        super().__init__()
        self.in_linear1 = Affine(config.input_dim, config.input_affine_dim)
        self.in_linear2 = Affine(config.input_affine_dim, config.linear_dim)
        self.fsmn = nn.ModuleList(Block(config) for _ in range(config.fsmn_layers))
        self.out_linear1 = Affine(config.linear_dim, config.output_affine_dim)
        self.out_linear2 = Affine(config.output_affine_dim, config.output_dim)

    def forward(self, features_BTF: Tensor, memories: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        x_BTD = F.relu(self.in_linear2(self.in_linear1(features_BTF)))
        kept: list[Tensor] = []
        for block, before_BNP in zip(self.fsmn, memories, strict=True):
            x_BTD, memory_BNP = block(x_BTD, before_BNP)
            kept.append(memory_BNP)
        return self.out_linear2(self.out_linear1(x_BTD)).softmax(-1), kept


class FsmnVadNetwork(nn.Module):
    """`encoder` under FunASR's name."""

    def __init__(self, config: FsmnConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Fsmn(config)

    def no_memories(self) -> list[Tensor]:
        """Return the initial memories of one recording: zeros."""
        frames = (self.config.lorder - 1) * self.config.lstride
        return [torch.zeros(1, frames, self.config.proj_dim) for _ in range(self.config.fsmn_layers)]

    def forward(self, features_BTF: Tensor, memories: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return probabilities (B, T, sounds), and the memories for the next frames of the same recordings."""
        return self.encoder(features_BTF, memories)
