"""Replays cases with one engine for all cases with the same settings, and with requested changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path

from app.domain.options import RecognitionOptions
from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.services.inference.process import InferenceProcess
from app.services.models.model_identity import model_checksum
from app.services.options import OptionsPatch
from app.services.speakers.labelling import SpeakerLabeller
from app.services.speakers.remote_model import RemoteSpeakerModel
from app.services.speakers.voice_hearing import VoiceHearing
from app.support.replay.recorded import RecordedCase
from app.support.replay.rerun import Rerun

ENGINE_SETTINGS = ("device", "dtype", "allow_device_fallback", "batch_seconds", "threads")
"""Settings that a replay takes from the case."""
OPTIONS = tuple(each.name for each in fields(RecognitionOptions))
"""Options that can be changed: a case has segmented audio, so its segmentation is fixed."""


@dataclass(slots=True)
class Bench:
    """Loads an engine when a case needs another one; the old one is unloaded first: memory may not hold both."""

    spec_for: Callable[[RecordedCase], EngineSpec]
    limits: DecodeLimits
    timeout_seconds: float
    changes: Mapping[str, str] = field(default_factory=dict)
    """Requested changes to what was recorded, by the names of settings and options."""
    labeller: Callable[[InferenceProcess], SpeakerLabeller] | None = None
    """Returns what tells speakers apart in the process of an engine; None if nothing does here."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _spec: EngineSpec | None = None
    _rerun: Rerun | None = None

    @contextmanager
    def open(self) -> Iterator[Bench]:
        try:
            yield self
        finally:
            self._stack.close()

    def rerun(self, case: RecordedCase) -> Rerun:
        """Return a running engine for `case`."""
        spec = self.spec_for(case)
        if self._rerun is None or spec != self._spec:
            self._stack.close()
            self._spec, self._rerun = spec, Rerun(spec, self.timeout_seconds)
            self._stack.enter_context(self._rerun.running())
        return self._rerun

    def checksum(self, case: RecordedCase) -> str | None:
        """Return the checksum of the model used for `case` here; None if there are no files."""
        folder = self.spec_for(case).model_dir
        return model_checksum(folder) if folder.is_dir() else None

    def changed(self, case: RecordedCase) -> RecordedCase:
        """Return the case with the requested option changes.

        Raises:
            InvalidParameter, UnknownLanguage: there is no such value.
        """
        changes = {name: value for name, value in self.changes.items() if name in OPTIONS}
        return replace(case, options=OptionsPatch.of(**changes).apply(case.options))


def labeller_with(
    model_folder: Callable[[], Path | None], timeout_seconds: float
) -> Callable[[InferenceProcess], SpeakerLabeller]:
    """Return what makes a labeller of an engine's process, for a model in a folder."""
    return lambda inference: SpeakerLabeller(
        VoiceHearing(model_folder, partial(RemoteSpeakerModel, inference, timeout_seconds))
    )
