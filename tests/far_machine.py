"""A network namespace that stands for another machine: all of its packets can be lost without a word."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

NETWORK = "10.87"


@dataclass(frozen=True)
class FarMachine:
    """Processes that are started with `command` run on it. This machine is `near_address` to them."""

    number: int

    @property
    def name(self) -> str:
        return f"funasr{self.number}"

    @property
    def near_address(self) -> str:
        return f"{NETWORK}.{self.number}.1"

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self.number}.2"

    def command(self, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *words]

    def part(self) -> None:
        """Lose every packet from now on, in both directions. No connection ends by that."""
        for end, place in self._ends:
            _run(*place, "tc", "qdisc", "replace", "dev", end, "root", "blackhole")

    def join(self) -> None:
        for end, place in self._ends:
            _run(*place, "tc", "qdisc", "delete", "dev", end, "root", check=False)  # none there

    @property
    def _ends(self) -> list[tuple[str, list[str]]]:
        return [(f"{self.name}n", []), (f"{self.name}f", self.command([]))]

    def _set_up(self) -> None:
        near, far = (end for end, _ in self._ends)
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
        _run("ip", "address", "add", f"{self.near_address}/24", "dev", near)
        _run("ip", "link", "set", near, "up")
        for words in (
            f"ip address add {self.address}/24 dev {far}",
            f"ip link set {far} up",
            "ip link set lo up",
            f"ip route add default via {self.near_address}",
        ):
            _run(*self.command(words.split()))

    def _remove(self) -> None:
        _run("ip", "link", "delete", f"{self.name}n", check=False)
        _run("ip", "netns", "delete", self.name, check=False)


@contextmanager
def far_machine() -> Iterator[FarMachine]:
    """Another machine for the block."""
    machine = FarMachine(os.getpid() % 250 + 1)
    machine._remove()  # what a killed process has left
    try:
        machine._set_up()
        yield machine
    finally:
        machine._remove()


def missing() -> str:
    """Return why there can be no other machine; "" if there can."""
    if os.geteuid() != 0:
        return "needs root, for a network namespace"
    return "" if shutil.which("ip") and shutil.which("tc") else "needs ip and tc (apt-get install iproute2)"


def _run(*command: str, check: bool = True) -> None:
    subprocess.run(command, check=check, capture_output=True, env=os.environ | {"PATH": f"{os.environ['PATH']}:/sbin"})
