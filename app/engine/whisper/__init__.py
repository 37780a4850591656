"""Whisper models in faster-whisper's format, run by CTranslate2, behind the same interface as the native engine.

Nothing outside this package imports `ctranslate2`, `tokenizers` or `opencc`, and here only code that loads a model does.
"""

from __future__ import annotations

from app.engine import Engine, EngineSpec


def load_engine(spec: EngineSpec) -> Engine:
    """Load the spec's Whisper folder onto its device; never downloads.

    Raises:
        ModelError: the folder is absent, incomplete, or its files do not belong together.
        DeviceUnavailable: the requested device is absent, and a fallback is not allowed.
        OutOfMemory: the device cannot hold the weights.
    """
    from app.engine.whisper.engine import load_whisper_engine

    return load_whisper_engine(spec)
