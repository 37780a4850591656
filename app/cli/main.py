"""The command line of `python -m app`, and its error handling.

Options override environment variables. Exit codes: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app import __version__
from app.cli.arguments.model import add_models
from app.cli.arguments.people import add_people
from app.cli.arguments.recognition import (
    add_archive,
    add_compare,
    add_mcp,
    add_serve,
    add_transcribe,
    add_watch,
    add_worker,
)
from app.cli.arguments.support import add_backup, add_case, add_doctor, add_migrate_database, add_replay
from app.cli.problems import print_problem
from app.domain.errors.base import AppError
from app.domain.options import detector_meant
from app.settings import Settings

COLLECT_AFTER = 50_000  # new objects; Python's default of 700 scans objects of imports, a tenth of the startup time
SETTINGS_OPTIONS = (
    "host",
    "port",
    "funasr_port",
    "ssl_certfile",
    "ssl_keyfile",
    "root_path",
    "insecure_no_login",
    "device",
    "dtype",
    "allow_device_fallback",
    "model",
    "data_dir",
    "log_dir",
    "log_level",
    "threads",
    "vad_detector",
    "vad_threshold",
    "vad_mode",
    "cluster",
    "cluster_max_actors",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    gc.set_threshold(COLLECT_AFTER)
    _make_output_fit_for_chinese()
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(options)
        return int(options.run(options, settings))
    except ValidationError as error:
        parser.error("; ".join(_refusal(e["loc"], e["msg"]) for e in error.errors()))
    except AppError as error:
        print_problem(error.problem)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `| head` has read enough; Python's final flush must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _refusal(place: tuple[int | str, ...], message: str) -> str:
    """Prefix the message with the refused setting; rules between settings name them themselves."""
    return ": ".join(filter(None, (".".join(map(str, place)), message)))


def _make_output_fit_for_chinese() -> None:
    """Write UTF-8 where the locale (`LC_ALL=C`, Latin-1) has no Chinese characters."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):  # closed, or replaced by the caller
            continue
        try:
            "中".encode(stream.encoding)
        except UnicodeEncodeError:
            stream.reconfigure(encoding="utf-8")
        stream.reconfigure(errors="backslashreplace")  # file names need not be valid text


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_command_name(), description="Fun-ASR WebUI")
    parser.add_argument("--version", action="version", version=f"funasr-webui {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_serve(commands)
    add_worker(commands)
    add_transcribe(commands)
    add_watch(commands)
    add_archive(commands)
    add_mcp(commands)
    add_doctor(commands)
    add_case(commands)
    add_replay(commands)
    add_backup(commands)
    add_migrate_database(commands)
    add_models(commands)
    add_people(commands)
    add_compare(commands)
    return parser


def _command_name() -> str:
    """Return how this program was started, for the usage message."""
    return "python -m app" if Path(sys.argv[0]).name == "__main__.py" else "funasr-webui"


def read_settings(options: argparse.Namespace) -> Settings:
    """Return the settings from the environment, overridden by command line options."""
    asked = {name: getattr(options, name, None) for name in SETTINGS_OPTIONS}
    given = {name: value for name, value in asked.items() if value is not None}
    return Settings(**_detector_meant(given), **given)


def _detector_meant(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the detector implied by an option given without a detector, as in the API."""
    meant = detector_meant(name.removeprefix("vad_") for name in given)
    return {"vad_detector": meant} if meant and "vad_detector" not in given else {}


# Commands; each imports what it needs when it runs, so that `--help` is fast.
