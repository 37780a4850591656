"""Reading along with a live session: from the beginning, by many, across cuts, and by those only who may."""

from __future__ import annotations

import http.client
import json
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from app.domain.transcription import SegmentRecord
from app.services.live import Ended, Final, Partial
from app.services.live.audience import MOST_FINALS, Audience
from app.settings import Settings
from tests.engine.sounds import babble, silence
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.accounts import Office, office
from tests.web.live_client import Speaker
from tests.web.live_process import LiveServer, live_servers

READERS = 50
Told = tuple[str, str, dict[str, Any]]
"""Name, id and data of an event."""


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    with live_servers(tmp_path / "data") as serve:
        yield serve


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("live") / "data") as serve:
        yield serve()


@contextmanager
def reading(server: LiveServer, id: str, since: int = 0) -> Iterator[Iterator[Told]]:
    """Yield the events that a reader is told."""
    where = urlsplit(server.address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE_SECONDS)
    connection.request("GET", f"/api/v1/live/{id}/events?since={since}")
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    try:
        yield events_in(answer)
    finally:
        connection.close()


def events_in(answer: http.client.HTTPResponse) -> Iterator[Told]:
    values: dict[str, str] = {}
    for line in answer:
        name, _, value = line.decode().strip().partition(": ")
        if name:
            values[name] = value
        elif "data" in values:
            yield values.get("event", ""), values.get("id", ""), json.loads(values["data"])
            values = {}


def finals_of(told: Iterator[Told]) -> list[str]:
    return [each[2]["text"] for each in told if each[0] == "final"]


def until(told: Iterator[Told], name: str) -> Told:
    return next(each for each in told if each[0] == name)


def speak_a_sentence(speaker: Speaker, level: float) -> str:
    """Say one sentence, and return its text when it is stored."""
    speaker.speak(babble(0.8, level=level))
    speaker.speak(silence(1.0))
    return str(speaker.until("final")["text"])


