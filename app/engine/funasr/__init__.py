"""Models of the FunASR family behind the same seam as the Conformer: what each reads, writes and can do.

Their networks are those of app.engine.sanm; the package `funasr` is not used.
"""

from __future__ import annotations

from app.engine import Engine, EngineSpec


def load_engine(spec: EngineSpec) -> Engine:
    """Load the FunASR model folder of the spec onto its device; never downloads.

    Raises:
        ModelError: the folder is absent, not whole, of an unknown network, or its weights do not fit.
        DeviceUnavailable: the device asked for is absent, and a fallback is not allowed.
        OutOfMemory: the device cannot hold the weights.
    """
    from app.engine.funasr.engine import load_funasr_engine

    return load_funasr_engine(spec)
