"""Language identification for a model with few of Whisper's languages: linear, on the mean of its frames.

CTranslate2 uses the decoder, but only with Whisper's complete vocabulary. A folder with a shorter one has a
`languages.json`: two languages, and weights and bias of a logistic regression (training/sound_language.py).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable
from app.engine import SAMPLE_RATE, Waveform
from app.engine.catalog.whisper_folder import read_json
from app.engine.features.whisper_mel import FRAMES_PER_SECOND

LANGUAGES_FILE = "languages.json"
ENCODED_PER_SECOND = FRAMES_PER_SECOND // 2
LIKELY = ("zh", "en", "yue", "ja", "ko")
SURE = 0.5  # probability at which any language is accepted; else the likeliest of the five


@dataclass(frozen=True, slots=True)
class LanguageLine:
    """Distinguishes two languages."""

    languages: tuple[str, str]
    weights: NDArray[np.float32]
    """(channels,); their sum with a mean, and `bias`, is above zero for the second language."""
    bias: float

    def probabilities(self, mean: NDArray[np.float32]) -> dict[str, float]:
        """Return the probability of each language for the mean of some frames, (channels,)."""
        second = 1 / (1 + math.exp(-min(30.0, max(-30.0, float(mean @ self.weights) + self.bias))))
        return {self.languages[0]: 1 - second, self.languages[1]: second}


def read_language_line(folder: Path) -> LanguageLine | None:
    """Return the classifier of a folder, if it has one.

    Raises:
        ModelFileUnreadable
    """
    file = folder / LANGUAGES_FILE
    if not file.is_file():
        return None
    content = read_json(file)
    try:
        first, second = (str(name) for name in content["languages"])
        weights = np.array([float(weight) for weight in content["weights"]], dtype=np.float32)
        return LanguageLine((first, second), weights, float(content["bias"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileUnreadable(file=str(file), reason=N_("it tells no two languages apart")) from error


def mean_of_frames(encoded: Any, waveforms: Sequence[Waveform]) -> NDArray[np.float32]:
    """Return the mean of the non-padding frames, (batch, channels).

    Args:
        encoded: CTranslate2's (batch, frames, channels), on the CPU.
        waveforms: what it was made of.
    """
    frames = np.asarray(encoded, dtype=np.float32)
    lengths = [max(1, len(waveform) * ENCODED_PER_SECOND // SAMPLE_RATE) for waveform in waveforms]
    return np.stack([row[:length].mean(axis=0) for row, length in zip(frames, lengths, strict=True)])


def language_to_read(asked: str, probabilities: Mapping[str, float], known: Collection[str]) -> str:
    """Return the language to decode in: the requested one, else the likeliest, if likely enough."""
    if asked in known:
        return asked
    if not probabilities:
        return "en"
    best = max(probabilities, key=lambda code: probabilities[code])
    if probabilities[best] >= SURE and best in known:
        return best
    usual = [code for code in LIKELY if code in probabilities] or [best]
    return max(usual, key=lambda code: probabilities[code])
