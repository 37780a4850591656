"""One real recognition in a child process: does this model on this device read what it must?

The golden sample is `golden.json` in the model folder: {"audio": file name, "text": what is said}.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from app.engine import SAMPLE_RATE, EngineSpec, RecognitionOptions, Waveform
from app.errors import AppError, InferenceCrashed, InferenceFailed, InferenceHung

GOLDEN = "golden.json"
TIMEOUT_SECONDS = 120  # a cold start from a slow disk with a first CUDA initialisation


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What one recognition showed."""

    device: str
    dtype: str
    load_seconds: float
    text: str
    expected: str | None
    """None where the model folder has no golden sample."""
    rtf: float
    """Computing time divided by the duration of the sample."""


def run_selftest(spec: EngineSpec) -> SelfTest:
    """Load the model and read its golden sample in a process of its own.

    Raises:
        ModelError, DeviceUnavailable, AudioError: as the engine says it.
        InferenceCrashed: the process died.
        InferenceHung: it gave no answer.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_answer, args=(theirs, spec), daemon=True)
    child.start()
    theirs.close()
    try:
        if not ours.poll(TIMEOUT_SECONDS):
            raise InferenceHung(seconds=TIMEOUT_SECONDS)
        answer = ours.recv()
    except EOFError:
        child.join()
        raise InferenceCrashed(detail=f"exit code {child.exitcode}") from None
    finally:
        child.kill()
        child.join()
    if isinstance(answer, AppError):
        raise answer
    assert isinstance(answer, SelfTest)  # noqa: S101 - the child sends one or the other
    return answer


def _answer(connection: Connection, spec: EngineSpec) -> None:
    try:
        connection.send(_selftest(spec))
    except AppError as error:
        connection.send(error)
    except Exception as error:  # noqa: BLE001 - whatever torch throws is the finding
        connection.send(InferenceFailed(detail=f"{type(error).__name__}: {error}"))


def _selftest(spec: EngineSpec) -> SelfTest:
    from app.engine.recognizer import load_engine

    engine = load_engine(spec)
    golden = spec.model_dir / GOLDEN
    expected, text, rtf = None, "", 0.0
    if golden.is_file():
        described = json.loads(golden.read_text(encoding="utf-8"))
        expected, waveform = described["text"], _read(spec.model_dir / described["audio"])
        engine.transcribe([waveform], RecognitionOptions(itn=False))  # the first call also warms up
        started = time.perf_counter()
        [hypothesis] = engine.transcribe([waveform], RecognitionOptions(itn=False))
        rtf = (time.perf_counter() - started) * SAMPLE_RATE / len(waveform)
        text = hypothesis.text_raw
    info = engine.info
    return SelfTest(info.device, info.dtype, info.load_seconds, text, expected, rtf)


def _read(audio: Path) -> Waveform:
    from app.engine.audio import DecodeLimits, decode, read_waveform

    with tempfile.TemporaryDirectory(prefix="funasr-") as folder:
        pcm = Path(folder) / "golden.s16"
        facts = decode(audio, pcm, DecodeLimits(max_seconds=60, cpu_seconds=60, memory_mb=2048))
        return read_waveform(pcm, 0, facts.duration)
