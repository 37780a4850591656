"""Silero VAD in numpy: the probability of speech, 31 times a second, robust to other sounds.

The network of silero-vad 6.2.3 for 16 kHz (github.com/snakers4/silero-vad, MIT), with the weights as published, in
silero_vad_16k.safetensors beside its licence. Each frame of 512 samples, with the 64 before it, goes through a
short-time Fourier transform (a convolution with fixed filters), four convolutions and an LSTM cell. All but that cell
is computed for many frames together, so that numpy is as fast as ONNX and torch is not needed: the process that decodes
untrusted files stays small.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable

FRAME_SAMPLES = 512
HIDDEN = 128
WEIGHTS = Path(__file__).with_name("silero_vad_16k.safetensors")
WEIGHTS_SHA256 = "eeda6e919402f2bab3d63ef822c6e5d9d99fa547302c8a5790f031eafa070d0e"

_CONTEXT = 64  # samples of the previous frame
_PAD = 64  # reflected at the end of a frame
_WINDOW = 256
_HOP = 128
_WINDOWS = (_CONTEXT + FRAME_SAMPLES + _PAD - _WINDOW) // _HOP + 1  # 4 per frame
_BINS = _WINDOW // 2 + 1
_FRAMES_AT_ONCE = 64  # 2 s: 1 MB of intermediate results

Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A convolution over time of width 3, with one zero of padding on each side, followed by ReLU."""

    weight: Array
    """Shape (3 * channels in, channels out)."""
    bias: Array
    stride: int = 1

    def __call__(self, x_NTC: Array) -> Array:
        padded = np.pad(x_NTC, ((0, 0), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, :: self.stride]
        columns = windows.transpose(0, 1, 3, 2).reshape(*windows.shape[:2], -1)
        activated: Array = np.maximum(columns @ self.weight + self.bias, 0)
        return activated


@dataclass(frozen=True, slots=True)
class SileroNetwork:
    """The weights, laid out for row vectors. Safe to share: the state is in Hearing."""

    filters: Array
    """Shape (_WINDOW, 2 * _BINS): cosines, then sines."""
    convolutions: tuple[_Convolution, ...]
    from_input: Array
    """Shape (HIDDEN, 4 * HIDDEN): gates i, f, g, o; all but g are halved, see Hearing."""
    from_hidden: Array
    gates_bias: Array
    output: Array
    """Shape (HIDDEN,)."""
    output_bias: float

    def encoded(self, frames: Array) -> Array:
        """Return the LSTM input for frames with context, (num_frames, 576) -> (num_frames, HIDDEN)."""
        padded = np.pad(frames, ((0, 0), (0, _PAD)), mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW, axis=1)[:, ::_HOP]
        spectrum = windows.reshape(-1, _WINDOW) @ self.filters
        magnitude = np.sqrt(np.square(spectrum[:, :_BINS]) + np.square(spectrum[:, _BINS:]))
        x_NTC = magnitude.reshape(len(frames), _WINDOWS, _BINS)
        for convolution in self.convolutions:
            x_NTC = convolution(x_NTC)
        encoded: Array = x_NTC[:, 0]  # the strides leave one time step per frame
        return encoded


class Hearing:
    """One audio stream and its LSTM state."""

    def __init__(self, network: SileroNetwork) -> None:
        self._network = network
        self._context = np.zeros(_CONTEXT, dtype=np.float32)
        self._hidden = np.zeros(HIDDEN, dtype=np.float32)
        self._cell = np.zeros(HIDDEN, dtype=np.float32)

    def probabilities(self, frames: Array) -> Array:
        """Return the probability of speech in each of the next frames.

        Args:
            frames: (num_frames, FRAME_SAMPLES), in [-1, 1].
        """
        heard = [
            self._next(frames[first : first + _FRAMES_AT_ONCE]) for first in range(0, len(frames), _FRAMES_AT_ONCE)
        ]
        return np.concatenate([np.zeros(0, dtype=np.float32), *heard])

    def _next(self, frames: Array) -> Array:
        contexts = np.concatenate([self._context[np.newaxis], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        network = self._network
        encoded = network.encoded(np.concatenate([contexts, frames], axis=1))
        hidden = self._remembered(encoded @ network.from_input + network.gates_bias)
        logits = np.maximum(hidden, 0) @ network.output + network.output_bias
        probabilities: Array = 0.5 + 0.5 * np.tanh(0.5 * logits)
        return probabilities

    def _remembered(self, inputs: Array) -> Array:
        """Run the LSTM cell over the frames; return its output for each, (num_frames, HIDDEN).

        sigmoid(x) is 0.5 + 0.5 tanh(x / 2): with halved weights one call of tanh serves all four gates.
        """
        hiddens = np.empty((len(inputs), HIDDEN), dtype=np.float32)
        hidden, cell = self._hidden, self._cell
        from_hidden = self._network.from_hidden
        for frame, from_input in enumerate(inputs):
            gates = np.tanh(from_input + hidden @ from_hidden).reshape(4, HIDDEN)
            keep_in, keep, new, keep_out = gates
            cell = 0.5 * ((1 + keep) * cell + (1 + keep_in) * new)
            hidden = 0.5 * (1 + keep_out) * np.tanh(cell)
            hiddens[frame] = hidden
        self._hidden, self._cell = hidden, cell
        return hiddens


@cache
def silero() -> SileroNetwork:
    """Return the network, read once.

    Raises:
        ModelFileUnreadable: the weights file is missing or not the published one.
    """
    return _network(_tensors(WEIGHTS))


def _tensors(file: Path) -> dict[str, Array]:
    """Read a safetensors file: the length of a JSON header, the header, the data."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelFileUnreadable(file=file.name, reason=str(error.strerror)) from error
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise ModelFileUnreadable(file=file.name, reason=N_("it is not the file that its publisher states"))
    [length] = struct.unpack_from("<Q", content)
    numbers = memoryview(content)[8 + length :]
    return {
        name: np.frombuffer(numbers[slice(*told["data_offsets"])], dtype="<f4").reshape(told["shape"])
        for name, told in json.loads(content[8 : 8 + length]).items()
        if name != "__metadata__"
    }


def _network(tensors: dict[str, Array]) -> SileroNetwork:
    halved = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], dtype=np.float32), HIDDEN)
    bias = tensors["lstm_cell.bias_ih"] + tensors["lstm_cell.bias_hh"]
    return SileroNetwork(
        filters=np.ascontiguousarray(tensors["stft_conv.weight"][:, 0].T),
        convolutions=tuple(
            _convolution(tensors, number, stride) for number, stride in ((1, 1), (2, 2), (3, 2), (4, 1))
        ),
        from_input=np.ascontiguousarray(tensors["lstm_cell.weight_ih"].T * halved),
        from_hidden=np.ascontiguousarray(tensors["lstm_cell.weight_hh"].T * halved),
        gates_bias=bias * halved,
        output=tensors["final_conv.weight"].reshape(-1),
        output_bias=float(tensors["final_conv.bias"][0]),
    )


def _convolution(tensors: dict[str, Array], number: int, stride: int) -> _Convolution:
    weight = tensors[f"conv{number}.weight"]  # (channels out, channels in, 3)
    columns = np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, len(weight)))
    return _Convolution(columns, tensors[f"conv{number}.bias"], stride)
