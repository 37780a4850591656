"""A head that is killed and started again: the server comes back to it by itself, and its jobs end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import needs_ray
from tests.cluster.heads import Head, head_in
from tests.services.conftest import talk
from tests.waiting import wait_until
from tests.web.live_process import LiveServer, live_servers

pytestmark = [needs_ray, pytest.mark.slow]
ENGINE = "tests.cluster.engines:NotingEngine"


@pytest.fixture(name="head")
def _head(tmp_path: Path) -> Iterator[Head]:
    with head_in(tmp_path) as head:
        yield head


def begun(server: LiveServer) -> str:
    """Upload a recording, and return its id once a piece of it is being recognised."""
    (server.data_dir / "hold").touch()
    id = str(server.tell("POST", "/transcriptions", files={"file": ("talk.wav", talk(0.2, 0.3, 0.4))})["id"])
    wait_until((server.data_dir / "heard").exists)
    return id


def test_a_server_that_is_no_node_comes_back_to_the_head(head: Head, tmp_path: Path) -> None:
    with live_servers(tmp_path / "data") as serve:
        server = serve(ENGINE, cluster=head.client_address)
        id = begun(server)
        head.kill()
        wait_until(lambda: server.ask("/ready").get("status") != "ready")
        told = f"/transcriptions/{id}"
        wait_until(lambda: (server.ask(told)["progress"]["waits_for"] or {}).get("code") == "cluster_unreachable")
        (server.data_dir / "hold").unlink()
        head.start()
        wait_until(lambda: server.state_of(id) == "succeeded")

        assert server.ask(f"/transcriptions/{id}")["text_raw"] == "level 2 level 3 level 4"
        log = server.client.get(f"{server.address}/api/v1/transcriptions/{id}/log").text
        assert log.count(" segment_finished ") == 3
        wait_until(lambda: server.ask("/ready")["status"] == "ready")
        assert server.ask("/system/cluster")["problem"] is None
