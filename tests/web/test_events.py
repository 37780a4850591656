import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.waiting import PATIENCE_SECONDS
from tests.web.conftest import API, Server, serving

ALL = f"{API}/events"


@dataclass(frozen=True)
class Event:
    kind: str
    id: str
    data: dict[str, Any]


@contextmanager
def listening(client: httpx2.Client, path: str, **headers: str) -> Iterator[Iterator[Event]]:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.stream("GET", path, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif "data" in fields:
            yield Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
            fields = {}


def next_about(events: Iterator[Event], path: str) -> Event:
    return next(event for event in events if event.data["id"] == path.rpartition("/")[2])


def send(client: httpx2.Client, name: str = "a.wav") -> str:
    return str(client.post(API, files={"file": (name, b"RIFF")}).headers["location"])


@pytest.mark.smoke
def test_the_stream_begins_with_what_is_there_and_goes_on_with_changes(remote: httpx2.Client) -> None:
    path = send(remote)
    with listening(remote, ALL) as events:
        there = next_about(events, path)
        remote.patch(path, json={"name": "new name"})
        renamed = next_about(events, path)
        remote.delete(path)
        deleted = next_about(events, path)

    assert (there.kind, there.data["name"]) == ("transcription", "a.wav")
    assert (renamed.kind, renamed.data["name"], renamed.id) == (
        "transcription",
        "new name",
        str(renamed.data["revision"]),
    )
    assert (deleted.kind, deleted.data) == ("deleted", {"id": there.data["id"]})
    assert int(there.id) < int(renamed.id) < int(deleted.id)


def test_the_stream_of_batches_tells_each_that_changes_and_each_that_goes(remote: httpx2.Client) -> None:
    with listening(remote, "/api/v1/batches/events") as events:
        path = f"/api/v1/batches/{remote.post('/api/v1/batches', json={'name': 'calls'}).json()['id']}"
        begun = next_about(events, path)
        remote.post(f"{path}/pause")
        paused = next_about(events, path)
        remote.delete(path)
        deleted = next_about(events, path)

    assert (begun.kind, begun.data["name"], begun.data["state"]) == ("batch", "calls", "running")
    assert (paused.data["state"], deleted.kind) == ("paused", "deleted")


def test_whoever_connects_again_misses_nothing(remote: httpx2.Client) -> None:
    renamed, deleted = send(remote), send(remote)
    with listening(remote, ALL) as events:
        last = next_about(events, deleted).id
    remote.patch(renamed, json={"name": "meanwhile"})
    remote.delete(deleted)

    with listening(remote, ALL, last_event_id=last) as events:
        missed = [next(events), next(events)]
    assert [event.kind for event in missed] == ["transcription", "deleted"]
    assert missed[0].data["name"] == "meanwhile"

    with listening(remote, f"{ALL}?since={last}") as events:
        assert [next(events), next(events)] == missed


@pytest.mark.parametrize("position", ["999999999", "not a number", "9" * 30])
def test_a_position_that_cannot_be_is_no_position(remote: httpx2.Client, position: str) -> None:
    path = send(remote)
    with listening(remote, ALL, last_event_id=position) as events:
        assert next_about(events, path).kind == "transcription"


def test_the_changes_of_another_process_are_seen(remote: httpx2.Client, server: Server, another_server: Server) -> None:
    path = send(remote)
    with listening(remote, ALL) as events, another_server.client() as other:
        next_about(events, path)
        other.patch(path, json={"name": "by another process"})

        assert next_about(events, path).data["name"] == "by another process"


@pytest.fixture(name="another_server")
def _another_server(server: Server) -> Iterator[Server]:
    with serving(server.data_dir, server.log_dir) as another:
        yield another


def test_the_stream_of_one_ends_with_its_job(remote: httpx2.Client) -> None:
    path = send(remote)
    with listening(remote, f"{path}/events") as events:
        states = [next(events).data["state"]]
        remote.post(f"{path}/cancel")
        rest = list(events)

    states += [event.data["state"] for event in rest]
    assert states == ["queued", "cancelled"]
    again = remote.get(f"{path}/events", headers={"last-event-id": rest[-1].id})
    assert again.status_code == 204


def test_the_stream_of_one_ends_when_it_is_deleted(remote: httpx2.Client) -> None:
    path = send(remote)
    with listening(remote, f"{path}/events") as events:
        next(events)
        remote.delete(path)

        assert [event.kind for event in events] == ["deleted"]


def test_the_stream_of_one_hears_nothing_of_others(remote: httpx2.Client) -> None:
    path, other = send(remote), send(remote)
    with listening(remote, f"{path}/events") as events:
        next(events)
        remote.patch(other, json={"name": "other"})
        remote.post(f"{path}/cancel")

        assert {event.data["id"] for event in events} == {path.rpartition("/")[2]}


def test_open_streams_end_cleanly_when_the_server_stops(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with server.client() as client:
        path = send(client)
        with listening(client, ALL) as all_events, listening(client, f"{path}/events") as events:
            next(all_events), next(events)
            server.process.send_signal(signal.SIGTERM)

            assert list(all_events) == []
            assert list(events) == []
    assert server.process.wait(timeout=PATIENCE_SECONDS) in (0, -signal.SIGTERM)
    log = (server.log_dir / "app.log").read_text()
    told = [line for line in log.splitlines() if "app.support.health" not in line]  # of this machine
    assert "Finished server process" in log
    assert [line for line in told if " ERROR " in line or " WARNING " in line] == []
