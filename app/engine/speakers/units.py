"""Vectors of length one, whose products are cosines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.engine.speakers import Embeddings


def units_of(vectors: npt.NDArray[np.floating]) -> Embeddings:
    """Return vectors of length one, (..., D); a vector without a direction stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Embeddings = (vectors / np.maximum(norms, 1e-9)).astype(np.float32)
    return units
