"""Where cases are run again: one engine for all cases with the same settings, and what the person wants otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from app.domain.errors import N_, InvalidParameter, UnknownLanguage
from app.domain.hotwords import parse_hotwords
from app.engine import LANGUAGES, QUALITIES, EngineSpec
from app.engine.audio.decoding import DecodeLimits
from app.services.transcriptions.job_queue import JobOptions
from app.support.model_identity import model_checksum
from app.support.replay.recorded import RecordedCase
from app.support.replay.rerun import Rerun

ENGINE_SETTINGS = ("device", "dtype", "allow_device_fallback", "batch_seconds", "threads")
"""What a case has recorded and a replay takes over."""
OPTIONS = ("language", "quality", "hotwords", "itn", "punctuation")
SWITCHES = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


@dataclass(slots=True)
class Bench:
    """Loads an engine when a case needs another one; the former one goes first, there may be no memory for both."""

    spec_for: Callable[[RecordedCase], EngineSpec]
    limits: DecodeLimits
    timeout_seconds: float
    changes: Mapping[str, str] = field(default_factory=dict)
    """What the person wants otherwise than it was recorded, by the names of settings and options."""
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
        """Return the checksum of the model that `case` is run with here; None where there are no files."""
        folder = self.spec_for(case).model_dir
        return model_checksum(folder) if folder.is_dir() else None

    def changed(self, case: RecordedCase) -> RecordedCase:
        """Return the case with the options that the person wants otherwise.

        Raises:
            InvalidParameter, UnknownLanguage: there is no such value.
        """
        options = case.options
        for name, value in self.changes.items():
            if name in OPTIONS:
                options = with_option(options, name, value)
        return replace(case, options=options)


def with_option(options: JobOptions, name: str, value: str) -> JobOptions:
    """Return the options with one of OPTIONS as a person has written it.

    Raises:
        InvalidParameter, UnknownLanguage: there is no such value.
    """
    if name == "language":
        if value not in LANGUAGES:
            raise UnknownLanguage(language=value, known=", ".join(LANGUAGES))
        return replace(options, language=value)
    if name == "quality":
        if value not in QUALITIES:
            raise InvalidParameter(name=name, reason=N_("it must be fast, balanced or accurate"))
        return replace(options, quality=value)
    if name == "hotwords":
        return replace(options, hotwords=parse_hotwords(value))
    if value.lower() not in SWITCHES:
        raise InvalidParameter(name=name, reason=N_("it must be on or off"))
    switch = SWITCHES[value.lower()]
    return replace(options, itn=switch) if name == "itn" else replace(options, punctuation=switch)
