"""Reads the parts of a FunASR config.yaml that define a network; unsupported values are refused by name.

The classes use FunASR's key names, including its spelling mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from app.engine.conformer.config_values import UnsupportedConfig, known_values, section_of

FEATURES: Mapping[str, tuple[Any, ...]] = {
    "fs": (16_000,),
    "window": ("hamming",),
    "n_mels": (80,),
    "frame_length": (25,),
    "frame_shift": (10,),
    "snip_edges": (True,),
    "upsacle_samples": (True,),
}
TRAINING_ONLY = frozenset(
    {
        "dropout",
        "dropout_rate",
        "positional_dropout_rate",
        "attention_dropout_rate",
        "self_attention_dropout_rate",
        "src_attention_dropout_rate",
        "stochastic_depth_rate",
        "padding_idx",
        "freeze",
        "lora_rank",
        "lora_alpha",
        "lora_dropout",
    }
)
ONLY_VALUE: Mapping[str, tuple[Any, ...]] = {
    "input_layer": ("pe",),
    "pos_enc_class": ("SinusoidalPositionEncoder",),
    "normalize_before": (True,),
    "selfattention_layer_type": ("sanm",),
    "concat_after": (False,),
    "positionwise_layer_type": ("linear",),
    "positionwise_conv_kernel_size": (1,),
}

ConfigT = TypeVar("ConfigT")


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The keys of encoder_conf, with FunASR's defaults."""

    output_size: int = 256
    attention_heads: int = 4
    linear_units: int = 2048
    num_blocks: int = 6
    tp_blocks: int = 0
    kernel_size: int = 11
    sanm_shfit: int = 0


@dataclass(frozen=True, slots=True)
class FrontendConfig:
    """The keys of frontend_conf that shape the features."""

    lfr_m: int = 7
    """Frames that are stacked into one."""
    lfr_n: int = 6
    """Frames from one stack to the next."""


def encoder_config(config: Mapping[str, Any]) -> EncoderConfig:
    """Return the encoder configuration, or raise UnsupportedConfig."""
    found = known(section_of(config, "encoder_conf"), EncoderConfig, "encoder_conf", ONLY_VALUE)
    check_heads(found.output_size, found.attention_heads, "encoder_conf")
    if found.sanm_shfit > found.kernel_size // 2:
        raise UnsupportedConfig(f"encoder_conf: sanm_shfit {found.sanm_shfit} is more than half of the kernel")
    return found


def frontend_config(config: Mapping[str, Any]) -> FrontendConfig:
    """Return the feature configuration, or raise UnsupportedConfig."""
    values = {key: value for key, value in section_of(config, "frontend_conf").items() if key != "cmvn_file"}
    values.pop("dither", None)  # training noise: recognition is deterministic
    return known(values, FrontendConfig, "frontend_conf", FEATURES)


def check_heads(width: int, heads: int, section: str) -> None:
    if width % heads or width % 2:
        raise UnsupportedConfig(f"{section}: width {width} does not divide into {heads} attention_heads")


def known(values: Mapping[str, Any], kind: type[ConfigT], section: str, only: Mapping[str, tuple[Any, ...]]) -> ConfigT:
    """Return a section's values that define the network; see known_values."""
    return kind(**known_values(values, kind, section, only, TRAINING_ONLY))
