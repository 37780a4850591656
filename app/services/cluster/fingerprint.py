"""What has to be the same on every node: with it, the same sound gives the same text wherever it is recognised."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from app import __version__
from app.engine import EngineSpec
from app.services.models.model_identity import model_checksum


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The versions of one installation, and the checksum of its model."""

    program: str
    python: str
    torch: str
    model: str
    """Checksum over the model's files; empty if its folder does not exist."""

    def differences(self, other: Fingerprint) -> str:
        """Return what `other` has otherwise, for example `torch 2.13.0 instead of 2.14.1`; empty if nothing."""
        own, others = asdict(self), asdict(other)
        return ", ".join(
            f"{name} {_short(others[name])} instead of {_short(own[name])}" for name in own if own[name] != others[name]
        )


def fingerprint_of(spec: EngineSpec) -> Fingerprint:
    """Return the fingerprint of this installation, without importing torch. It reads the whole model once."""
    return Fingerprint(__version__, platform.python_version(), _torch_version(), model_checksum(spec.model_dir))


def _torch_version() -> str:
    try:
        return version("torch").partition("+")[0]  # a node without a card has the build for the CPU
    except PackageNotFoundError:
        return ""


def _short(value: str) -> str:
    return (value[:12] if len(value) == 64 else value) or "-"
