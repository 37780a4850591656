"""Small parts shared by encoder and decoder: activations and the position-wise feed-forward layer."""

from __future__ import annotations

from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "hardtanh": nn.Hardtanh,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "selu": nn.SELU,
    "swish": nn.SiLU,
    "gelu": nn.GELU,
}


class FeedForward(nn.Module):
    """Two linear layers with an activation in between, applied to every frame separately."""

    def __init__(self, width: int, hidden: int, dropout_rate: float, activation: str, *, bias: bool = True) -> None:
        super().__init__()
        self.w_1 = nn.Linear(width, hidden, bias=bias)
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout_rate)
        self.w_2 = nn.Linear(hidden, width, bias=bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.w_2(self.dropout(self.activation(self.w_1(x_BTD))))
