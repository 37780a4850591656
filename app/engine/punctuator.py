"""Chooses the punctuator for models without punctuation: a FunASR network, or pauses. For every engine."""

from __future__ import annotations

from pathlib import Path

from app.engine.text.punctuation import PausePunctuator, Punctuator


def punctuator_of(folder: Path | None) -> Punctuator:
    """Return the punctuation model of a folder, or the plain one based on pauses.

    Raises:
        ModelError: the folder holds no punctuation model.
    """
    if folder is None:
        return PausePunctuator()
    from app.engine.sanm.punctuation import load_punctuator

    return load_punctuator(folder)
