"""How a network starts: torch's own values leave the depthwise front end almost deaf.

Its convolutions see 9 values each, so their random biases outweigh what they pass on: after three of them the output
varied over utterances by 0.03 around a constant 0.64, and CTC stayed on its plateau for 1,700 steps.
"""

from torch import Tensor, nn

from app.engine.conformer.model import Conformer


def initialise(network: Conformer) -> None:
    """Variance-preserving weights and no biases in the input layer (He et al. 2015, Glorot and Bengio 2010)."""
    embed = network.encoder.embed
    for layer in embed.modules():
        if isinstance(layer, nn.Conv2d):
            followed_by_relu = layer.groups == 1
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu" if followed_by_relu else "linear")
            _without_bias(layer.bias)
        elif isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            _without_bias(layer.bias)


def _without_bias(bias: Tensor | None) -> None:
    if bias is not None:
        nn.init.zeros_(bias)
