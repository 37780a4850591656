"""Engines of a few lines, loaded by the real inference process. Each returns the loudness of its input as text.

They keep their state in the spec's `model_dir`, because a crash loses everything else.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import numpy as np

from app.domain.errors.inference import DeviceUnavailable, InferenceFailed, OutOfMemory
from app.domain.errors.models import ModelFileMissing
from app.domain.options import RecognitionOptions
from app.domain.reasons import SMALLER_BATCHES, plain_reason
from app.domain.transcript import Applied, Word
from app.engine import SAMPLE_RATE, EngineInfo, EngineSpec, Hypothesis, Utterance, Waveform
from tests.waiting import wait_until

POISON = 0.9  # a piece this loud is the one that kills, hangs or fails


class EchoEngine:
    """Says the loudness of each piece: a babble at level 0.2 is `level 2`."""

    def __init__(self, spec: EngineSpec) -> None:
        self.notes: Path = spec.model_dir

    @property
    def info(self) -> EngineInfo:
        receipt = (Applied("device", "auto", "cpu", plain_reason("no CUDA device was found")),)
        return EngineInfo("echo", "cpu", "float32", ("zh", "en"), 0, 0.0, (), receipt)

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        return [self.hear(utterance.waveform) for utterance in utterances]

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        return (Applied("language", options.language, options.language),)

    def hear(self, waveform: Waveform) -> Hypothesis:
        level = round(10 * loudness(waveform))
        return Hypothesis(f"Level {level}.", f"level {level}", 0.9, words=level_words(level, waveform))

    def is_first_time(self, what: str) -> bool:
        note = self.notes / what
        if note.exists():
            return False
        note.touch()
        return True


class QuickEngine(EchoEngine):
    """Says `quick` before everything, for those who ask another process as well."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        said = super().hear(waveform)
        return replace(said, text=f"Quick {said.text}", text_raw=f"quick {said.text_raw}", words=())


class NamedEngine(EchoEngine):
    """Says the name of its model's folder; one that is called `broken` cannot be loaded."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        if spec.model_dir.name == "broken":
            raise ModelFileMissing(folder=str(spec.model_dir), file="final.pt")

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, model=self.notes.name)

    def hear(self, _: Waveform) -> Hypothesis:
        return Hypothesis(f"This is {self.notes.name}.", f"this is {self.notes.name}", 0.9)


class DamagedEngine(EchoEngine):
    """Cannot be loaded: a file of its model is missing."""

    def __init__(self, spec: EngineSpec) -> None:
        raise ModelFileMissing(folder=str(spec.model_dir), file="final.pt")


class WaitingNamedEngine(NamedEngine):
    """Finishes a piece once the note `go` lies beside its model's folder."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        wait_until((self.notes.parent / "go").exists)
        return super().hear(waveform)


class ExtraEngine(EchoEngine):
    """Says whether the package of tests/models/test_extras.py was there when its process started."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, model=f"{'with' if find_spec('tiny_extra') else 'without'} the extra")


class LeakingEngine(EchoEngine):
    """Runs out of memory in the second request of a process, or in each where the note `cramped` is there."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        self.requests = 0

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        self.requests += 1
        if self.requests > 1 or (self.notes / "cramped").exists():
            raise OutOfMemory(detail="could not create a primitive")
        return super().transcribe(utterances)


class SlowEngine(EchoEngine):
    def hear(self, waveform: Waveform) -> Hypothesis:
        time.sleep(0.15)
        return super().hear(waveform)


class WaitingEngine(EchoEngine):
    """Notes each piece that it begins, and finishes it once the note `go` is there."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        (self.notes / f"begun-{time.monotonic_ns()}").touch()
        wait_until((self.notes / "go").exists)
        return super().hear(waveform)


class HalfwayEngine(EchoEngine):
    """Reads the first piece at once, and the others when the note `go` is there."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        if not self.is_first_time("first"):
            wait_until((self.notes / "go").exists)
        return super().hear(waveform)


class LateEngine(WaitingEngine):
    """Is loaded once the note `loaded` is there."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        wait_until((self.notes / "loaded").exists)


class ClumsyEngine(EchoEngine):
    """Is killed by the first piece it hears, once."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        if self.is_first_time("crashed"):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().hear(waveform)


