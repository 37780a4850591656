"""The model of speakers in the inference process, as seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from app.engine import Waveform
from app.engine.process.messages import HearVoices
from app.engine.speakers import Activity, Embeddings, SpeakerModelInfo
from app.services.inference.role import Inference


class RemoteSpeakerModel:
    """A SpeakerModel. Each call is one request, between those for texts."""

    def __init__(self, inference: Inference, timeout_seconds: float, folder: Path, check: Callable[[], None]) -> None:
        """Load the model in `folder`; `check` is called before each request, and may raise.

        Raises:
            AppError: it cannot be loaded.
        """
        self._inference = inference
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._check = check
        info = self._ask("info", ())
        assert isinstance(info, SpeakerModelInfo)  # noqa: S101 - the type of the answer to this task
        self.info = info

    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        """See SpeakerModel.activity."""
        heard = self._ask("activity", windows)
        assert isinstance(heard, list)  # noqa: S101 - the type of the answer to this task
        return heard

    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        """See SpeakerModel.embeddings."""
        heard = self._ask("embeddings", waveforms)
        assert isinstance(heard, np.ndarray)  # noqa: S101 - the type of the answer to this task
        return heard

    def _ask(
        self, task: Literal["info", "activity", "embeddings"], waveforms: Sequence[Waveform]
    ) -> SpeakerModelInfo | list[Activity] | Embeddings:
        self._check()
        request = HearVoices(self._folder, task, tuple(waveforms))
        return self._inference.hear(request, self._timeout_seconds).heard
