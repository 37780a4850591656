import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logging import bound, close_logging, event, job_logs, setup_logging

log = logging.getLogger("app.test")


@pytest.fixture(name="log_dir")
def _log_dir(tmp_path: Path) -> Iterator[Path]:
    levels = [(logger, logger.level) for logger in (logging.getLogger(), logging.getLogger("app"))]
    setup_logging(tmp_path / "logs")
    yield tmp_path / "logs"
    close_logging()
    for logger, level in levels:
        logger.setLevel(level)


def written(log_dir: Path) -> list[str]:
    return (log_dir / "app.log").read_text("utf-8").splitlines()


def test_a_line_has_time_level_request_job_logger_event_and_fields(log_dir: Path) -> None:
    with bound(request="ab12", job="cd34"):
        event(log, logging.INFO, "segment_finished", index=3, seconds=1.2, name="two words")

    [line] = written(log_dir)
    moment, rest = line.split(" ", 1)
    assert moment.endswith("Z")
    assert len(moment) == len("2026-11-22T18:57:01.123Z")
    assert rest == 'INFO request=ab12 job=cd34 app.test segment_finished index=3 seconds=1.2 name="two words"'


def test_ids_end_with_their_block(log_dir: Path) -> None:
    with bound(request="ab12"), bound(job="cd34"):
        pass
    event(log, logging.INFO, "idle")

    assert "request=- job=- " in written(log_dir)[0]


def test_a_name_with_line_breaks_cannot_forge_a_second_event(log_dir: Path) -> None:
    event(log, logging.INFO, "uploaded", name="a\r\n2026-01-01T00:00:00.000Z INFO forged\u2028x\x1b[31m")
    log.warning("plain\nmessage")

    lines = written(log_dir)
    assert len(lines) == 2
    assert "\\r\\n2026" in lines[0]
    assert "\x1b" not in lines[0]
    assert lines[1].endswith("plain\\nmessage")


def test_a_traceback_follows_its_line_indented(log_dir: Path) -> None:
    try:
        int("first\nsecond")
    except ValueError:
        event(log, logging.ERROR, "job_failed", exc_info=True)

    head, *traceback = written(log_dir)
    assert head.endswith("app.test job_failed")
    assert traceback[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in traceback)


def test_a_traceback_that_comes_as_a_message_is_indented_too(log_dir: Path) -> None:
    logging.getLogger("uvicorn.error").error("Traceback (most recent call last):\n  File x\nOSError: y\n")

    assert [line[:4] for line in written(log_dir)[1:]] == ["    "] * 3


def test_undecodable_names_are_written_not_fatal(log_dir: Path) -> None:
    event(log, logging.INFO, "uploaded", name="\udcff")

    assert written(log_dir)[0].endswith("name=\\udcff")


def test_debug_lines_of_other_packages_stay_out(log_dir: Path, tmp_path: Path) -> None:
    setup_logging(log_dir, "DEBUG")
    logging.getLogger("sse_starlette.sse").debug("chunk: what a person said")
    log.debug("ours")

    assert [line.split()[-1] for line in written(log_dir)] == ["ours"]


def test_the_file_rotates_by_size_and_five_old_ones_stay(log_dir: Path) -> None:
    setup_logging(log_dir, file_mb=1)
    for _ in range(75):
        event(log, logging.INFO, "filler", text="x" * 100_000)

    names = sorted(path.name for path in log_dir.glob("app.log*"))
    assert names == ["app.log", *(f"app.log.{number}" for number in range(1, 6))]
    assert all((log_dir / name).stat().st_size <= 1024 * 1024 for name in names)


WRITER = """
import logging, sys
from pathlib import Path
from app.logging import event, setup_logging
setup_logging(Path(sys.argv[1]), file_mb=1)
for number in range(150):
    event(logging.getLogger("app.writer"), logging.INFO, "line", writer=sys.argv[2], number=number, text="x" * 10_000)
"""


def test_two_processes_share_one_rotating_file_and_lose_no_line(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in ("one", "two")]
    assert [writer.wait() for writer in writers] == [0, 0]

    lines = [line for path in tmp_path.glob("app.log*") for line in path.read_text().splitlines()]
    found = sorted(tuple(line.split()[6:8]) for line in lines)
    assert found == sorted((f"writer={name}", f"number={n}") for name in ("one", "two") for n in range(150))


def test_a_job_has_a_log_of_its_own(log_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "cd34").mkdir()
    with job_logs(lambda job: tmp_path / job):
        with bound(job="cd34"):
            event(log, logging.INFO, "job_started")
        event(log, logging.INFO, "job_finished", job="cd34")
        event(log, logging.INFO, "of_no_job")

    own = (tmp_path / "cd34" / "job.log").read_text("utf-8").splitlines()
    assert [line.split()[-1] for line in own] == ["job_started", "job_finished"]
    assert own == written(log_dir)[:2]


def test_the_log_of_a_deleted_job_does_not_come_back(log_dir: Path, tmp_path: Path) -> None:
    with job_logs(lambda job: tmp_path / job), bound(job="gone"):
        event(log, logging.INFO, "job_cancelled")

    assert not (tmp_path / "gone").exists()
    assert written(log_dir)[0].endswith("job_cancelled")


def test_a_removed_folder_of_the_log_is_made_again(log_dir: Path) -> None:
    event(log, logging.INFO, "before")
    shutil.rmtree(log_dir)

    for name in ("first", "second"):
        event(log, logging.INFO, name)

    assert [line.rsplit(" ", 1)[1] for line in written(log_dir)] == ["first", "second"]


def test_a_log_that_cannot_be_written_breaks_nothing(log_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(log_dir)
    log_dir.write_text("a file where the folder was")

    for name in ("first", "second"):
        event(log, logging.INFO, name)

    assert "Logging error" in capfd.readouterr().err
    log_dir.unlink()
    event(log, logging.INFO, "third")
    assert [line.rsplit(" ", 1)[1] for line in written(log_dir)] == ["third"]
