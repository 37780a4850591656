"""One real recognition in a child process: does this model on this device give the expected text?

The golden sample is `golden.json` in the model folder: {"audio": file name, "text": expected text}.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from app.domain.options import RecognitionOptions, VadOptions
from app.engine import SAMPLE_RATE, EngineInfo, EngineSpec, Utterance, Waveform
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import prepare
from app.engine.process.messages import Failed, Ready, Refused, Transcribe, Transcribed
from app.services.inference.child import Child

GOLDEN = "golden.json"
GOLDEN_LIMITS = DecodeLimits(max_seconds=60, cpu_seconds=60, memory_mb=2048)
TIMEOUT_SECONDS = 300  # a cold start on a busy machine with a slow disk and a first CUDA initialisation


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Result of the test recognition."""

    device: str
    dtype: str
    load_seconds: float
    text: str
    expected: str | None
    """None if the model folder has no golden sample."""
    rtf: float
    """Computing time divided by the duration of the sample."""

    @property
    def is_right(self) -> bool:
        """Return whether the text matches letter by letter, ignoring punctuation and case."""
        return self.expected is not None and _letters(self.text) == _letters(self.expected)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def run_selftest(spec: EngineSpec) -> SelfTest:
    """Load the model and recognise its golden sample in a child process.

    Raises:
        ModelError, DeviceUnavailable, AudioError: raised by the engine.
        InferenceCrashed: the process died.
        InferenceHung: it gave no answer.
    """
    child = Child(spec)
    try:
        info = _load(child)
        golden = spec.model_dir / GOLDEN
        if not golden.is_file():
            return SelfTest(info.device, info.dtype, info.load_seconds, "", None, 0.0)
        described = json.loads(golden.read_text(encoding="utf-8"))
        waveform = _read(spec.model_dir / described["audio"])
        _recognise(child, waveform)  # the first call also warms up
        started = time.perf_counter()
        text = _recognise(child, waveform)
        rtf = (time.perf_counter() - started) * SAMPLE_RATE / len(waveform)
        return SelfTest(info.device, info.dtype, info.load_seconds, text, described["text"], rtf)
    finally:
        child.end()


def _load(child: Child) -> EngineInfo:
    answer = child.first_answer(TIMEOUT_SECONDS)
    if isinstance(answer, Refused):
        raise answer.error
    assert isinstance(answer, Ready)  # noqa: S101 - the only other first answer
    return answer.info


def _recognise(child: Child, waveform: Waveform) -> str:
    answer = child.ask(Transcribe(0, (Utterance(waveform, RecognitionOptions(itn=False)),)), TIMEOUT_SECONDS)
    if isinstance(answer, Failed):
        raise answer.error
    assert isinstance(answer, Transcribed)  # noqa: S101 - the only other answer to Transcribe
    return answer.hypotheses[0].text_raw


def _read(audio: Path) -> Waveform:
    with tempfile.TemporaryDirectory(prefix="funasr-") as folder:
        pcm = Path(folder) / "golden.s16"
        prepared = prepare(audio, pcm, Path(folder) / "peaks.json", VadOptions(), GOLDEN_LIMITS, lambda: False)
        return read_waveform(pcm, 0, prepared.facts.duration)
