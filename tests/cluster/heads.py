"""A real head node of a cluster of its own, by Ray's command line, that may be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.conftest import OBJECT_STORE_BYTES, VARIABLES, free_port
from tests.waiting import wait_until

CORES = 2


@dataclass
class Head:
    """It is reached by the same ports after it was started again."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    client_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def client_address(self) -> str:
        return f"ray://127.0.0.1:{self.client_port}"

    def start(self) -> None:
        ports = [f"--port={self.port}", f"--ray-client-server-port={self.client_port}", "--node-ip-address=127.0.0.1"]
        agents = ("dashboard-agent-grpc-port", "runtime-env-agent-port", "dashboard-agent-listen-port")
        ports += [f"--{name}={free_port()}" for name in agents]  # see `agents` of conftest
        size = [f"--num-cpus={CORES}", f"--object-store-memory={OBJECT_STORE_BYTES}", "--include-dashboard=false"]
        ray = Path(sys.executable).parent / "ray"
        with (self.folder / "head").open("ab") as output:
            self.process = subprocess.Popen(
                [ray, "start", "--head", "--block", *ports, *size],
                env={**os.environ, **VARIABLES, **self.variables},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._listens, lambda: (self.folder / "head").read_text()[-2000:])

    def kill(self) -> None:
        """Kill all of its processes at once."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _listens(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.client_port), 1).close()
            return True
        return False


@contextmanager
def head_in(folder: Path, **variables: str) -> Iterator[Head]:
    with head_to_come(folder, **variables) as head:
        head.start()
        yield head


@contextmanager
def head_to_come(folder: Path, **variables: str) -> Iterator[Head]:
    """A head whose addresses are known, and that has still to be started."""
    head = Head(folder, variables)
    try:
        yield head
    finally:
        head.kill()
