"""Whatever way a recording comes in, it belongs to the person of the key or the session that sent it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from websockets.sync.client import connect

from app.composition import login_rule
from app.domain.people import Permission, Role
from app.services.people.accounts import Accounts
from app.settings import Settings
from tests.conftest import data_folder
from tests.databases import database_in, in_database
from tests.engine.sounds import babble, silence, wav_bytes
from tests.loops import run_apart
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.live_client import Speaker, as_pcm
from tests.web.live_process import LiveServer

API = "/api/v1/transcriptions"


class House(LiveServer):
    """A server on which li sends recordings with a key, and the administrator reads with another."""

    li: str
    key: str
    admin: str

    def owners(self) -> list[str | None]:
        """Return the owner of each transcription, the newest first."""
        rows = in_database(self.data_dir, "SELECT owner FROM transcriptions ORDER BY number DESC")
        return [owner for (owner,) in rows]

    def post(self, path: str, key: str = "", **body: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key or self.key}", **body.pop("headers", {})}
        answer = self.client.post(f"{self.address}{path}", headers=headers, **body)
        assert answer.is_success, answer.text
        return answer


@pytest.fixture(name="house", scope="module")
def _house(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    data = data_folder(folder / "data", empty)
    imports = folder / "imports"
    imports.mkdir()
    (imports / "call.wav").write_bytes(recording()["file"][1])
    house = House(data, "EchoEngine", {"login": "always", "import_root": str(imports)})
    with closing(database_in(data)) as database:
        database.migrate()
        accounts = Accounts(database, login_rule(Settings(data_dir=data, login="always")))
        accounts.begin("four words in a row")
        house.li = accounts.people.add("li", Role.MEMBER).id
        house.key = accounts.keys.create(house.li, "key", list(Permission))[1]
        house.admin = accounts.keys.create(accounts.people.everybody()[0][0].id, "key", list(Permission))[1]
    house.start()
    yield house
    house.end()


def recording() -> dict[str, tuple[str, bytes]]:
    """Return a part of a form with a recording that nobody has sent before."""
    recording.level += 0.01  # type: ignore[attr-defined]
    return {"file": ("talk.wav", wav_bytes(babble(1.0, level=recording.level)))}  # type: ignore[attr-defined]


recording.level = 0.3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (API, {}),
        ("/v1/audio/transcriptions", {"model": "whisper-1"}),
        ("/openai/deployments/whisper/audio/transcriptions", {}),
    ],
)
def test_an_upload_belongs_to_who_sends_it(house: House, path: str, fields: dict[str, str]) -> None:
    house.post(path, files=recording(), data=fields)

    assert house.owners()[0] == house.li


def test_a_recording_for_whisper_asr_webservice_belongs_to_who_sends_it(house: House) -> None:
    house.post("/asr", files={"audio_file": recording()["file"]})

    assert house.owners()[0] == house.li


def test_what_is_read_again_or_compared_belongs_to_who_asks(house: House) -> None:
    id = house.post(API, files=recording()).json()["id"]
    house.post(f"{API}/{id}/again", json={"language": "en"})
    assert house.owners()[0] == house.li

    variants = json.dumps([{"model": "builtin"}, {"model": "builtin-large"}])
    house.post("/api/v1/comparisons", files={"variants": (None, variants)} | recording())

    assert house.owners()[:2] == [house.li, house.li]


def test_the_recordings_of_a_batch_belong_to_who_made_it(house: House) -> None:
    [name, sound] = recording()["file"]
    batch = house.post("/api/v1/batches", json={"name": "calls"}).json()["id"]
    wanted = {"name": name, "size_bytes": len(sound)}
    upload = house.post(f"/api/v1/batches/{batch}/uploads", json=wanted).json()["id"]
    before = len(house.owners())

    headers = {"authorization": f"Bearer {house.key}", "upload-offset": "0"}
    answer = house.client.patch(f"{house.address}/api/v1/uploads/{upload}", content=sound, headers=headers)

    assert answer.is_success, answer.text
    wait_until(lambda: len(house.owners()) > before)
    assert house.owners()[0] == house.li


def test_what_an_administrator_imports_from_the_server_is_theirs(house: House) -> None:
    batch = house.post("/api/v1/batches", house.admin, json={"name": "folder"}).json()["id"]
    before = len(house.owners())

    house.post(f"/api/v1/batches/{batch}/folder", house.admin, json={"path": "."})

    wait_until(lambda: len(house.owners()) > before)
    assert house.owners()[0] not in (None, house.li)


def test_a_live_session_belongs_to_who_speaks(house: House) -> None:
    headers = {"authorization": f"Bearer {house.key}"}
    with Speaker(house.address, **headers) as speaker:
        session = speaker.start()["session"]
        mine = house.client.get(f"{house.address}/api/v1/live/sessions", headers=headers).text
        others = house.client.get(
            f"{house.address}/api/v1/live/sessions", headers={"authorization": f"Bearer {house.admin}"}
        ).text
        speaker.speak(babble(1.0, level=0.3))
        speaker.speak(silence(1.0))
        speaker.stop()

    assert house.owners()[0] == house.li
    assert (session in mine, session in others) == (True, False)


def test_a_session_of_another_dialect_belongs_to_who_speaks(house: House) -> None:
    headers = {"authorization": f"Bearer {house.key}"}
    address = house.address.replace("http", "ws")
    before = len(house.owners())
    with connect(f"{address}/v1/realtime?intent=transcription", additional_headers=headers) as socket:
        assert json.loads(socket.recv())["type"] == "session.created"
        socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA" * 4000}))
        wait_until(lambda: len(house.owners()) > before)
    assert house.owners()[0] == house.li
    with connect(f"{address}/ws/funasr", additional_headers=headers, subprotocols=["binary"]) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"mode": "offline", "wav_name": "a", "wav_format": "pcm", "is_speaking": True}))
        socket.send(as_pcm(babble(1.0, level=0.45)))
        socket.send(json.dumps({"is_speaking": False}))
        socket.recv(timeout=PATIENCE_SECONDS)

    assert house.owners()[0] == house.li


def test_an_assistant_finds_what_belongs_to_its_key_and_reads_no_file_of_the_server(house: House) -> None:
    house.post(API, files=recording())
    house.post(API, house.admin, files=recording())
    total = {key: house.owners().count(owner) for key, owner in ((house.key, house.li),)}

    async def ask(key: str) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{house.address}/mcp", http_client=http)) as client,
        ):
            found = await client.call_tool("search_recordings", {"query": ""})
            refused = await client.call_tool("transcribe_file", {"path": "call.wav"})
            return dict(found.structured_content or {})["total"], str(refused.content)

    async def ask_all() -> None:
        mine, refused = await asyncio.wait_for(ask(house.key), 60)
        admins, _ = await asyncio.wait_for(ask(house.admin), 60)
        assert mine == total[house.key]
        assert 0 < admins < len(house.owners())
        assert "not_permitted" in refused or "may not" in refused

    run_apart(ask_all())


def test_the_official_client_comes_with_a_key_and_is_refused_without_one(house: House) -> None:
    name, sound = recording()["file"]
    client = openai.OpenAI(base_url=f"{house.address}/v1", api_key=house.key, max_retries=0)

    said = client.audio.transcriptions.create(model="whisper-1", file=(name, sound))
    with pytest.raises(openai.AuthenticationError) as refused:
        client.with_options(api_key="sk-somebody").audio.transcriptions.create(model="whisper-1", file=(name, sound))

    assert said.text
    assert refused.value.code == "login_required"
    assert house.owners()[0] == house.li


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_comes_with_a_key(house: House, tmp_path: Path) -> None:
    name, sound = recording()["file"]
    (tmp_path / name).write_bytes(sound)
    command = ["curl", "-sS", "-F", f"file=@{tmp_path / name}", f"{house.address}{API}"]

    without = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    key = ["-H", f"Authorization: Bearer {house.key}"]
    printed = subprocess.run([*command, *key], capture_output=True, text=True, check=True).stdout

    assert json.loads(without)["error"]["code"] == "login_required"
    assert json.loads(printed)["name"] == name
