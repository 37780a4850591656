"""The commands for maintenance and troubleshooting."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.options import Commands, add_engine_options, add_folder_options
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.settings import Settings


def add_doctor(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("doctor", help="check the installation and say what to mend")
    command.add_argument("--json", action="store_true", help="print the checks as JSON")
    command.add_argument("--quick", action="store_true", help="only what takes no time: no model is loaded")
    add_engine_options(command)
    add_folder_options(command)
    command.add_argument("--port", type=int, help=argparse.SUPPRESS)
    command.set_defaults(run=_doctor)


def add_case(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("case", help="put everything about a job into one zip, without secrets")
    command.add_argument("job", metavar="JOB", help="id of the transcription, as its page and the log show it")
    command.add_argument("--output", type=Path, metavar="FILE", help="the zip to write (case-JOB.zip)")
    command.add_argument(
        "--audio",
        choices=("whole", "stretch", "hash"),
        default="whole",
        help="the whole sound, the segment that failed, or its checksum alone (whole)",
    )
    command.add_argument("--segment", type=int, metavar="N", help="the segment that is taken, or made shorter")
    command.add_argument("--text", default="", help="with shrink: what the clip must still give")
    command.add_argument("--keep-names", action="store_true", help="leave the name of the recording")
    command.add_argument(
        "--keep-text", action="store_true", help="leave text and hotwords as they are, with every number in them"
    )
    command.add_argument("--preview", action="store_true", help="list what would go in, and write nothing")
    add_engine_options(command)
    add_folder_options(command)
    command.set_defaults(run=_case)


def add_replay(commands: Commands[argparse.ArgumentParser]) -> None:
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
    command.add_argument(
        "--url",
        metavar="ADDRESS",
        help="send the request of a program to this server again, as the program has sent it",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.add_argument("--all", type=Path, metavar="DIR", help="run every case of a folder")
    command.add_argument("--baseline", type=Path, metavar="FILE", help="with --all: what an earlier run has found")
    command.add_argument("--update", action="store_true", help="with --all: keep what is found as the baseline")
    command.add_argument("--junit", type=Path, metavar="FILE", help="with --all: write the results for CI")
    add_engine_options(command)
    add_folder_options(command)
    command.set_defaults(run=_replay)


def add_backup(commands: Commands[argparse.ArgumentParser]) -> None:
    making = commands.add_parser("backup", help="write database, settings and logs to one file; the server may run")
    making.add_argument("file", type=Path, metavar="FILE", help="the zip to write")
    making.add_argument("--recordings", action="store_true", help="the recordings, too")
    add_folder_options(making)
    making.set_defaults(run=_backup)
    restoring = commands.add_parser("restore", help="put a backup in place; the server must not run")
    restoring.add_argument("file", type=Path, metavar="FILE", help="what `backup` wrote")
    add_folder_options(restoring)
    restoring.set_defaults(run=_restore)
    recovering = commands.add_parser(
        "recover", help="bring back recordings whose entries a restored or new database lacks; the server may run"
    )
    add_folder_options(recovering)
    recovering.set_defaults(run=_recover)
    moving = commands.add_parser(
        "move-files", help="copy the recordings of the data folder to the object store, with the server stopped"
    )
    add_folder_options(moving)
    moving.set_defaults(run=_move_files)


def add_migrate_database(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "migrate-database", help="carry the database over to a PostgreSQL server; no server of ours may run"
    )
    command.add_argument("source", metavar="SOURCE", help="sqlite:///FOLDER/app.db, its file or the data folder")
    command.add_argument(
        "target", nargs="?", metavar="TARGET", help="postgresql://USER:PASSWORD@HOST/NAME, or FUNASR_DATABASE_URL"
    )
    command.set_defaults(run=_migrate_database)


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
    choice = CaseChoice(audio, options.keep_names, options.keep_text, options.segment)
    if options.preview:
        return preview_case(settings, options.job, choice)
    return make_case(settings, options.job, choice, options.output or Path(f"case-{options.job}.zip"))


def _replay(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.replay import Suite, changes_of, replay_all, replay_case, speak_case

    changes = changes_of(options.set)
    if options.all:
        suite = Suite(options.all, options.baseline, options.junit, update=options.update)
        return replay_all(settings, suite, changes, as_json=options.json)
    if options.case is None:
        raise InvalidParameter(name="CASE.zip", reason=N_("name a case, or a folder of cases with --all"))
    if options.url:
        return speak_case(options.case, options.url, as_json=options.json)
    return replay_case(settings, options.case, changes, as_json=options.json)


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.backup import make_backup

    return make_backup(settings, options.file, recordings=options.recordings)


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.backup import restore_backup

    return restore_backup(settings, options.file)


def _move_files(_options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.move_files import move_files

    return move_files(settings)


def _migrate_database(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.migrate_database import migrate_database

    return migrate_database(settings, options.source, options.target)


def _recover(_options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.recover import recover_recordings

    return recover_recordings(settings)
