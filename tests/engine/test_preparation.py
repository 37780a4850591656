"""Files are decoded in a separate process: if it dies, only its own job fails."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.domain.errors.audio import (
    AudioTooLong,
    DecodingCrashed,
    DecodingMemoryLimit,
    DecodingTimeLimit,
    NotAudio,
)
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import DiskFull
from app.domain.options import VadOptions
from app.domain.reasons import NOT_NUMBERS
from app.domain.speech import Rule
from app.engine.audio.decoding import decode
from app.engine.audio.facts import AudioFacts, DecodeLimits, TrackFacts
from app.engine.preparation.preparation import Cancelled, Prepared, prepare
from app.engine.vad.vad import find_speech
from tests.engine import sounds
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.usefixtures("fresh_interpreters")

LIMITS = DecodeLimits(max_seconds=36_000, cpu_seconds=60, memory_mb=256)
REPOSITORY = Path(__file__).resolve().parents[2]


def prepared(source: Path, limits: DecodeLimits = LIMITS, cancelled: Callable[[], bool] = lambda: False) -> Prepared:
    folder = source.parent
    return prepare(source, folder / "a.s16", folder / "peaks.json", VadOptions(), limits, cancelled)


@pytest.fixture(name="sentence")
def _sentence(tmp_path: Path) -> Path:
    sound = np.concatenate([sounds.silence(1.0), sounds.babble(2.0), sounds.silence(1.0)])
    return sounds.encode(tmp_path / "a.flac", sound, codec="flac", container="flac")


@pytest.fixture(name="ten_hours")
def _ten_hours(tmp_path: Path) -> Path:
    """Ten hours at 8 kHz: noise, of which each sample is written, and then digital silence, a hole in the disk."""
    size = 36_000 * 8_000 * 2
    source = tmp_path / "long.wav"
    noise = np.random.default_rng(0).integers(-999, 999, 80_000, np.int16)
    source.write_bytes(sounds.wav_header(size, 8_000, 1, 2) + noise.tobytes())
    os.truncate(source, 44 + size)
    return source


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def decoding_has_begun(folder: Path) -> bool:
    part = folder / "a.s16.part"
    return part.exists() and part.stat().st_size > 0


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if is_reader(child)]


def is_reader(process: psutil.Process) -> bool:
    try:
        return "app.engine.preparation.child" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


def test_it_returns_what_the_child_found_and_leaves_complete_files(sentence, tmp_path):
    result = prepared(sentence)

    levels = result.facts.channel_levels
    assert result.facts == AudioFacts(
        4.0, 16_000, 1, "flac", "flac", result.facts.bit_rate, channel_levels=levels, tracks=(TrackFacts(1, "flac", 1),)
    )
    assert len(levels) == len(result.sound) == 1
    assert len(result.spans) == 1
    assert [dropped.rule for dropped in result.speech[0].dropped] == [Rule.TOO_QUIET] * 2
    assert (tmp_path / "a.s16").stat().st_size == 4 * 16_000 * 2
    assert len(json.loads((tmp_path / "peaks.json").read_text())) == 1000
    assert left_in(tmp_path) == {"a.flac", "a.s16", "peaks.json"}


def test_it_finds_the_same_as_a_call_in_this_process(sentence, tmp_path):
    result = prepared(sentence)
    assert decode(sentence, tmp_path / "b.s16", LIMITS) == result.facts
    assert find_speech(tmp_path / "b.s16", VadOptions()) == result.speech[0]


@pytest.mark.parametrize("name", ["会议 (1).MP3", "-c", "a\udcff.wav", "--help"])
def test_odd_names_reach_the_child(sentence, name):
    assert prepared(sentence.rename(sentence.with_name(name))).facts.duration == 4.0


def test_an_error_of_the_file_comes_back_with_its_words(tmp_path):
    source = tmp_path / "a.mp3"
    source.write_bytes(b"Dear diary, today I was renamed.\n" * 100)
    with pytest.raises(NotAudio, match="its content is in no known format"):
        prepared(source)
    assert left_in(tmp_path) == {"a.mp3"}


def test_warnings_come_back(tmp_path):
    sound = sounds.babble(1.0)
    sound[500] = np.nan
    source = tmp_path / "a.wav"
    source.write_bytes(sounds.wav_bytes(sound))
    assert prepared(source).facts.warnings == (NOT_NUMBERS.of(count=1),)


def test_a_killed_child_costs_its_own_job_only(ten_hours, tmp_path):
    def kill() -> bool:
        for child in children():
            child.kill()
        return False

    with pytest.raises(DecodingCrashed, match="SIGKILL"):
        prepared(ten_hours, cancelled=kill)
    assert left_in(tmp_path) == {"long.wav"}
    assert children() == []


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_crashed_child_is_named_by_its_signal(ten_hours, tmp_path, number):
    def crash() -> bool:
        for child in children():
            child.send_signal(number)
        return False

    with pytest.raises(DecodingCrashed, match=number.name):
        prepared(ten_hours, cancelled=crash)
    assert left_in(tmp_path) == {"long.wav"}


def test_signals_meant_for_the_server_do_not_end_the_child(tmp_path):
    source = tmp_path / "a.wav"
    source.write_bytes(sounds.wav_bytes(sounds.noise(120.0, 0.1)))

    def terminate() -> bool:
        for child in children():
            if decoding_has_begun(tmp_path):
                child.terminate()
            assert os.getpgid(child.pid) != os.getpgid(0)
        return False

    assert prepared(source, cancelled=terminate).facts.duration == 120.0


def test_a_cancelled_job_stops_in_the_middle_of_the_file(ten_hours, tmp_path):
    with pytest.raises(Cancelled):
        prepared(ten_hours, cancelled=lambda: decoding_has_begun(tmp_path))
    assert left_in(tmp_path) == {"long.wav"}
    assert children() == []


def test_a_job_cancelled_before_it_starts_starts_no_child(sentence):
    with pytest.raises(Cancelled):
        prepared(sentence, cancelled=lambda: True)


def test_too_much_computing_time_is_stopped(ten_hours, tmp_path):
    with pytest.raises(DecodingTimeLimit):
        prepared(ten_hours, DecodeLimits(max_seconds=36_000, cpu_seconds=1, memory_mb=256))
    assert left_in(tmp_path) == {"long.wav"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space reliably")
def test_too_much_memory_is_stopped(tmp_path):
    source = tmp_path / "a.wav"
    source.write_bytes(sounds.wav_bytes(sounds.noise(120.0, 0.1)))
    with pytest.raises(DecodingMemoryLimit, match="1 MB"):
        prepared(source, DecodeLimits(max_seconds=36_000, cpu_seconds=60, memory_mb=1))
    assert left_in(tmp_path) == {"a.wav"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space reliably")
def test_a_recording_fits_into_memory_that_could_not_hold_it(tmp_path):
    """Twenty minutes are 38 MB of samples, as floats twice as much; the child may take 8 MB."""
    source = tmp_path / "long.wav"
    size = 1200 * 16_000 * 2
    source.write_bytes(sounds.wav_header(size, 16_000, 1, 2))
    os.truncate(source, 44 + size)
    result = prepared(source, DecodeLimits(max_seconds=3600, cpu_seconds=60, memory_mb=8))
    assert (result.facts.duration, result.spans) == (1200.0, ())


def test_a_recording_over_the_limit_leaves_nothing(ten_hours, tmp_path):
    with pytest.raises(AudioTooLong):
        prepared(ten_hours, DecodeLimits(max_seconds=60, cpu_seconds=60, memory_mb=256))
    assert left_in(tmp_path) == {"long.wav"}


def test_a_full_disk_is_named(sentence, tmp_path):
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the child inherits it
    try:
        with pytest.raises(DiskFull):
            prepared(sentence)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert left_in(tmp_path) == {sentence.name}


def test_a_failure_leaves_the_files_of_an_earlier_success(sentence, tmp_path):
    prepared(sentence)
    before = (tmp_path / "a.s16").read_bytes()
    sentence.write_bytes(b"no longer audio")
    with pytest.raises(NotAudio):
        prepared(sentence)
    assert (tmp_path / "a.s16").read_bytes() == before


def test_a_folder_that_vanished_is_a_crash_with_its_reason(tmp_path, sentence):
    with pytest.raises(DecodingCrashed, match="FileNotFoundError"):
        prepare(sentence, tmp_path / "gone" / "a", tmp_path / "p", VadOptions(), LIMITS, lambda: False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_the_child_dies_with_its_parent(ten_hours, tmp_path):
    script = (
        "import sys; from pathlib import Path; from tests.engine.test_preparation import prepared; "
        "prepared(Path(sys.argv[1]))"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(ten_hours)], cwd=REPOSITORY)
    child = first_child(parent.pid)
    wait_until(lambda: decoding_has_begun(tmp_path))
    parent.kill()
    parent.wait()
    child.wait(timeout=PATIENCE_SECONDS)
    assert not child.is_running()


def first_child(pid: int) -> psutil.Process:
    def readers() -> list[psutil.Process]:
        return list(filter(is_reader, psutil.Process(pid).children()))

    wait_until(readers)
    return readers()[0]


def test_the_child_imports_no_torch(tmp_path):
    script = "import sys, app.engine.preparation.child; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"torch", "fastapi", "sqlalchemy", "pydantic"} & set(loaded)


def test_the_speech_options_are_checked_before_anything_starts():
    with pytest.raises(InvalidParameter):
        VadOptions(frame_ms=25)
