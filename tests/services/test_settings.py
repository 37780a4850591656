"""The settings of a running server: concurrent changes, persistence, applied without a restart."""

from __future__ import annotations

import json
import logging
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from app.composition import vad_options
from app.domain.errors.inference import DeviceUnavailable
from app.domain.errors.settings import SettingFixed, SettingRefused, SettingsNotKept
from app.logging import adjust_logging, close_logging, setup_logging
from app.services.settings import SettingsStore
from app.setting_rules import ON_PAGE
from app.settings import Settings
from app.settings_file import DAMAGED_FILE, SETTINGS_FILE

REPOSITORY = Path(__file__).resolve().parents[2]


def opened(data_dir: Path) -> SettingsStore:
    data_dir.mkdir(exist_ok=True)
    return SettingsStore(Settings(data_dir=data_dir), Event())


def kept(data_dir: Path) -> dict[str, object]:
    return dict(json.loads((data_dir / SETTINGS_FILE).read_text("utf-8")))


def test_a_change_is_seen_by_another_process_and_by_the_next_start(tmp_path: Path) -> None:
    here, there = opened(tmp_path), opened(tmp_path)

    here.change({"threads": 2, "vad_mode": 3})

    assert (there.now.threads, there.now.vad_mode) == (2, 3)
    assert there.engine_is_outdated
    assert Settings(data_dir=tmp_path).threads == 2


def test_changes_at_the_same_moment_all_hold(tmp_path: Path) -> None:
    """Two books are two processes: each reads the file again before it writes."""
    books = [opened(tmp_path), opened(tmp_path)]
    names = ["vad_mode", "threads", "min_silence_ms", "concurrent_jobs", "max_upload_mb", "speech_pad_ms"]

    for round_ in range(3):
        with ThreadPoolExecutor(6) as pool:
            changes = [(books[n % 2], {name: 1 + round_}) for n, name in enumerate(names)]
            list(pool.map(lambda change: change[0].change(change[1]), changes))

        assert kept(tmp_path) == dict.fromkeys(names, 1 + round_)


def test_a_kill_while_settings_are_written_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    book = opened(tmp_path)
    book.change({"vad_mode": 0})
    code = "from app.settings_file import write_kept; from pathlib import Path; import sys\nwhile True: write_kept(Path(sys.argv[1]), {'vad_mode': 3, 'threads': 1})"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=REPOSITORY) as writer:
            while book.now.vad_mode != 3:
                assert writer.poll() is None
            writer.kill()

        assert kept(tmp_path) == {"vad_mode": 3, "threads": 1}
        assert book.damage == ""
        book.change({"vad_mode": 0})


def test_a_damaged_file_is_set_aside_before_it_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text('{"vad_mode": 3, "thre')
    book = opened(tmp_path)
    assert book.damage

    book.change({"threads": 1})

    assert book.damage == ""
    assert kept(tmp_path) == {"threads": 1}
    assert (tmp_path / DAMAGED_FILE).read_text() == '{"vad_mode": 3, "thre'


def test_one_value_that_cannot_be_used_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text('{"vad_mode": 9, "threads": 3, "of_another_version": 1}')

    book = opened(tmp_path)

    assert (book.now.vad_mode, book.now.threads) == (2, 3)
    assert book.damage.startswith("vad_mode: ")


def test_values_that_do_not_fit_each_other_are_refused_and_both_named(tmp_path: Path) -> None:
    book = opened(tmp_path)

    with pytest.raises(SettingRefused, match=r"speech_pad_ms .* max_segment_ms"):
        book.change({"max_segment_ms": 1000})

    assert book.now == Settings(data_dir=tmp_path)
    book.change({"max_segment_ms": 1000, "speech_pad_ms": 250})
    assert Settings(data_dir=tmp_path).max_segment_ms == 1000


def test_a_stored_pair_that_does_not_fit_gets_its_defaults(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text('{"max_segment_ms": 1000, "threads": 3}')

    book = opened(tmp_path)

    assert (book.now.max_segment_ms, book.now.threads) == (30_000, 3)
    assert book.damage == "speech_pad_ms may be at most a quarter of max_segment_ms."


def test_the_environment_wins_over_a_stored_value_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SETTINGS_FILE).write_text('{"speech_pad_ms": 1000}')
    monkeypatch.setenv("FUNASR_MAX_SEGMENT_MS", "2000")

    book = opened(tmp_path)

    assert (book.now.speech_pad_ms, book.now.max_segment_ms) == (300, 2000)


def test_no_accepted_combination_keeps_the_server_from_starting(tmp_path: Path) -> None:
    """Values at, between and beyond the bounds of every setting of the page, in random combinations."""
    chance = random.Random(15)
    book = opened(tmp_path)
    refused = 0
    for _ in range(300):
        names = chance.sample(sorted(ON_PAGE), chance.randint(1, 5))
        try:
            book.change({name: _some_value(chance, name) for name in names})
        except SettingRefused:
            refused += 1

        restarted = Settings(data_dir=tmp_path)
        assert restarted.model_dump() == book.now.model_dump()
        vad_options(restarted)
    assert 0 < refused < 300


