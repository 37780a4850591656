"""Two servers with one database and one object store, and nothing else in common: when one is killed, the other goes on."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.objects.bucket import Bucket
from tests.engine.sounds import babble, silence
from tests.services.conftest import talk
from tests.store.conftest import postgres_url
from tests.waiting import wait_until
from tests.web.live_client import Speaker
from tests.web.live_process import LiveServer, live_servers

Serve = Callable[[], LiveServer]


@pytest.fixture(name="serve_first")
def _serve_first(tmp_path: Path, url: str, database_url: str) -> Iterator[Serve]:
    with live_servers(tmp_path / "first") as serve:
        yield lambda: serve(files_url=url, database_url=database_url)


@pytest.fixture(name="serve_second")
def _serve_second(tmp_path: Path, url: str, database_url: str) -> Iterator[Serve]:
    with live_servers(tmp_path / "second") as serve:
        yield lambda: serve(files_url=url, database_url=database_url)


@pytest.fixture(name="database_url")
def _database_url() -> Iterator[str]:
    with postgres_url() as url:
        yield url


def ended(server: LiveServer, id: str) -> dict[str, Any]:
    wait_until(lambda: server.state_of(id) not in ("queued", "running"), lambda: server.state_of(id))
    return dict(server.ask(f"/transcriptions/{id}"))


def test_a_live_session_goes_on_at_the_other_server(serve_first: Serve, serve_second: Serve, bucket: Bucket) -> None:
    first, second = serve_first(), serve_second()
    with Speaker(first.address) as speaker:
        started = speaker.start()
        speaker.speak(babble(1.0, level=0.3))
        speaker.speak(silence(1.0))
        speaker.until("final")
        speaker.speak(babble(0.8, level=0.6))
        acknowledged = speaker.until("acknowledged", lambda message: message["next_chunk"] > 20)
        first.kill()

    with Speaker(second.address, speaker.sound) as later:
        again = later.start(started["session"], started["token"])
        assert acknowledged["next_chunk"] <= again["next_chunk"] <= speaker.next_chunk
        later.send_rest()
        later.speak(babble(0.4, level=0.6))
        later.speak(silence(1.0))
        later.stop()

    record = ended(second, started["transcription"])
    assert record["text"] == "Level 3. Level 6."
    stored = bucket.read(f"transcriptions/{started['transcription']}/source.wav")
    with wave.open(io.BytesIO(stored)) as recording:
        assert recording.readframes(recording.getnframes()) == later.sound


def test_an_upload_and_its_job_go_on_at_the_other_server(
    serve_first: Serve, serve_second: Serve, bucket: Bucket
) -> None:
    first, second = serve_first(), serve_second()
    content, half = talk(0.3, 0.4), 20_000
    batch = first.tell("POST", "/batches", json={"name": "Calls"})["id"]
    upload = first.tell("POST", f"/batches/{batch}/uploads", json={"name": "a.wav", "size_bytes": len(content)})
    send(first, upload["id"], 0, content[:half])
    whole = first.tell("POST", "/transcriptions", files={"file": ("b.wav", talk(0.5))})
    first.kill()

    assert second.ask(f"/uploads/{upload['id']}")["offset"] == half
    send(second, upload["id"], half, content[half:])

    assert ended(second, whole["id"])["text"] == "Level 5."
    wait_until(
        lambda: second.ask(f"/batches/{batch}")["counts"]["succeeded"] == 1, lambda: second.ask(f"/batches/{batch}")
    )
    [item] = second.ask(f"/batches/{batch}/items")["items"]
    id = item["transcription_id"]
    assert second.ask(f"/transcriptions/{id}")["text"] == "Level 3. Level 4."
    assert bucket.read(f"transcriptions/{id}/source.wav") == content


def send(server: LiveServer, id: str, offset: int, content: bytes) -> None:
    headers = {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
    server.tell("PATCH", f"/uploads/{id}", content=content, headers=headers)
