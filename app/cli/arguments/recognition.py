"""The arguments of the recognition commands. What a command needs is imported when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.options import (
    Commands,
    add_detector_options,
    add_engine_options,
    add_folder_options,
    add_text_options,
    export_style,
    text_request,
)
from app.cli.problems import print_problem
from app.settings import Settings


def add_serve(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("serve", help="start the server and its pages")
    command.add_argument("--host", help="address to listen on (127.0.0.1; 0.0.0.0 opens it to the network)")
    command.add_argument("--port", type=int, help="port to listen on (7860; 0 takes a free one)")
    command.add_argument(
        "--insecure-no-login",
        action="store_true",
        default=None,
        help="let everybody who reaches the server read, change and delete everything",
    )
    command.add_argument(
        "--funasr-port",
        type=int,
        metavar="PORT",
        help="further port for FunASR's websocket clients, which use 10095 (none)",
    )
    command.add_argument(
        "--ssl-certfile", type=Path, metavar="PEM", help="certificate for HTTPS on both ports (none: HTTP)"
    )
    command.add_argument("--ssl-keyfile", type=Path, metavar="PEM", help="its private key (in the certificate's file)")
    command.add_argument(
        "--root-path", metavar="PATH", help="path under which a reverse proxy serves the program, as /asr"
    )
    add_engine_options(command)
    add_folder_options(command)
    command.add_argument(
        "--no-worker", action="store_true", help="serve pages only; `python -m app worker` does the jobs"
    )
    command.set_defaults(run=_serve)


def add_worker(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("worker", help="do the queued jobs without serving pages")
    add_engine_options(command)
    add_folder_options(command)
    command.set_defaults(run=_worker)


def add_transcribe(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("transcribe", help="turn files into text, without a server")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording")
    add_text_options(command)
    add_detector_options(command)
    command.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write NAME.EXT.FORMAT into this folder instead of printing",
    )
    add_engine_options(command)
    command.set_defaults(run=_transcribe)


def add_watch(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("watch", help="turn every recording that comes into a folder into text")
    command.add_argument("folder", type=Path, metavar="DIR", help="the folder to watch")
    command.add_argument(
        "--output", type=Path, metavar="DIR", required=True, help="write NAME.EXT.FORMAT into this folder"
    )
    add_text_options(command)
    add_detector_options(command)
    command.add_argument(
        "--settle",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="a file that has not changed for so long is complete (5)",
    )
    command.add_argument("--once", action="store_true", help="end when all that is there has been written")
    add_engine_options(command)
    add_folder_options(command)
    command.set_defaults(run=_watch)


def add_archive(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "archive", help="turn a whole folder or bucket of recordings into text; goes on where it stopped"
    )
    command.add_argument("source", metavar="DIR|s3://BUCKET/PREFIX", help="the recordings, with all folders below")
    command.add_argument(
        "--output",
        required=True,
        metavar="DIR|s3://BUCKET/PREFIX",
        help="write texts, records and manifest.jsonl into this place",
    )
    add_text_options(command)
    add_detector_options(command)
    command.add_argument("--retry-failed", action="store_true", help="read again what an earlier run could not read")
    command.add_argument(
        "--price",
        type=float,
        metavar="P",
        help="of an hour of a reader's work: the manifest then says what each recording cost",
    )
    command.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="read on the nodes of a Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT",
    )
    command.add_argument(
        "--readers",
        type=int,
        dest="cluster_max_actors",
        metavar="N",
        help="of a cluster: at most so many readers at once (4)",
    )
    add_engine_options(command)
    command.set_defaults(run=_archive)


def add_mcp(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("mcp", help="give an assistant tools to transcribe, search and read (MCP)")
    add_engine_options(command)
    add_folder_options(command)
    command.set_defaults(run=_mcp)


def add_compare(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("compare", help="read the same recordings with several models, side by side")
    command.add_argument("source", type=Path, metavar="FILE|DIR", help="a recording, or a folder of them")
    command.add_argument("--models", required=True, metavar="A,B", help="names or folders, parted by commas")
    command.add_argument("--reference", type=Path, metavar="TSV", help="what is said: columns path and text")
    command.add_argument("--language", default="auto", help="auto, zh, en, ... (auto)")
    command.add_argument("--quality", choices=("fast", "balanced", "accurate"), default="accurate")
    add_detector_options(command)
    command.set_defaults(run=_compare)


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


def _archive(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.archive import ArchiveRequest, read_archive

    request = ArchiveRequest(
        source=options.source,
        output=options.output,
        text=text_request(options),
        style=export_style(options),
        retries_failed=options.retry_failed,
        price_per_hour=options.price,
    )
    return read_archive(request, settings, report=print_problem)


def _mcp(_options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.mcp import speak

    return speak(settings)


def _compare(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.compare import Comparison, compare

    names = tuple(dict.fromkeys(name.strip() for name in options.models.split(",") if name.strip()))
    return compare(Comparison(options.source, names, options.reference, options.language, options.quality), settings)
