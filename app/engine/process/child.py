"""The inference process from the inside: loads one engine and answers requests until told to stop.

It knows an engine only by its spec, and nothing about jobs. It never outlives its parent process.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import psutil

from app.domain.errors.base import AppError
from app.domain.errors.inference import InferenceFailed, InferenceUnavailable, OutOfMemory
from app.domain.errors.models import ModelTooLarge
from app.engine import Engine, EngineSpec
from app.engine.catalog.registry import factory_for
from app.engine.process.messages import (
    Answer,
    ClearCache,
    Cleared,
    Failed,
    HearVoices,
    Ready,
    Refused,
    Request,
    Stop,
    Transcribe,
    Transcribed,
    VoicesHeard,
)
from app.engine.speakers import SpeakerModel
from app.engine.text.rewriting import RewritingEngine
from app.engine.vad.speech_filter import SpeechFilteredEngine


def serve(connection: Connection, spec: EngineSpec) -> None:
    """Send Ready or Refused, then answer each request until Stop or the end of the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    _end_with_parent()
    host = EngineHost(spec)
    with suppress(EOFError, ConnectionError):  # a parent that is killed leaves the connection closed, reset or broken
        connection.send(host.first_answer)
        if isinstance(host.first_answer, Ready):
            _answer_requests(connection, host)


class EngineHost:
    """An engine that answers requests, with the models of speakers beside it."""

    def __init__(self, spec: EngineSpec) -> None:
        """Load the engine; `first_answer` says whether that succeeded."""
        self._voices = _Voices()
        gc.disable()  # until the engine is loaded: torch's objects are permanent, and scanning them takes 0.3 s
        self.first_answer = self._load(spec)

    def _load(self, spec: EngineSpec) -> Ready | Refused:
        try:
            self._engine = load(spec)
        except OutOfMemory as error:
            return Refused(_too_large(spec, error.params["detail"]), traceback.format_exc())
        except AppError as error:
            return Refused(error, traceback.format_exc())
        except Exception as error:  # noqa: BLE001 - any error of a driver or library is the answer
            return Refused(_refusal(spec, error), traceback.format_exc())
        _freeze_what_stays()
        return Ready(self._engine.info, psutil.Process().memory_info().rss)

    def answer(self, request: Transcribe | HearVoices | ClearCache) -> Answer:
        """Return what was asked for, or why there is none; the host lives on."""
        if isinstance(request, ClearCache):
            return Cleared(_clear_cache(self._engine.info.device))
        if isinstance(request, HearVoices):
            return _answer(partial(self._voices.answer, request))
        return _answer(partial(_transcribed, request, self._engine))


def _refusal(spec: EngineSpec, error: Exception) -> AppError:
    """Convert an unexpected error to an AppError."""
    if "torch" in sys.modules:
        from app.engine.computing.device import is_out_of_memory

        if is_out_of_memory(error):
            return _too_large(spec, (str(error).splitlines() or ["MemoryError"])[0])
    return InferenceUnavailable(reason=f"{type(error).__name__}: {error}")


def _too_large(spec: EngineSpec, detail: object) -> ModelTooLarge:
    return ModelTooLarge(folder=str(spec.model_dir), detail=detail)


def load(spec: EngineSpec) -> Engine:
    """Return the engine made by the spec's factory, behind a speech filter if the spec names one, and with rules for its texts.

    Raises:
        ModelError, DeviceUnavailable, OutOfMemory: from the factory.
    """
    engine = cast("Callable[[EngineSpec], Engine]", _named(spec.factory))(spec)
    if spec.vad_model is not None:
        from app.engine.sanm.vad import load_vad

        engine = SpeechFilteredEngine(engine, load_vad(spec.vad_model))
    return RewritingEngine(engine)


def load_speakers(folder: Path) -> SpeakerModel:
    """Return the model of speakers in a folder.

    Raises:
        ModelError: it is missing, damaged, or no such model.
    """
    return cast("Callable[[Path], SpeakerModel]", _named(factory_for(folder)))(folder)


def _named(factory: str) -> object:
    """Return the function called `module:function`."""
    module, _, function = factory.partition(":")
    return getattr(importlib.import_module(module), function)


def _freeze_what_stays() -> None:
    """Exempt permanent objects from garbage collection.

    Beam search allocates so much that full collections are frequent: 200,000 objects of torch and the n-grams made one
    recognition in ten 130 ms slower.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def _answer_requests(connection: Connection, host: EngineHost) -> None:
    request: Request
    while not isinstance(request := connection.recv(), Stop):
        connection.send(host.answer(request))


def _clear_cache(device: str) -> int:
    """Release the device's cached memory; return the bytes freed."""
    if device.startswith("cpu"):
        return 0
    from app.engine.computing.device import clear_cache  # torch is already imported by the engine

    return clear_cache(device)


def _transcribed(request: Transcribe, engine: Engine) -> Transcribed:
    hypotheses = engine.transcribe(request.utterances)
    receipts = tuple(engine.receipt(utterance.options) for utterance in request.utterances)
    return Transcribed(request.id, tuple(hypotheses), receipts)


class _Voices:
    """The models of speakers that were asked for: small, and kept beside the engine."""

    def __init__(self) -> None:
        self._models: dict[Path, SpeakerModel] = {}

    def answer(self, request: HearVoices) -> VoicesHeard:
        model = self._model(request.folder)
        if request.task == "info":
            return VoicesHeard(model.info)
        method = model.activity if request.task == "activity" else model.embeddings
        return VoicesHeard(method(request.waveforms))

    def _model(self, folder: Path) -> SpeakerModel:
        if folder not in self._models:
            self._models[folder] = load_speakers(folder)
        return self._models[folder]


def _answer(compute: Callable[[], Answer]) -> Answer:
    try:
        return compute()
    except AppError as error:
        return Failed(error, traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - one request fails, the process survives
        detail = f"{type(error).__name__}: {error}"
        return Failed(InferenceFailed(detail=detail), traceback.format_exc())


def _end_with_parent() -> None:
    """Exit when the parent does, even in the middle of a computation.

    A closed connection is only noticed between two requests. Linux could send a signal (PR_SET_PDEATHSIG), but does so
    when the *thread* that started this process ends, and servers start it from short-lived threads.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
