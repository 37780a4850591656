"""Decoding processes are reused: each decodes many files, and none sees traces of another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.domain.errors.audio import DecodingCrashed, DecodingMemoryLimit, DecodingTimeLimit, NotAudio
from app.domain.options import VadOptions
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.pool import FORKS, Overdue, PreparationPool
from app.engine.preparation.preparation import Cancelled, Prepared, prepare
from tests.engine import sounds
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.usefixtures("fresh_interpreters")

LIMITS = DecodeLimits(max_seconds=36_000, cpu_seconds=60, memory_mb=256)
REPOSITORY = Path(__file__).resolve().parents[2]
forks_only = pytest.mark.skipif(not FORKS, reason="a process reads one file where forks are not safe")


@pytest.fixture(name="pool")
def _pool() -> Iterator[PreparationPool]:
    with PreparationPool() as pool:
        yield pool


@pytest.fixture(name="sentence")
def _sentence(tmp_path: Path) -> Path:
    source = tmp_path / "a.wav"
    source.write_bytes(sounds.wav_bytes(sounds.babble(1.0)))
    return source


@pytest.fixture(name="ten_hours")
def _ten_hours(tmp_path: Path) -> Path:
    """Ten hours of digital silence at 8 kHz: a hole in the disk behind a header."""
    size = 36_000 * 8_000 * 2
    source = tmp_path / "long.wav"
    source.write_bytes(sounds.wav_header(size, 8_000, 1, 2))
    os.truncate(source, 44 + size)
    return source


def read(
    source: Path,
    pool: PreparationPool,
    cancelled: Callable[[], bool] = lambda: False,
    limits: DecodeLimits = LIMITS,
) -> Prepared:
    samples = source.with_suffix(".s16")
    return prepare(source, samples, source.with_suffix(".json"), VadOptions(), limits, cancelled, pool=pool)


def children(of: int | None = None) -> list[int]:
    """The processes that wait for files."""
    return sorted(child.pid for child in psutil.Process(of).children() if is_ours(child))


def readers(of: int | None = None) -> list[psutil.Process]:
    """Those that read one."""
    return [reader for child in children(of) for reader in children_of(child)]


def children_of(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def is_ours(process: psutil.Process) -> bool:
    try:
        return "app.engine.preparation.child" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


def send(number: int) -> Callable[[], bool]:
    """Give a question that is answered with no, after a signal to whatever reads a file."""

    def asked() -> bool:
        for reader in readers():
            with suppress(psutil.NoSuchProcess):  # an earlier signal has ended it
                reader.send_signal(number)
        return False

    return asked


@forks_only
def test_many_files_are_read_by_one_child(pool, sentence):
    read(sentence, pool)
    first = children()
    for _ in range(5):
        assert read(sentence, pool).facts.duration == 1.0
    assert children() == first
    assert len(first) == 1


@forks_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_file_that_kills_its_reader_costs_itself_alone(pool, sentence, ten_hours, number):
    read(sentence, pool)
    before = children()
    with pytest.raises(DecodingCrashed, match=number.name):
        read(ten_hours, pool, send(number))
    assert read(sentence, pool).facts.duration == 1.0
    assert children() == before


def test_a_file_that_kills_the_child_too_costs_itself_alone(pool, sentence, ten_hours):
    def kill() -> bool:
        for child in children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return False

    with pytest.raises(DecodingCrashed, match="SIGKILL"):
        read(ten_hours, pool, kill)
    assert read(sentence, pool).facts.duration == 1.0


@forks_only
def test_a_child_that_died_while_it_waited_costs_no_file(pool, sentence):
    read(sentence, pool)
    [child] = children()
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert read(sentence, pool).facts.duration == 1.0
    assert child not in children()


@forks_only
def test_limits_are_those_of_each_file(pool, sentence, ten_hours):
    read(sentence, pool)
    before = children()
    with pytest.raises(DecodingTimeLimit):
        read(ten_hours, pool, limits=DecodeLimits(36_000, cpu_seconds=1, memory_mb=256))
    with pytest.raises(DecodingMemoryLimit):
        read(ten_hours, pool, limits=DecodeLimits(36_000, cpu_seconds=60, memory_mb=1))
    with pytest.raises(NotAudio):
        read(Path(__file__), pool)
    assert read(sentence, pool).facts.duration == 1.0
    assert children() == before


@forks_only
def test_a_file_that_hangs_is_ended_and_its_reader_with_it(pool, ten_hours, tmp_path):
    seen: list[psutil.Process] = []

    def hang() -> bool:
        seen.extend(readers())
        for reader in readers():
            with suppress(psutil.NoSuchProcess):
                reader.suspend()
        return False

    request = {
        "source": str(ten_hours),
        "pcm": str(tmp_path / "a.s16"),
        "peaks": str(tmp_path / "peaks.json"),
        "vad": {},
        "limits": {"max_seconds": 36_000, "cpu_seconds": 60, "memory_mb": 256},
        "survey": None,
        "separate": False,
        "track": None,
    }
    with pytest.raises(Overdue):
        pool.ask(request, 15.0, hang)  # a busy machine takes some of them to start the reader
    assert seen
    assert not any(reader.is_running() for reader in seen)
    assert children() == []


def test_a_cancelled_file_leaves_no_process(pool, sentence, ten_hours):
    with pytest.raises(Cancelled):
        read(ten_hours, pool, lambda: bool(readers()))
    assert children() == []
    assert read(sentence, pool).facts.duration == 1.0


@forks_only
def test_after_some_files_comes_a_new_child(sentence):
    with PreparationPool(files_per_child=2) as pool:
        seen = []
        for _ in range(4):
            read(sentence, pool)
            seen.append(children())
    assert seen[0] != []
    assert seen[1] == []
    assert seen[2] not in ([], seen[0])


def test_a_child_that_nobody_wants_ends(sentence):
    with PreparationPool(idle_seconds=0.2) as pool:
        read(sentence, pool)
        wait_until(lambda: children() == [])
        assert read(sentence, pool).facts.duration == 1.0


def test_a_closed_pool_leaves_no_process_and_reads_nothing(sentence):
    with PreparationPool() as pool:
        read(sentence, pool)
    assert children() == []
    with pytest.raises(Cancelled):
        read(sentence, pool)


def test_files_at_one_time_have_a_child_each(pool, ten_hours):
    second = ten_hours.with_name("second.wav")
    os.link(ten_hours, second)
    seen: set[int] = set()

    def seen_two() -> bool:
        seen.update(children())
        return len(seen) >= 2

    with ThreadPoolExecutor(2) as callers:
        files = [callers.submit(read, file, pool, seen_two) for file in (ten_hours, second)]
    assert [type(file.exception()) for file in files] == [Cancelled, Cancelled]


@forks_only
def test_a_child_outlives_the_thread_that_first_asked(pool, sentence):
    with ThreadPoolExecutor(1) as caller:
        caller.submit(read, sentence, pool).result()
    before = children()
    assert read(sentence, pool).facts.duration == 1.0
    assert children() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_no_process_outlives_a_server_that_is_killed(ten_hours, sentence):
    script = (
        "import sys; from pathlib import Path; from tests.engine import test_preparation_pool as us\n"
        "with us.PreparationPool() as pool:\n"
        "    us.read(Path(sys.argv[1]), pool); us.read(Path(sys.argv[2]), pool)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(sentence), str(ten_hours)], cwd=REPOSITORY)
    wait_until(lambda: ten_hours.with_name("long.s16.part").exists())
    processes = [*map(psutil.Process, children(parent.pid)), *readers(parent.pid)]
    assert len(processes) == 2
    parent.kill()
    parent.wait()
    assert psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)[1] == []


def test_where_forks_are_not_safe_a_process_reads_one_file(sentence, ten_hours):
    with PreparationPool(forks=False) as pool:
        assert read(sentence, pool).facts.duration == 1.0
        assert children() == []
        with pytest.raises(DecodingTimeLimit):
            read(ten_hours, pool, limits=DecodeLimits(36_000, cpu_seconds=1, memory_mb=256))
        with pytest.raises(Cancelled):
            read(ten_hours, pool, lambda: bool(children()))
        assert read(sentence, pool).facts.duration == 1.0
    assert children() == []
