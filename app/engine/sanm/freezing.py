"""Rewrites the feed-forward layers of a network for inference, with the ReLU fused into the first layer."""

from __future__ import annotations

from torch import nn

from app.engine.computing.linear import LinearLayer
from app.engine.sanm.layers import FeedForward


def freeze_feed_forward(model: nn.Module, linear: LinearLayer) -> None:
    """Rewrite them in place."""
    for module in list(model.modules()):
        if isinstance(module, FeedForward):
            module.add_module("w_1", linear(module.w_1.weight, module.w_1.bias, module.activation))
            module.add_module("activation", nn.Identity())
