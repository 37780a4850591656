"""Runs WeNet's own encoder and CTC head from a checkout, with the weights of one of our networks."""

from __future__ import annotations

import importlib
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from app.engine.conformer import Conformer


def wenet_run(
    checkout: Path, plain: Conformer, config: dict[str, Any], features: Tensor, lengths: Tensor
) -> Callable[[], Tensor]:
    """Return WeNet's encoder and CTC with the same weights; what it computes is compared once."""
    encoder, log_softmax = wenet_network(checkout, plain, config)

    def run() -> Tensor:
        encoded, _ = encoder(features, lengths, -1)
        return log_softmax(encoded)

    with torch.inference_mode():
        expected = plain(features[:1, :400], lengths[:1].clamp(max=400))[1]
        encoded, _ = encoder(features[:1, :400], lengths[:1].clamp(max=400), -1)
        torch.testing.assert_close(log_softmax(encoded), expected, atol=1e-3, rtol=0)
    return run


def wenet_network(
    checkout: Path, plain: Conformer, config: dict[str, Any]
) -> tuple[torch.nn.Module, Callable[[Tensor], Tensor]]:
    modules = {name: wenet_module(checkout, name) for name in ("encoder", "ctc", "cmvn")}
    cmvn = modules["cmvn"].GlobalCMVN(torch.zeros(80), torch.ones(80))
    encoder = modules["encoder"].ConformerEncoder(
        80, **config["encoder_conf"], use_dynamic_chunk=True, global_cmvn=cmvn
    )
    ctc = modules["ctc"].CTC(config["output_dim"], config["encoder_conf"]["output_size"])
    encoder.load_state_dict(plain.encoder.state_dict(), strict=False)
    ctc.load_state_dict(plain.ctc.state_dict())
    return encoder.eval(), ctc.eval().log_softmax


def wenet_module(checkout: Path, name: str) -> ModuleType:
    """Import one module of WeNet's network or search."""
    package = ModuleType("wenet")  # without its __init__, which imports all that its training needs
    package.__path__ = [str(checkout / "wenet")]
    sys.modules.setdefault("wenet", package)
    for whisper in ("whisper", "whisper.tokenizer"):
        sys.modules.setdefault(whisper, ModuleType(whisper))
    sys.modules["whisper.tokenizer"].LANGUAGES = {}  # type: ignore[attr-defined]  # asked for on import, never used
    for kind in ("Union", "Optional"):  # WeNet takes them from a module of torch that no longer has them
        setattr(torch.nn.modules.conv, kind, getattr(typing, kind))
    return importlib.import_module(f"wenet.models.transformer.{name}")
