"""The inference process dies, hangs or refuses: the cost, and what is reported."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.domain.errors.inference import (
    InferenceCrashed,
    InferenceFailed,
    InferenceHung,
    InferenceUnavailable,
    OutOfMemory,
)
from app.domain.options import RecognitionOptions
from app.domain.states import JobState
from app.engine import EngineSpec, Utterance
from app.i18n import translator
from app.services.inference.process import InferenceProcess, Stopped
from tests.engine.sounds import babble
from tests.services.conftest import House, talk


def asked(*waveforms):
    return [Utterance(waveform, RecognitionOptions()) for waveform in waveforms]


pytestmark = pytest.mark.usefixtures("fresh_interpreters")


@contextmanager
def process(folder: Path, factory: str) -> Iterator[InferenceProcess]:
    inference = InferenceProcess(EngineSpec(model_dir=folder, factory=f"tests.fakes:{factory}"))
    try:
        yield inference
    finally:
        inference.stop()


def child_pid() -> int:
    """The one inference process of this test run."""
    children = psutil.Process().children()
    [pid] = [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
    return pid


@pytest.mark.smoke
def test_a_request_starts_the_process_by_itself(tmp_path: Path) -> None:
    with process(tmp_path, "EchoEngine") as inference:
        assert inference.status().state == "stopped"
        answer = inference.transcribe(asked(babble(0.5, level=0.3), babble(0.5, level=0.5)), 30)
        status = inference.status()

    assert [hypothesis.text_raw for hypothesis in answer.hypotheses] == ["level 3", "level 5"]
    assert [line.name for line in answer.receipts[0]] == ["device", "language"]
    assert status.state == "ready"
    assert status.info
    assert status.info.model == "echo"
    assert status.rss_bytes
    assert status.rss_bytes > 1_000_000


def test_unloading_ends_the_process_and_the_next_request_loads_again(tmp_path: Path) -> None:
    with process(tmp_path, "EchoEngine") as inference:
        inference.transcribe(asked(babble(0.5)), 30)
        pid = child_pid()
        inference.unload()
        assert not psutil.pid_exists(pid)
        assert inference.status().state == "stopped"
        assert inference.status().rss_bytes is None

        inference.transcribe(asked(babble(0.5)), 30)
        assert inference.status().restarts == 0


def test_a_process_that_runs_out_of_memory_is_replaced(tmp_path: Path) -> None:
    with process(tmp_path, "LeakingEngine") as inference:
        for _ in range(2):
            answer = inference.transcribe(asked(babble(0.5, level=0.3)), 30)
            assert answer.hypotheses[0].text_raw == "level 3"
        status = inference.status()
        assert (status.restarts, status.state) == (1, "ready")
        assert status.last_restart_reason
        assert status.last_restart_reason.code == "out_of_memory"


def test_memory_that_is_short_in_a_new_process_as_well_is_told(tmp_path: Path) -> None:
    with process(tmp_path, "LeakingEngine") as inference:
        inference.transcribe(asked(babble(0.5)), 30)
        (tmp_path / "cramped").touch()
        for _ in range(3):
            with pytest.raises(OutOfMemory):
                inference.transcribe(asked(babble(0.5)), 30)
        assert inference.status().restarts == 1  # a new process would have no more


def test_a_killed_process_names_the_likely_reason(tmp_path: Path) -> None:
    with process(tmp_path, "ClumsyEngine") as inference:
        with pytest.raises(InferenceCrashed, match="out of memory"):
            inference.transcribe(asked(babble(0.5)), 30)
        answer = inference.transcribe(asked(babble(0.5)), 30)
        status = inference.status()

    assert answer.hypotheses[0].text_raw == "level 2"
    assert status.restarts == 1
    assert status.last_restart_reason
    assert status.last_restart_reason.code == "inference_crashed"


def test_a_crash_names_its_signal(tmp_path: Path) -> None:
    with process(tmp_path, "PoisonedEngine") as inference, pytest.raises(InferenceCrashed, match="SIGSEGV"):
        inference.transcribe(asked(babble(0.5, level=1.0)), 30)


def test_a_hang_is_ended_and_the_next_request_is_served(tmp_path: Path) -> None:
    with process(tmp_path, "HangingEngine") as inference:
        inference.transcribe(asked(babble(0.5)), 30)
        with pytest.raises(InferenceHung):
            inference.transcribe(asked(babble(0.5, level=1.0)), 0.5)
        answer = inference.transcribe(asked(babble(0.5)), 30)

    assert answer.hypotheses[0].text_raw == "level 2"


def test_an_error_of_the_engine_does_not_end_the_process(tmp_path: Path) -> None:
    with process(tmp_path, "FailingEngine") as inference:
        with pytest.raises(InferenceFailed, match="too loud") as caught:
            inference.transcribe(asked(babble(0.5, level=1.0)), 30)
        assert "tests/fakes.py" in "".join(caught.value.__notes__)
        assert inference.status().state == "ready"
        assert inference.status().restarts == 0


def test_an_idle_process_that_is_killed_comes_back_by_itself(house: House) -> None:
    with house.working("EchoEngine") as inference:
        house.until(lambda: inference.status().state == "ready")
        os.kill(child_pid(), signal.SIGKILL)
        house.until(lambda: inference.status().restarts == 1)
        house.until(lambda: inference.status().state == "ready")


def test_a_death_by_a_signal_without_a_name_is_noticed(house: House) -> None:
    with house.working("EchoEngine") as inference:
        house.until(lambda: inference.status().state == "ready")
        os.kill(child_pid(), 37)
        house.until(lambda: inference.status().restarts == 1)
        house.until(lambda: inference.status().state == "ready")
        reason = inference.status().last_restart_reason

    assert reason
    assert "signal 37" in reason.explained()["message"]


def test_a_process_that_dies_while_loading_is_not_started_forever(tmp_path: Path) -> None:
    with process(tmp_path, "die_while_loading") as inference:
        with pytest.raises(InferenceUnavailable, match="exit code 3"):
            inference.transcribe(asked(babble(0.5)), 30)
        status = inference.status()

    assert len((tmp_path / "starts").read_text()) == 3
    assert status.state == "failed"
    assert status.problem
    assert status.problem.code == "inference_unavailable"


def test_stopping_abandons_a_request_at_once(house: House) -> None:
    with process(house.folder, "WaitingEngine") as inference:
        from threading import Thread

        ends: list[type[BaseException]] = []

        def ask() -> None:
            try:
                inference.transcribe(asked(babble(0.5)), 60)
            except Stopped as end:
                ends.append(type(end))

        thread = Thread(target=ask)
        thread.start()
        house.until(lambda: any(house.folder.glob("begun-*")))
        inference.stop()
        thread.join()

    assert ends == [Stopped]
    assert inference.status().restarts == 0


def test_a_crash_costs_nothing_if_the_second_try_succeeds(house: House) -> None:
    with house.working("ClumsyEngine") as inference:
        record = house.end_of(house.submit(talk(0.2, 0.4)).id)
        restarts = inference.status().restarts

    assert record.state is JobState.SUCCEEDED
    assert record.text_raw == "level 2 level 4"
    assert restarts == 1


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("PoisonedEngine", "inference_crashed"),
        ("HangingEngine", "inference_hung"),
        ("FailingEngine", "inference_failed"),
    ],
)
def test_a_segment_that_cannot_be_recognised_costs_only_itself(house: House, factory: str, reason: str) -> None:
    with house.working(factory, timeout_seconds=5):
        bad = house.submit(talk(0.2, 1.0, 0.4)).id
        good = house.submit(talk(0.3, 0.5, 0.3)).id
        records = [house.end_of(bad), house.end_of(good)]

    assert records[1].state is JobState.SUCCEEDED
    assert records[1].text_raw == "level 3 level 5 level 3"
    assert records[0].state is JobState.FAILED
    assert records[0].text_raw == "level 2 level 4"
    assert records[0].error
    assert records[0].error.code == "segments_failed"
    segments = house.queue.segments(bad)
    assert [segment.state for segment in segments] == ["done", "failed", "done"]
    assert segments[1].error
    assert segments[1].error.code == reason
    assert house.queue.transcript(bad).text_raw == "level 2 level 4"


def test_a_retry_after_failed_segments_redoes_only_those(house: House) -> None:
    with house.working("PoisonedEngine"):
        id = house.submit(talk(0.2, 1.0, 0.4)).id
        house.end_of(id)
        house.note("healed")
        house.queue.retry(id)
        record = house.end_of(id)

    assert record.state is JobState.SUCCEEDED
    assert record.error is None
    assert record.text_raw == "level 2 level 10 level 4"
    assert house.finished_segments(id) == ["index=0", "index=2", "index=1"]


def test_a_model_that_cannot_be_loaded_fails_the_jobs_with_its_reason(house: House) -> None:
    with house.working("refuse") as inference:
        id = house.submit(talk(0.2)).id
        record = house.end_of(id)
        status = inference.status()
        assert record.error
        assert record.error.code == "inference_unavailable"
        assert "train.yaml" in record.error.explained()["message"]
        assert record.error.explained(translator("zh"))["message"].startswith("识别进程无法启动：模型文件夹")
        assert status.state == "failed"
        assert status.problem
        assert status.problem.code == "model_file_missing"

        house.note("healed")
        house.queue.retry(id)
        assert house.end_of(id).text_raw == "level 2"


def test_a_device_that_is_not_the_one_asked_for_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with process(tmp_path, "FallenBackEngine") as inference:
        inference.transcribe(asked(babble(0.5)), 30)

    [line] = [record for record in caplog.records if "engine_differs" in record.getMessage()]
    assert line.levelname == "WARNING"
    assert "cuda" in str(vars(line))
