"""The encoder of OpenAI's Whisper out of a file of CTranslate2, under WeNet's names.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022. The file is `model.bin` of a
conversion such as faster-whisper-base; README.md says where it is to be had.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""Of a variable, by the number that the file gives."""
_LAYER_NAMES = {
    "self_attention/layer_norm/gamma": "norm1.weight",
    "self_attention/layer_norm/beta": "norm1.bias",
    "self_attention/linear_1/weight": "self_attn.linear_out.weight",
    "self_attention/linear_1/bias": "self_attn.linear_out.bias",
    "ffn/layer_norm/gamma": "norm2.weight",
    "ffn/layer_norm/beta": "norm2.bias",
    "ffn/linear_0/weight": "feed_forward.w_1.weight",
    "ffn/linear_0/bias": "feed_forward.w_1.bias",
    "ffn/linear_1/weight": "feed_forward.w_2.weight",
    "ffn/linear_1/bias": "feed_forward.w_2.bias",
}
_NAMES = {
    "conv1/weight": "embed.conv.0.weight",
    "conv1/bias": "embed.conv.0.bias",
    "conv2/weight": "embed.conv.2.weight",
    "conv2/bias": "embed.conv.2.bias",
    "layer_norm/gamma": "after_norm.weight",
    "layer_norm/beta": "after_norm.bias",
}
_JOINED = "self_attention/linear_0/"
"""Queries, keys and values in one; keys have no bias, the file has zeros for it."""


def encoder_state(model_bin: Path) -> dict[str, Tensor]:
    """State dict of `Encoder`; blocks are `encoders.N`. Raises ValueError for a file without such an encoder."""
    variables = read_ctranslate2(model_bin.read_bytes())
    state: dict[str, Tensor] = {}
    for name, values in variables.items():
        if name.startswith("encoder/"):
            state.update(_renamed(name.removeprefix("encoder/"), torch.from_numpy(values.astype(np.float32))))
    if _NAMES.keys() - {name.removeprefix("encoder/") for name in variables}:
        raise ValueError(f"{model_bin} holds no encoder of Whisper")
    return state


def read_ctranslate2(data: bytes) -> dict[str, NDArray[np.generic]]:
    """Every variable of a CTranslate2 model (binary version 6) by its name. Raises ValueError for another file."""
    try:
        return dict(_variables(data))
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise ValueError("this is no model.bin of CTranslate2, or it is incomplete") from error


def _variables(data: bytes) -> Iterator[tuple[str, NDArray[np.generic]]]:
    place = 4  # after the version of the format
    _, place = _text(data, place)
    place += 4  # the revision of the network's description
    (count,) = struct.unpack_from("<I", data, place)
    place += 4
    for _ in range(count):
        name, place = _text(data, place)
        rank = data[place]
        shape = struct.unpack_from(f"<{rank}I", data, place + 1)
        kind, size = struct.unpack_from("<BI", data, place + 1 + 4 * rank)
        place += 6 + 4 * rank
        dtype = np.dtype(TYPES[kind])
        yield name, np.frombuffer(data, dtype, size // dtype.itemsize, place).reshape(shape)
        place += size


def _text(data: bytes, place: int) -> tuple[str, int]:
    """A text with its length before and a zero after it, and the place behind it."""
    (length,) = struct.unpack_from("<H", data, place)
    return data[place + 2 : place + 1 + length].decode(), place + 2 + length


def _renamed(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    if name in _NAMES:
        yield _NAMES[name], tensor
    elif name.startswith("layer_"):
        layer, _, rest = name.partition("/")
        block = f"encoders.{int(layer.removeprefix('layer_'))}"
        if rest.startswith(_JOINED):
            kind = rest.removeprefix(_JOINED)
            for part, values in zip("qkv", tensor.chunk(3), strict=True):
                if not (part == "k" and kind == "bias"):
                    yield f"{block}.self_attn.linear_{part}.{kind}", values.clone()
        elif rest in _LAYER_NAMES:
            yield f"{block}.{_LAYER_NAMES[rest]}", tensor
