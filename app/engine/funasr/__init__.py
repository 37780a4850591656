"""Models of the FunASR family behind the same interface as the Conformer.

Their networks are those of app.engine.sanm; the package `funasr` is not used.
"""

from __future__ import annotations

from app.engine import Engine, EngineSpec


def load_engine(spec: EngineSpec) -> Engine:
    """Load the spec's FunASR model folder onto its device; never downloads.

    Raises:
        ModelError: the folder is absent or incomplete, its network is unknown, or its weights do not fit.
        DeviceUnavailable: the requested device is absent, and a fallback is not allowed.
        OutOfMemory: the device cannot hold the weights.
    """
    from app.engine.funasr.engine import load_funasr_engine

    return load_funasr_engine(spec)
