"""Validates single values of a WeNet or FunASR configuration, and refuses unsupported ones by name.

Every key is either used, known to have no effect at inference, or refused: a silently ignored key could make a
checkpoint load "fine" and produce nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

KINDS = {
    "encoder": ("conformer", "transformer"),
    "decoder": ("bitransformer", "transformer"),
    "ctc": ("ctc",),
    "model": ("asr_model",),
}
WITHOUT_EFFECT = frozenset(
    # how the checkpoint was trained, or how WeNet computes the same numbers
    {
        "use_dynamic_chunk",
        "use_dynamic_left_chunk",
        "gradient_checkpointing",
        "use_sdpa",
        "tie_word_embedding",
    }
    | {"positionwise_conv_kernel_size", "n_expert", "n_expert_activated"}
)
MAY_BE_ZERO = (
    *("static_chunk_size", "r_num_blocks", "halve_after_block"),
    *("tp_blocks", "sanm_shfit", "l_order", "r_order", "blank_id", "sos", "eos", "NO_BIAS"),
)
ONLY_VALUES: Mapping[str, tuple[Any, ...]] = {
    "layer_norm_type": ("layer_norm",),
    "mlp_type": ("position_wise_feed_forward",),
    "n_kv_head": (None,),
    "head_dim": (None,),
    "concat_after": (False,),
    "src_attention": (True,),
    "use_output_layer": (True,),
    "conv_inner_factor": (2,),
}


class UnsupportedConfig(ValueError):
    """A configuration requires something unsupported; the message says what."""


def known_values(
    values: Mapping[str, Any],
    kind: type,
    section: str,
    only: Mapping[str, tuple[Any, ...]] = ONLY_VALUES,
    without_effect: frozenset[str] = WITHOUT_EFFECT,
) -> dict[str, Any]:
    """Return the values that define the network; refuse unsupported ones.

    Args:
        values: of one section.
        kind: a dataclass whose defaults define the types of its values.
        section: for the error.
        only: keys with a fixed set of supported values.
        without_effect: keys without effect at inference.

    Raises:
        UnsupportedConfig: an unknown key, or a value of the wrong type, out of range or unsupported.
    """
    names = {field.name for field in fields(kind)} - {"kind"}
    for name, value in values.items():
        if name in only:
            require(value, only[name], f"{section}: {name}")
        elif name not in names | without_effect:
            raise UnsupportedConfig(f"{section}: the key {name} is not known")
    defaults = kind()
    return {
        name: typed(value, getattr(defaults, name), f"{section}: {name}")
        for name, value in values.items()
        if name in names
    }


def typed(value: Any, default: object, name: str) -> Any:
    """Return the value converted to the type of its default; refuse other types and widths below one."""
    if value is None and default is None:
        return None
    if isinstance(default, float) and isinstance(value, int | str):
        try:
            return float(value)  # YAML reads 1e-5 as text
        except ValueError:
            raise UnsupportedConfig(f"{name} is {value!r}, not a number") from None
    expected = int if default is None else type(default)
    if type(value) is not expected:
        raise UnsupportedConfig(f"{name} is {value!r}, not of type {expected.__name__}")
    if type(value) is int and value < 1 and name.rpartition(" ")[2] not in MAY_BE_ZERO:
        raise UnsupportedConfig(f"{name} is {value}, less than 1")
    return value


def known_kind(train: Mapping[str, Any], key: str, default: str) -> str:
    value: str = train.get(key) or default
    require(value, KINDS[key], key)
    return value


def require(value: object, known: tuple[object, ...], name: str) -> None:
    """Raise UnsupportedConfig unless the value is known."""
    if value not in known:
        raise UnsupportedConfig(f"{name} is {value!r}; known: {', '.join(map(str, known))}")


def positive(train: Mapping[str, Any], key: str) -> int:
    value = train.get(key)
    if not isinstance(value, int) or value < 1:
        raise UnsupportedConfig(f"{key} is missing or not a whole number above 0")
    return value


def token_id(values: Mapping[str, Any], key: str, default: int, vocabulary_size: int) -> int:
    value = values.get(key, default)
    if not isinstance(value, int) or not 0 <= value < vocabulary_size:
        raise UnsupportedConfig(f"{key} is {value!r}, not the number of one of {vocabulary_size} tokens")
    return value


def section_of(train: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = train.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise UnsupportedConfig(f"{key} is not a table of keys and values")
    return value or {}
