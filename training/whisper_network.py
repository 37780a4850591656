"""Whisper, encoder and decoder, as something that learns: its parameters have the names of CTranslate2's variables.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022. The product reads with
CTranslate2; this network gives the same numbers (tests/training/test_tune_whisper.py) and gradients besides.

Shapes: B utterances, M mel bins, F frames of 10 ms, T of 20 ms, U tokens, C channels, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

EMBEDDINGS = "decoder/embeddings/weight"
POSITIONS = "position_encodings/encodings"

Variables = Mapping[str, NDArray[np.generic]]


class WhisperNetwork(nn.Module):
    """Computes with the variables of one model.bin; integers among them only describe it."""

    def __init__(self, variables: Variables) -> None:
        """Take the variables of a model whose weights are floats. Raises KeyError for another network."""
        super().__init__()
        floats = {name: v for name, v in variables.items() if v.ndim and v.dtype.kind == "f"}
        self.described = {name: values for name, values in variables.items() if name not in floats}
        self.weights = nn.ParameterDict(
            {name: nn.Parameter(torch.from_numpy(v.astype(np.float32))) for name, v in floats.items()}
        )
        self.encoder_layers = _layers(floats, "encoder")
        self.decoder_layers = _layers(floats, "decoder")
        self.channels = self.weights[EMBEDDINGS].shape[1]
        self.heads = int(variables["encoder/num_heads"])

    def variables(self) -> dict[str, NDArray[np.generic]]:
        """Return everything that a model.bin holds, weights as 32-bit floats."""
        learned = {name: weight.detach().cpu().numpy() for name, weight in self.weights.items()}
        return {**self.described, **learned}

    def freeze(self, encoder_layers: int) -> None:
        """Keep the spelling, the input and the first blocks of the encoder as they are."""
        kept = ("encoder/conv", *(f"encoder/layer_{layer}/" for layer in range(encoder_layers)))
        for name, weight in self.weights.items():
            if name == EMBEDDINGS or name.endswith(POSITIONS) or name.startswith(kept):
                weight.requires_grad_(requires_grad=False)

    def encode(self, features_BMF: Tensor) -> Tensor:
        """Return what is heard, (B, T, C)."""
        x = F.gelu(self._convolved(features_BMF, "conv1", stride=1))
        x = F.gelu(self._convolved(x, "conv2", stride=2)).transpose(1, 2)
        x = x + self.weights[f"encoder/{POSITIONS}"][: x.shape[1]]
        for layer in range(self.encoder_layers):
            name = f"encoder/layer_{layer}"
            x = x + self._self_attention(x, f"{name}/self_attention", is_causal=False)
            x = x + self._feed_forward(x, f"{name}/ffn")
        return self._normalised(x, "encoder/layer_norm")

    def decode(self, tokens_BU: Tensor, heard_BTC: Tensor) -> Tensor:
        """Return the logits of the token after each token, (B, U, V)."""
        positions = self.weights[f"decoder/{POSITIONS}"][: tokens_BU.shape[1]]
        x = F.embedding(tokens_BU, self.weights[EMBEDDINGS]) + positions
        for layer in range(self.decoder_layers):
            name = f"decoder/layer_{layer}"
            x = x + self._self_attention(x, f"{name}/self_attention", is_causal=True)
            x = x + self._attention(x, heard_BTC, f"{name}/attention")
            x = x + self._feed_forward(x, f"{name}/ffn")
        return F.linear(self._normalised(x, "decoder/layer_norm"), self.weights[EMBEDDINGS])

    def _convolved(self, x: Tensor, name: str, *, stride: int) -> Tensor:
        name = f"encoder/{name}"
        return F.conv1d(x, self.weights[f"{name}/weight"], self.weights[f"{name}/bias"], stride, padding=1)

    def _self_attention(self, x: Tensor, name: str, *, is_causal: bool) -> Tensor:
        queries, keys, values = self._linear(self._normalised(x, f"{name}/layer_norm"), f"{name}/linear_0").chunk(3, -1)
        return self._linear(_attended(queries, keys, values, self.heads, is_causal=is_causal), f"{name}/linear_1")

    def _attention(self, x: Tensor, heard: Tensor, name: str) -> Tensor:
        queries = self._linear(self._normalised(x, f"{name}/layer_norm"), f"{name}/linear_0")
        keys, values = self._linear(heard, f"{name}/linear_1").chunk(2, -1)
        return self._linear(_attended(queries, keys, values, self.heads, is_causal=False), f"{name}/linear_2")

    def _feed_forward(self, x: Tensor, name: str) -> Tensor:
        inner = F.gelu(self._linear(self._normalised(x, f"{name}/layer_norm"), f"{name}/linear_0"))
        return self._linear(inner, f"{name}/linear_1")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.weights[f"{name}/weight"], self.weights[f"{name}/bias"])

    def _normalised(self, x: Tensor, name: str) -> Tensor:
        gamma, beta = self.weights[f"{name}/gamma"], self.weights[f"{name}/beta"]
        return F.layer_norm(x, (self.channels,), gamma, beta)


def _attended(queries: Tensor, keys: Tensor, values: Tensor, heads: int, *, is_causal: bool) -> Tensor:
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (queries, keys, values))
    return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal).transpose(1, 2).flatten(2)


def _layers(names: Mapping[str, object], part: str) -> int:
    begin = f"{part}/layer_"
    found = {name.removeprefix(begin).split("/")[0] for name in names if name.startswith(begin)}
    return len(found - {"norm"})