def _some_value(chance: random.Random, name: str) -> object:
    limits = [
        getattr(rule, kind)
        for rule in Settings.model_fields[name].metadata
        for kind in ("ge", "gt", "le")
        if hasattr(rule, kind)
    ]
    if not limits:
        return chance.choice([True, False, "auto", "cpu", "int8", "INFO", "DEBUG", 10, 20, 30, 0, None, "x"])
    low, high = limits[0], limits[-1]
    return chance.choice(
        [low, high, low - 1, high + 1, (low + high) // 2, chance.randint(int(low), int(high)), 1e20, None]
    )


def test_a_file_that_is_removed_brings_the_defaults_back(tmp_path: Path) -> None:
    book = opened(tmp_path)
    book.change({"vad_mode": 3})

    (tmp_path / SETTINGS_FILE).unlink()

    assert book.now.vad_mode == 2


def test_settings_that_cannot_be_written_are_refused_and_the_old_ones_hold(tmp_path: Path) -> None:
    book = opened(tmp_path)
    book.change({"vad_mode": 1})
    (tmp_path / "settings.lock").unlink()
    (tmp_path / "settings.lock").mkdir()  # stands in the way, whoever runs the tests

    with pytest.raises(SettingsNotKept) as refusal:
        book.change({"vad_mode": 3})

    assert str(tmp_path) in str(refusal.value.problem.explained())
    assert book.now.vad_mode == 1


def test_the_environment_still_wins_over_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path).change({"threads": 2})
    monkeypatch.setenv("FUNASR_THREADS", "4")

    book = opened(tmp_path)

    assert book.now.threads == 4
    with pytest.raises(SettingFixed):
        book.change({"threads": 3})
    assert kept(tmp_path) == {"threads": 2}  # it holds again without the variable


# What the engine is loaded with

ABSENT = DeviceUnavailable(device="cuda", reason="there is none").problem


def test_what_does_not_load_is_reverted_and_told_in_every_process(
    tmp_path: Path,
) -> None:
    worker, server = opened(tmp_path), opened(tmp_path)
    server.change({"device": "cuda", "vad_mode": 3})

    worker.engine_refused(worker.now, ABSENT)

    assert (server.now.device, server.now.vad_mode) == ("auto", 3)
    assert not worker.engine_is_outdated
    told = opened(tmp_path).taken_back
    assert told
    assert (told.values, told.problem.code) == ({"device": "cuda"}, "device_unavailable")
    server.change({"vad_mode": 1})
    assert worker.taken_back is None


def test_the_value_before_comes_back_and_not_the_default(tmp_path: Path) -> None:
    book = opened(tmp_path)
    book.change({"threads": 2})
    book.engine_loaded(book.now)

    book.change({"threads": 5})
    book.engine_refused(book.now, ABSENT)

    assert book.now.threads == 2


def test_what_a_person_changed_again_meanwhile_is_not_taken_back(tmp_path: Path) -> None:
    book = opened(tmp_path)
    book.change({"device": "cuda"})
    tried = book.now
    book.change({"device": "cpu"})

    book.engine_refused(tried, ABSENT)

    assert book.now.device == "cpu"
    assert book.engine_is_outdated


# The log


@pytest.fixture(name="log_dir")
def _log_dir(tmp_path: Path) -> Iterator[Path]:
    loggers = logging.getLogger(), logging.getLogger("app")
    levels = [logger.level for logger in loggers]
    setup_logging(tmp_path / "logs", "INFO")
    yield tmp_path / "logs"
    close_logging()
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_another_level_of_the_log_holds_from_the_next_line_on(tmp_path: Path, log_dir: Path) -> None:
    book = SettingsStore(
        Settings(data_dir=tmp_path), Event(), lambda now: adjust_logging(now.log_level, now.log_file_mb)
    )
    log = logging.getLogger("app.test")

    log.debug("hidden")
    opened(tmp_path).change({"log_level": "DEBUG"})  # by another process
    assert book.now.log_level == "DEBUG"
    log.debug("shown")
    book.change({"log_level": None})
    log.debug("hidden again")

    written = (log_dir / "app.log").read_text("utf-8")
    assert "shown" in written
    assert "hidden" not in written


def test_another_size_of_the_log_holds_at_once(tmp_path: Path, log_dir: Path) -> None:
    book = SettingsStore(
        Settings(data_dir=tmp_path), Event(), lambda now: adjust_logging(now.log_level, now.log_file_mb)
    )

    book.change({"log_file_mb": 1})
    for _ in range(12):
        logging.getLogger("app.test").info("x" * 100_000)

    assert (log_dir / "app.log.1").is_file()