class PoisonedEngine(EchoEngine):
    """Is killed by a loud piece, each time, until the note `healed` is there."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        if loudness(waveform) > POISON and not (self.notes / "healed").exists():
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().hear(waveform)


class HangingEngine(EchoEngine):
    """Never answers to a loud piece."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        if loudness(waveform) > POISON:
            Event().wait()
        return super().hear(waveform)


class FailingEngine(EchoEngine):
    """Says of a loud piece that it cannot be computed."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        if loudness(waveform) > POISON:
            raise InferenceFailed(detail="too loud")
        return super().hear(waveform)


class FallenBackEngine(EchoEngine):
    """Was asked for a GPU and computes on the CPU."""

    @property
    def info(self) -> EngineInfo:
        line = Applied("device", "cuda", "cpu", plain_reason("No NVIDIA GPU with a working driver was found."))
        return replace(super().info, receipt=(line,))


class UnsureEngine(EchoEngine):
    """Withholds every text."""

    def hear(self, _: Waveform) -> Hypothesis:
        return Hypothesis("", "", None, dropped="unsure")


class ForeignEngine(EchoEngine):
    """Heard mostly the language that was not chosen."""

    def hear(self, waveform: Waveform) -> Hypothesis:
        return replace(super().hear(waveform), foreign_share=0.75)


class BatchEngine(EchoEngine):
    """Likes four seconds at once. Notes the loudness of what came together, and waits for the note `go`."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, batch_seconds=4.0)

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        levels = [str(round(10 * loudness(utterance.waveform))) for utterance in utterances]
        with (self.notes / "batches").open("a") as notes:
            notes.write(" ".join(levels) + "\n")
        wait_until((self.notes / "go").exists)
        return super().transcribe(utterances)


class PoisonedBatchEngine(BatchEngine, PoisonedEngine):
    """Is killed by a batch with a loud piece."""


class HangingBatchEngine(BatchEngine, HangingEngine):
    """Never answers to a batch with a loud piece."""


class FailingBatchEngine(BatchEngine, FailingEngine):
    """Says of a batch with a loud piece that it cannot be computed."""


class CrampedEngine(EchoEngine):
    """Has too little memory for a loud piece, and says what it did about it."""

    def receipt(self, options: RecognitionOptions) -> tuple[Applied, ...]:
        return (*super().receipt(options), Applied("batch", "auto", "60 s"))

    def hear(self, waveform: Waveform) -> Hypothesis:
        heard = super().hear(waveform)
        is_loud = loudness(waveform) > POISON
        return replace(heard, applied=(Applied("batch", "auto", "30 s", SMALLER_BATCHES),) if is_loud else ())


def refuse(spec: EngineSpec) -> EchoEngine:
    """Refuse to load until the note `healed` is there."""
    if not (spec.model_dir / "healed").exists():
        raise ModelFileMissing(folder=str(spec.model_dir), file="train.yaml")
    return EchoEngine(spec)


def too_large(spec: EngineSpec) -> EchoEngine:
    """Ask torch for more memory than any machine has."""
    import torch

    torch.empty(2**60, dtype=torch.uint8)
    return EchoEngine(spec)


def die_while_loading(spec: EngineSpec) -> EchoEngine:
    with (spec.model_dir / "starts").open("a") as notes:
        notes.write("x")
    os._exit(3)


def level_words(level: int, waveform: Waveform) -> tuple[Word, ...]:
    """The two words of EchoEngine, each half as long as the piece."""
    seconds = len(waveform) / SAMPLE_RATE
    middle = seconds / 2
    return Word("Level", 0.0, middle, 0.9, "level"), Word(f"{level}.", middle, seconds, 0.9, str(level))


def loudness(waveform: Waveform) -> float:
    return float(np.abs(waveform).max(initial=0.0))


class CpuEngine(EchoEngine):
    """Loads on a CPU alone, and notes each time that it does."""

    def __init__(self, spec: EngineSpec) -> None:
        if spec.device not in ("auto", "cpu"):
            raise DeviceUnavailable(device=spec.device, reason="there is none")
        super().__init__(spec)
        (self.notes / f"loaded-{time.monotonic_ns()}").touch()
