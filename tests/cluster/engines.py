"""Engines for actors. Their notes lie beside the model's folder, whose checksum has to stay as it is."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import replace

from app.engine import EngineInfo, EngineSpec, Hypothesis, Waveform
from app.logging import event
from tests.fakes import EchoEngine
from tests.waiting import wait_until

_log = logging.getLogger("app.engine.tests")


class NotingEngine(EchoEngine):
    """Notes each piece with its process, and finishes none while the note `hold` is there; if that names a text, none of that."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        self.name = spec.model_dir.name
        self.notes = spec.model_dir.parent

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, model=self.name)

    def hear(self, waveform: Waveform) -> Hypothesis:
        said = super().hear(waveform)
        with (self.notes / "heard").open("a") as notes:
            notes.write(f"{os.getpid()} {self.name} {said.text_raw}\n")
        event(_log, logging.WARNING, "piece_heard", model=self.name)
        wait_until(lambda: not self._is_held(said.text_raw))
        return said

    def _is_held(self, text: str) -> bool:
        with suppress(FileNotFoundError):
            return (self.notes / "hold").read_text() in ("", text)
        return False
