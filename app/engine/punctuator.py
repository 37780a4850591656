"""Chooses what places punctuation where a model writes none: a network of FunASR, or the pauses. For every engine."""

from __future__ import annotations

from pathlib import Path

from app.engine.text.punctuation import PausePunctuator, Punctuator


def punctuator_of(folder: Path | None) -> Punctuator:
    """Return the punctuation model of a folder, or the plain one that hears pauses.

    Raises:
        ModelError: the folder holds no punctuation model.
    """
    if folder is None:
        return PausePunctuator()
    from app.engine.sanm.punctuation import load_punctuator

    return load_punctuator(folder)
