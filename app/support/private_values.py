"""What counts as private on this machine: user names, host names, and secrets in the environment."""

from __future__ import annotations

import os
import pwd
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SHORTEST_NAME = 3  # characters; a shorter one would match everywhere
SHORTEST_SECRET = 6
SHORTEST_STEM = 4
ORDINARY_NAMES = frozenset(
    (
        *(
            "root",
            "user",
            "users",
            "admin",
            "administrator",
            "guest",
            "default",
            "nobody",
            "daemon",
            "system",
        ),
        *(
            "ubuntu",
            "debian",
            "docker",
            "ec2-user",
            "runner",
            "node",
            "worker",
            "server",
            "service",
            "www-data",
        ),
        *("app", "apps", "funasr", "test", "tests", "home", "data", "work", "public", "shared", "local"),
    )
)
ORDINARY_HOSTS = frozenset({"localhost", "localhost.localdomain"})
TOKEN_FILES = (".cache/huggingface/token", ".huggingface/token", ".modelscope/credentials/git_token")
_SECRET_VARIABLE = re.compile(
    r"(?i)(^|_)(pass(wd|word|phrase)?|pwd|secrets?|tokens?|api_?key|access_?key|private_?key|key|credentials?|cookie|auth)(_|$)"
)


@dataclass(frozen=True, slots=True)
class PrivateValues:
    """Values that must not appear in anything that leaves the machine."""

    users: frozenset[str] = frozenset()
    homes: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    recordings: frozenset[str] = field(default_factory=frozenset)
    """File names, if they are to be hidden."""

    @staticmethod
    def is_personal(name: str) -> bool:
        """Return whether a user name identifies a person."""
        return len(name) >= SHORTEST_NAME and name.casefold() not in ORDINARY_NAMES


def private_values(
    environment: Mapping[str, str] = os.environ,
    hosts: Iterable[str] = (),
    recordings: Iterable[str] = (),
) -> PrivateValues:
    """Collect the private values; `hosts` are further names from the settings."""
    return PrivateValues(
        users=frozenset(filter(PrivateValues.is_personal, _users(environment))),
        homes=frozenset(_homes(environment)),
        hosts=frozenset(_hosts(environment, hosts)),
        secrets=frozenset(_secrets(environment)),
        recordings=frozenset(_names(recordings)),
    )


def is_secret_variable(name: str) -> bool:
    return bool(_SECRET_VARIABLE.search(name))


def _users(environment: Mapping[str, str]) -> Iterable[str]:
    for variable in ("USER", "LOGNAME", "SUDO_USER", "USERNAME"):
        yield environment.get(variable, "")
    with suppress(KeyError):
        entry = pwd.getpwuid(os.getuid())
        yield entry.pw_name
        yield entry.pw_gecos.partition(",")[0].strip()


def _homes(environment: Mapping[str, str]) -> Iterable[str]:
    homes = {environment.get("HOME", "")}
    with suppress(KeyError):
        homes.add(pwd.getpwuid(os.getuid()).pw_dir)
    for home in homes:
        stripped = home.rstrip("/")
        if len(stripped) > 1 and stripped not in ("/nonexistent", "/dev", "/tmp"):  # noqa: S108 - only compared
            yield stripped


def _hosts(environment: Mapping[str, str], further: Iterable[str]) -> Iterable[str]:
    names = {socket.gethostname(), environment.get("HOSTNAME", ""), *further}
    names |= {name.partition(".")[0] for name in names if not name[:1].isdigit()}
    return (name for name in names if len(name) >= SHORTEST_NAME and not _is_everybodys(name))


def _is_everybodys(name: str) -> bool:
    """Return whether every machine has this name; addresses have their own rule."""
    return name.casefold() in ORDINARY_HOSTS or not any(character.isalpha() for character in name)


def _secrets(environment: Mapping[str, str]) -> Iterable[str]:
    for name, value in environment.items():
        if is_secret_variable(name) and len(value) >= SHORTEST_SECRET and not value.startswith("/"):
            yield value
    for file in TOKEN_FILES:
        with suppress(OSError, UnicodeDecodeError):
            token = (Path(environment.get("HOME", "/nonexistent")) / file).read_text(encoding="utf-8").strip()
            if len(token) >= SHORTEST_SECRET:
                yield token


def _names(recordings: Iterable[str]) -> Iterable[str]:
    for name in recordings:
        stem = Path(name).stem
        yield from (each for each in (name, stem) if len(each) >= SHORTEST_STEM)