def test_who_comes_late_gets_what_was_said_and_then_follows(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start(name="Talk of today")
        speak_a_sentence(speaker, 0.3)
        with reading(server, started["transcription"]) as told:
            about = until(told, "session")[2]
            first = until(told, "final")
            speaker.speak(babble(1.5, level=0.6))
            said = until(told, "partial")[2]
            speaker.speak(silence(1.0))
            second = until(told, "final")
            taken_back = next(each[2] for each in told if each[0] == "partial" and not each[2]["text"])
            speaker.stop()
            until(told, "ended")

    assert (about["name"], about["is_open"], about["transcription"]) == (
        "Talk of today",
        True,
        started["transcription"],
    )
    assert (first[1], first[2]["text"]) == ("1", "Level 3.")
    assert said["text"].startswith("Level")
    assert (second[1], second[2]["text"]) == ("2", "Level 6.")
    assert taken_back["channel"] is None


def test_after_the_end_the_text_stays_and_both_ids_lead_to_it(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speak_a_sentence(speaker, 0.3)
        speaker.stop()

    for id in (started["session"], started["transcription"]):
        with reading(server, id) as told:
            names = [each[0] for each in told]
        assert names == ["session", "final", "ended"]
    assert server.client.get(f"{server.address}/live/{started['session']}/view").status_code == 200


def test_what_was_corrected_is_what_people_read(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        id = speaker.start()["transcription"]
        speak_a_sentence(speaker, 0.3)
        speak_a_sentence(speaker, 0.6)
        speaker.stop()
    edits = server.ask(f"/transcriptions/{id}/edits")
    pieces = [{"start": 0.0, "end": 2.0, "text": "Put right."}]
    change = {"first": 0, "last": 1, "pieces": pieces}
    server.tell("PATCH", f"/transcriptions/{id}/edits", json={"revision": edits["revision"], "changes": [change]})

    with reading(server, id) as told:
        texts = [each[2]["text"] for each in told if each[0] == "final"]
    assert texts == ["Put right.", ""]


def test_a_session_that_is_cut_and_a_server_that_is_killed_go_on_for_the_audience(
    serve: Callable[[], LiveServer],
) -> None:
    server = serve()
    with Speaker(server.address) as speaker:
        started = speaker.start()
        speak_a_sentence(speaker, 0.3)
        with Speaker(server.address, speaker.sound) as second, reading(server, started["transcription"]) as told:
            second.start(started["session"], started["token"])  # takes the session over
            assert until(told, "final")[2]["text"] == "Level 3."
            speak_a_sentence(second, 0.6)
            last = until(told, "final")
            assert last[2]["text"] == "Level 6."
            second.until_acknowledged()
            server.kill()
    server.start()
    with Speaker(server.address, second.sound) as third:
        third.start(started["session"], started["token"])
        with reading(server, started["transcription"], since=int(last[1])) as told:
            speak_a_sentence(third, 0.4)
            assert until(told, "final")[2]["text"] == "Level 4."
            third.stop()
            until(told, "ended")


def test_fifty_readers_miss_nothing_and_do_not_slow_the_speaker(server: LiveServer) -> None:
    with Speaker(server.address) as speaker:
        id = speaker.start()["transcription"]
        speak_a_sentence(speaker, 0.2)
        alone = [latency_of(speaker, 0.3) for _ in range(3)]
        with ThreadPoolExecutor(READERS) as pool, ExitStack() as stack:
            streams = []
            for _ in range(READERS):
                speaker.speak(silence(0.1))  # who sends nothing while a busy machine lets fifty in is taken as gone
                streams.append(stack.enter_context(reading(server, id)))
                until(streams[-1], "session")
            read = [pool.submit(finals_of, told) for told in streams]
            watched = [latency_of(speaker, level) for level in (0.4, 0.6, 0.7)]
            speaker.stop()
            texts = [each.result(PATIENCE_SECONDS) for each in read]

    assert texts == [["Level 2.", *["Level 3."] * 3, "Level 4.", "Level 6.", "Level 7."]] * READERS
    assert statistics.median(watched) < statistics.median(alone) + 500


def latency_of(speaker: Speaker, level: float) -> float:
    """Say one sentence; return how many milliseconds after its end its text came."""
    speak_a_sentence(speaker, level)
    return float(speaker.all("final")[-1]["latency_ms"])


def test_a_reader_who_takes_nothing_costs_a_bounded_amount_of_memory() -> None:
    audience, woken = Audience(), []
    with audience.reading("a", lambda: woken.append(True)) as reader:
        for index in range(1000):
            audience.publish("a", Partial(index, 0.0, 1.0, "so far", 0, 1.0))
            audience.publish("a", Final(SegmentRecord(0.0, 1.0, "said", "said", 0.9, (), index=index), 1.0))
        audience.publish("a", Ended("a"))
        audience.publish("b", Ended("b"))
        unread = reader.take()
        assert audience.count("a") == 1

    assert woken == [True]
    assert unread.has_missed
    assert unread.is_over
    assert len(unread.finals) <= MOST_FINALS
    assert list(unread.partials) == [None]
    assert audience.count("a") == 0


def test_there_is_nothing_to_read_along_with_an_upload(server: LiveServer) -> None:
    answer = server.client.get(f"{server.address}/api/v1/live/0000000000000000/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "live_session_unknown")


# Who may


@pytest.fixture(name="house")
def _house(settings: Settings) -> Iterator[Office]:
    with office(settings) as found:
        for name in ("li", "wang"):
            found.add(name)
        yield found


def ended_session(client: TestClient) -> str:
    """Have a session without a word; return its transcription."""
    with client.websocket_connect("ws://127.0.0.1/api/v1/live") as socket:
        socket.send_json({"type": "audio-start"})
        id = str(socket.receive_json()["transcription"])
        socket.send_json({"type": "audio-stop", "chunks": 0})
        while socket.receive_json()["type"] != "ended":
            pass
    return id


def link_to(client: TestClient, id: str, **wanted: Any) -> dict[str, Any]:
    answer = client.post(f"/api/v1/transcriptions/{id}/shares/links", json={"for_audience": True, **wanted})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_link_for_the_audience_opens_the_reading_and_nothing_else(house: Office) -> None:
    li = house.logged_in("li")
    id, other = ended_session(li), ended_session(li)
    link = link_to(li, id, may_edit=True, with_audio=True)
    assert (link["may_edit"], link["with_audio"], link["for_audience"]) == (False, False, True)

    guest, wang = house.stranger(), house.logged_in("wang")
    assert wang.get(f"/live/{id}/view").status_code == 404
    for visitor in (guest, wang):
        opened = visitor.get(f"/s/{link['secret']}")
        assert (opened.status_code, opened.headers["location"]) == (303, f"/live/{id}/view")
        assert visitor.get(f"/live/{id}/view").status_code == 200
        assert "event: ended" in visitor.get(f"/api/v1/live/{id}/events").text
        assert visitor.get(f"/live/{other}/view").status_code == 404
        for path in (f"/transcriptions/{id}", f"/api/v1/transcriptions/{id}", f"/api/v1/transcriptions/{id}/export"):
            assert visitor.get(path).status_code in (303, 401, 404), path
        assert visitor.patch(f"/api/v1/transcriptions/{id}", json={"name": "x"}).status_code in (401, 404)
    assert id not in wang.get("/api/v1/transcriptions").text

    assert li.delete(f"/api/v1/transcriptions/{id}/shares/{link['id']}").status_code == 204
    assert guest.get(f"/live/{id}/view").status_code == 303
    assert guest.get(f"/api/v1/live/{id}/events").status_code == 401
    assert li.get(f"/live/{id}/view").status_code == 200


def test_whom_a_text_is_shared_with_reads_along_too(house: Office) -> None:
    li, wang = house.logged_in("li"), house.logged_in("wang")
    id = ended_session(li)
    li.post(f"/api/v1/transcriptions/{id}/shares/grants", json={"name": "wang"})

    assert wang.get(f"/live/{id}/view").status_code == 200
    assert house.stranger().get(f"/live/{id}/view").status_code == 303
    wait_until(lambda: house.stranger().get(f"/api/v1/live/{id}/events").status_code == 401)
