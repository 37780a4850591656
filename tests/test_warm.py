"""The server from which the tests' processes are forked outlives those that ask it."""

from __future__ import annotations

import os
import socket
from multiprocessing import forkserver

from tests import warm


def test_one_that_is_killed_while_it_asks_for_a_process_takes_no_other_with_it() -> None:
    server = warm.new_server(warm.__name__)
    try:
        with socket.socket(socket.AF_UNIX) as killed:
            killed.connect(server._forkserver_address)
        pid, program = server.connect_to_new_process([])
        try:
            assert forkserver.read_signed(pid) > 0  # type: ignore[attr-defined]
        finally:
            os.close(program)
            os.close(pid)
    finally:
        server._stop()
