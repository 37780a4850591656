"""The inference process as a real child process."""

import multiprocessing
import os
import pickle
import signal
from contextlib import contextmanager

import numpy as np
import psutil
import pytest

from app.domain.errors.inference import InferenceFailed, InferenceUnavailable
from app.domain.errors.models import ModelFolderMissing
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Utterance
from app.engine.process.child import serve
from app.engine.process.messages import Failed, Ready, Refused, Stop, Transcribe, Transcribed
from tests.engine.tiny_model import build_tiny_model
from tests.waiting import PATIENCE_SECONDS

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@contextmanager
def child(spec):
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(theirs, spec), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours, process
    finally:
        process.kill()
        process.join()


def answer(connection):
    assert connection.poll(PATIENCE_SECONDS), "the child says nothing"
    return connection.recv()


def ends(process):
    process.join(PATIENCE_SECONDS)
    return process.exitcode


def request(number, *waveforms):
    options = RecognitionOptions(hotwords=(Hotword("你好"),))
    return Transcribe(number, tuple(Utterance(waveform, options) for waveform in waveforms))


def test_the_child_loads_answers_survives_ctrl_c_and_stops(folder):
    with child(EngineSpec(folder, device="cpu")) as (connection, process):
        ready = answer(connection)
        assert isinstance(ready, Ready)
        assert ready.info.model == "tiny"
        assert b"torch_version" not in pickle.dumps(ready), "whoever receives it would import torch"
        assert ready.rss_bytes > 10_000_000
        os.kill(process.pid, signal.SIGINT)
        connection.send(request(7, np.zeros(0, np.float32), np.ones(16_000, np.float32)))
        transcribed = answer(connection)
        assert isinstance(transcribed, Transcribed)
        assert (transcribed.id, len(transcribed.hypotheses)) == (7, 2)
        assert "hotwords" in {line.name for line in transcribed.receipts[0]}
        connection.send(Stop())
        assert ends(process) == 0


def test_a_model_that_does_not_load_is_refused_with_its_error(tmp_path):
    with child(EngineSpec(tmp_path / "nowhere", device="cpu")) as (connection, process):
        refused = answer(connection)
        assert isinstance(refused, Refused)
        assert isinstance(refused.error, ModelFolderMissing)
        assert "nowhere" in str(refused.error)
        assert "Traceback" in refused.traceback
        assert ends(process) == 0


def test_a_factory_that_does_not_exist_is_refused(tmp_path):
    with child(EngineSpec(tmp_path, factory="no.such.module:load")) as (connection, _):
        refused = answer(connection)
        assert isinstance(refused.error, InferenceUnavailable)
        assert "no.such.module" not in refused.error.code
        assert "ModuleNotFoundError" in str(refused.error)


class BrokenEngine:
    info = None

    def transcribe(self, *_):
        raise ZeroDivisionError("inside the engine")

    def receipt(self, *_):
        return ()


def load_broken(spec):
    return BrokenEngine()


def test_an_error_inside_the_engine_costs_one_request(tmp_path):
    with child(EngineSpec(tmp_path, factory=f"{__name__}:load_broken")) as (connection, process):
        assert isinstance(answer(connection), Ready)
        for number in (1, 2):
            connection.send(request(number, np.zeros(10, np.float32)))
            failed = answer(connection)
            assert isinstance(failed, Failed)
            assert isinstance(failed.error, InferenceFailed)
            assert "inside the engine" in failed.traceback
        connection.close()
        assert ends(process) == 0


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_parent_that_is_killed_before_it_has_read_an_answer_is_no_error_of_the_child(tmp_path, is_asked):
    with child(EngineSpec(tmp_path, factory=f"{__name__}:load_broken")) as (connection, process):
        assert connection.poll(PATIENCE_SECONDS)
        if is_asked:
            connection.send(request(1, np.zeros(10, np.float32)))
        connection.close()
        assert ends(process) == 0


def start_and_vanish(spec, report):
    """A parent that dies without a word while its child computes."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(theirs, spec))
    process.start()
    assert isinstance(ours.recv(), Ready)
    ours.send(request(1, np.zeros(10, np.float32)))
    report.send(process.pid)
    report.recv()
    os.kill(os.getpid(), signal.SIGKILL)


class EndlessEngine(BrokenEngine):
    def transcribe(self, *_):
        while True:
            pass


def load_endless(spec):
    return EndlessEngine()


def test_the_child_does_not_outlive_a_killed_parent_even_while_it_computes(tmp_path):
    ours, theirs = SPAWN.Pipe()
    spec = EngineSpec(tmp_path, factory=f"{__name__}:load_endless")
    parent = SPAWN.Process(target=start_and_vanish, args=(spec, theirs))
    parent.start()
    theirs.close()
    orphan = psutil.Process(answer(ours))
    ours.send("go on")
    assert ends(parent) == -signal.SIGKILL
    orphan.wait(PATIENCE_SECONDS)
    assert not orphan.is_running()
