"""Whisper models, as faster-whisper keeps them, behind the same seam as the native engine; CTranslate2 computes them.

Nothing outside this package imports `ctranslate2`, `tokenizers` or `opencc`, and here only what loads a model does.
"""

from __future__ import annotations

from app.engine import Engine, EngineSpec


def load_engine(spec: EngineSpec) -> Engine:
    """Load the Whisper folder of the spec onto its device; never downloads.

    Raises:
        ModelError: the folder is absent, not whole, or its files do not belong together.
        DeviceUnavailable: the device asked for is absent, and a fallback is not allowed.
        OutOfMemory: the device cannot hold the weights.
    """
    from app.engine.whisper.engine import load_whisper_engine

    return load_whisper_engine(spec)
