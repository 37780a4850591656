"""Live sessions with real actors: they find a place while recordings have the others, and lose no text with an actor."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import needs_ray
from tests.engine.sounds import babble, silence
from tests.services.conftest import talk
from tests.waiting import wait_until
from tests.web.live_client import Speaker
from tests.web.live_process import LiveServer, live_servers

pytestmark = needs_ray
RECORDED = "level 6"


@pytest.fixture(name="server")
def _server(machines: Any, tmp_path: Path) -> Iterator[LiveServer]:
    """Two actors, of which recordings may use one."""
    with live_servers(tmp_path / "data") as serve:
        server = serve(
            "tests.cluster.engines:NotingEngine",
            cluster=machines.address,
            cluster_min_actors="2",
            cluster_max_actors="2",
            cluster_live_actors="1",
        )
        wait_until(lambda: [actor["state"] for actor in server.ask("/system/cluster")["actors"]] == ["free", "free"])
        yield server


def heard(server: LiveServer) -> list[list[str]]:
    notes = server.data_dir / "heard"
    return [line.split(" ", 2) for line in notes.read_text().splitlines()] if notes.exists() else []


def hold(server: LiveServer, text: str) -> None:
    (server.data_dir / "hold").write_text(text)


def let_go(server: LiveServer) -> None:
    (server.data_dir / "hold").unlink()


def test_who_speaks_is_heard_while_recordings_keep_the_other_actors_busy(server: LiveServer) -> None:
    hold(server, RECORDED)
    upload = {"file": ("talk.wav", talk(0.6, 0.6, 0.6, 0.6))}
    recording = server.tell("POST", "/transcriptions", files=upload)["id"]
    wait_until(lambda: [text for *_, text in heard(server)] == [RECORDED])
    with Speaker(server.address) as speaker:
        speaker.start()
        speaker.speak(babble(1.5, level=0.3))
        partial = speaker.until("partial")
        speaker.speak(silence(1.0))
        final = speaker.until("final")
        ended = speaker.stop()

    assert [text for *_, text in heard(server)].count(RECORDED) == 1, "recordings leave the place alone"
    assert server.state_of(recording) == "running"
    assert (partial["text"][:7], final["text"]) == ("Level 3", "Level 3.")
    let_go(server)
    wait_until(lambda: server.state_of(recording) == "succeeded")
    receipt = server.ask(f"/transcriptions/{ended['transcription']}")["receipt"]
    assert {line["asked"] for line in receipt if line["name"] == "node"} <= {"one", "two"}
    assert any(line["name"] == "node" for line in receipt)


def test_an_actor_that_is_killed_while_somebody_speaks_costs_no_text(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        speaker.start()
        hold(server, "level 3")
        speaker.speak(babble(1.5, level=0.3))
        speaker.speak(silence(1.0))
        wait_until(lambda: heard(server))
        os.kill(int(heard(server)[-1][0]), signal.SIGKILL)
        let_go(server)
        first = speaker.until("final")
        speaker.speak(babble(1.0, level=0.6))
        speaker.speak(silence(1.0))
        ended = speaker.stop()

    assert first["text"] == "Level 3."
    assert server.ask(f"/transcriptions/{ended['transcription']}")["text"] == "Level 3. Level 6."
