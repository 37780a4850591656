"""The command for accounts: what an administrator does who cannot log in."""

from __future__ import annotations

import argparse

from app.cli.options import Commands, add_folder_options
from app.domain.people import Role
from app.settings import Settings


def add_people(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("people", help="list accounts, add one, or give out a link that sets a password")
    parts = command.add_subparsers(required=True, metavar="WHAT")
    listing = parts.add_parser("list", help="list the accounts")
    add_folder_options(listing)
    listing.set_defaults(run=_list)
    adding = parts.add_parser("add", help="add a person, and print the link with which they set a password")
    adding.add_argument("name", metavar="NAME", help="with which they log in")
    adding.add_argument("--role", choices=[role.value for role in Role], default=Role.MEMBER.value, help="(member)")
    add_folder_options(adding)
    adding.set_defaults(run=_add)
    link = parts.add_parser("link", help="print a link with which a person sets a new password, once, within 3 days")
    link.add_argument("name", metavar="NAME", help="with which they log in")
    add_folder_options(link)
    link.set_defaults(run=_link)


def _list(_options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.people import list_people

    return list_people(settings)


def _add(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.people import add_person

    return add_person(settings, options.name, Role(options.role))


def _link(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.people import print_link

    return print_link(settings, options.name)
