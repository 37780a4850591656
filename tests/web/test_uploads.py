import hashlib
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import anyio
import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from app.domain.errors.uploads import UploadInterrupted
from app.domain.options import TranscriptionOptions
from app.services.transcriptions.job_queue import Queue
from app.settings import Settings
from app.store.files.recordings import Files
from app.web.forms import recording
from tests.databases import database_in
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.conftest import API, Server, serving, usual_options

SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 40
BOUNDARY = "XyZ"
FORM_TYPE = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(disposition: str | bytes, value: bytes) -> bytes:
    names = disposition if isinstance(disposition, bytes) else disposition.encode()
    return b"--XyZ\r\nContent-Disposition: form-data; " + names + b"\r\n\r\n" + value + b"\r\n"


FILE = part('name="file"; filename="a.wav"', SOUND)
END = b"--XyZ--\r\n"


def send(client: httpx2.Client, *parts: bytes, end: bytes = END) -> httpx2.Response:
    return client.post(API, content=b"".join(parts) + end, headers=FORM_TYPE)


def assert_refused(response: httpx2.Response, server: Server, status: int, code: str, *words: str) -> None:
    """It has the one shape of errors, and nothing of it is left on the disk."""
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["advice"]
    assert error["request_id"] == response.headers["x-request-id"]
    assert all(word in error["message"] + error["advice"] for word in words)
    assert server.left_in_incoming() == []


# What is taken


def test_an_acknowledged_upload_is_on_the_disk_as_it_was_sent(remote: httpx2.Client, server: Server) -> None:
    response = remote.post(API, files={"file": ("会议 (1).MP3", SOUND)})
    job = response.json()

    assert response.status_code == 201
    assert response.headers["location"] == f"{API}/{job['id']}"
    assert (job["name"], job["state"], job["size_bytes"], job["source"]) == (
        "会议 (1).MP3",
        "queued",
        len(SOUND),
        "api",
    )
    stored = list((server.data_dir / "transcriptions" / job["id"]).glob("source*"))
    assert [file.read_bytes() for file in stored] == [SOUND]


@pytest.mark.parametrize("file_first", [True, False])
def test_fields_may_come_before_or_after_the_file(remote: httpx2.Client, file_first: bool) -> None:
    fields = part('name="language"', b"zh") + part('name="hotwords"', "转写\n\n Conformer ".encode())
    fields += part('name="itn"', b"false")
    response = send(remote, FILE, fields) if file_first else send(remote, fields, FILE)

    options = {"language": "zh", "hotwords": ["转写", "Conformer"], "itn": False}
    assert response.json()["options"] == usual_options() | options


def test_without_fields_the_defaults_hold(remote: httpx2.Client) -> None:
    assert send(remote, FILE).json()["options"] == usual_options()


@pytest.mark.parametrize(
    "fields",
    [
        [b"one\r\ntwo"],
        [b"one", b"two", b"one"],
        [b'["one", " two "]'],
        [b'["one"]', b"two"],
    ],
)
def test_hotwords_come_as_lines_repeated_fields_or_json(remote: httpx2.Client, fields: list[bytes]) -> None:
    response = send(remote, *(part('name="hotwords"', value) for value in fields), FILE)

    assert response.json()["options"]["hotwords"] == ["one", "two"]


def test_a_browser_is_told_from_a_program(remote: httpx2.Client) -> None:
    response = remote.post(API, files={"file": SOUND}, headers={"sec-fetch-site": "same-origin"})

    assert response.json()["source"] == "page"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="..\\\\..\\\\boot.ini"', "boot.ini"),
        (f'filename="{"n" * 296}.mp3"', "n" * 251 + ".mp3"),
        ('filename="no extension"', "no extension"),
        ('filename="bell\x07 and \x1b[31mred.wav"', "bell and [31mred.wav"),
        ("filename*=UTF-8''%E4%BC%9A%E8%AE%AE.mp3", "会议.mp3"),
        ('filename="会议.mp3"', "会议.mp3"),
        ('filename=""', "recording"),
        ("", "recording"),
    ],
)
def test_a_strange_name_is_shown_nearly_and_never_becomes_a_path(
    remote: httpx2.Client, server: Server, disposition: str, name: str
) -> None:
    job = send(remote, part(f'name="file"; {disposition}', SOUND)).json()

    assert job["name"] == name
    paths = (server.data_dir / "transcriptions" / job["id"]).resolve().iterdir()
    assert any(path.name.startswith("source") for path in paths)


def test_an_upload_as_large_as_the_limit_is_taken(remote: httpx2.Client) -> None:
    sound = SOUND + bytes(2**20 - len(SOUND))
    response = remote.post(API, files={"file": ("full.wav", sound)})

    assert response.json()["size_bytes"] == 2**20


def test_a_chunked_upload_is_taken(remote: httpx2.Client) -> None:
    body = FILE + END
    pieces: Iterator[bytes] = (body[start : start + 1000] for start in range(0, len(body), 1000))
    response = remote.post(API, content=pieces, headers=FORM_TYPE)

    assert response.status_code == 201


# What is refused


def test_a_request_without_a_file_is_told_so(remote: httpx2.Client, server: Server) -> None:
    assert_refused(send(remote, part('name="language"', b"zh")), server, 422, "no_file", "file")
    assert_refused(remote.post(API), server, 422, "no_file", "multipart")
    assert_refused(remote.post(API, json={"file": "a.wav"}), server, 422, "no_file", "multipart")


def test_a_form_where_nobody_chose_a_file_has_none(remote: httpx2.Client, server: Server) -> None:
    assert_refused(send(remote, part('name="file"; filename=""', b"")), server, 422, "no_file")


def test_an_empty_file_is_refused_by_name(remote: httpx2.Client, server: Server) -> None:
    response = send(remote, part('name="file"; filename="nothing.wav"', b""))

    assert_refused(response, server, 422, "empty_file", "nothing.wav")


@pytest.mark.parametrize("language_first", [True, False])
def test_an_unknown_language_is_refused_and_nothing_stays(
    remote: httpx2.Client, server: Server, language_first: bool
) -> None:
    kept = len(server.kept())
    language = part('name="language"', b"klingon")
    response = send(remote, language, FILE) if language_first else send(remote, FILE, language)

    assert_refused(response, server, 422, "unknown_language", "klingon", "auto, zh, en, yue, ja, ko")
    assert len(server.kept()) == kept


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([part('name="langauge"', b"zh"), FILE], "langauge"),
        ([FILE, part('name="itn"', b"perhaps")], "itn"),
        ([FILE, part('name="punctuation"', b"perhaps")], "punctuation"),
        ([FILE, part('name="quality"', b"best")], "quality"),
        ([FILE, part('name="channels"', b"left")], "channels"),
        ([FILE, FILE], "file"),
        ([FILE, part('name="hotwords"', b"[1, 2]")], "hotwords"),
        ([FILE, part('name="hotwords"', b'["one"')], "hotwords"),
        ([FILE, part('name="hotwords"', b"[" * 100_000)], "hotwords"),
        ([FILE, part('name="hotwords"', b"w" * 101)], "hotwords"),
        ([FILE, part('name="hotwords"', b"\n".join(b"%d" % n for n in range(1001)))], "hotwords"),
        ([FILE, part('name="hotwords"', b"x\n" * 150_000)], "hotwords"),
        ([b"no form at all", FILE], "body"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    remote: httpx2.Client, server: Server, parts: list[bytes], field: str
) -> None:
    kept = len(server.kept())

    assert_refused(send(remote, *parts), server, 422, "invalid_parameter", f"'{field}'")
    assert len(server.kept()) == kept


def test_a_form_that_breaks_off_was_interrupted(remote: httpx2.Client, server: Server) -> None:
    assert_refused(send(remote, FILE, end=b""), server, 400, "upload_interrupted")


def test_a_declared_size_over_the_limit_is_refused_before_the_body_comes(server: Server) -> None:
    connection = HTTPConnection(*server.host_and_port, timeout=PATIENCE_SECONDS)
    connection.putrequest("POST", API)
    for name, value in (FORM_TYPE | {"content-length": str(2 * 2**30), "accept-language": "en"}).items():
        connection.putheader(name, value)
    connection.endheaders(FILE)
    response = connection.getresponse()

    assert response.status == 413
    assert response.headers["connection"] == "close"
    assert b"1 MB" in response.read()
    assert server.left_in_incoming() == []


@pytest.mark.parametrize("chunked", [True, False])
def test_a_client_that_sends_all_before_it_listens_hears_the_refusal(server: Server, chunked: bool) -> None:
    response = _send_all_then_read(server, megabytes=64, chunked=chunked)

    assert response.status == 413
    assert b"1 MB" in response.read()
    assert server.left_in_incoming() == []


def _send_all_then_read(server: Server, megabytes: int, chunked: bool) -> HTTPResponse:
    body = [FILE[:-2], *[bytes(2**20)] * megabytes]
    headers = FORM_TYPE | {"accept-language": "en"}
    if not chunked:
        headers["content-length"] = str(sum(map(len, body)))
    connection = HTTPConnection(*server.host_and_port, timeout=PATIENCE_SECONDS)
    connection.request("POST", API, iter(body), headers, encode_chunked=chunked)
    return connection.getresponse()


def test_an_upload_whose_client_goes_away_leaves_nothing(server: Server) -> None:
    kept = len(server.kept())
    with socket.create_connection(server.host_and_port) as connection:
        head = f"POST {API} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM_TYPE['content-type']}\r\n"
        connection.sendall(f"{head}Content-Length: 900000\r\n\r\n".encode() + FILE[:-2] + bytes(600_000))
        wait_until(lambda: len(server.left_in_incoming()) == 1)

    wait_until(lambda: server.left_in_incoming() == [])
    assert len(server.kept()) == kept


def test_an_upload_that_falls_silent_was_interrupted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SILENCE_SECONDS", 0.1)
    queue = Queue(database_in(settings.data_dir), Files(settings.data_dir))
    arrived = iter([{"type": "http.request", "body": FILE, "more_body": True}])

    async def receive() -> Message:
        return next(arrived, None) or await anyio.sleep_forever()

    async def upload() -> None:
        headers = [(name.encode(), value.encode()) for name, value in FORM_TYPE.items()]
        request = Request({"type": "http", "headers": headers}, receive)
        with recording.UploadForm(queue, 2**20, TranscriptionOptions()) as form:
            await recording.fill(form, request, 2**20)

    with ThreadPoolExecutor() as thread, pytest.raises(UploadInterrupted):
        thread.submit(anyio.run, upload).result()  # playwright leaves its event loop in the thread of the tests
    assert list((settings.data_dir / "incoming").iterdir()) == []


def test_the_log_tells_every_upload_and_never_what_it_holds(remote: httpx2.Client, server: Server) -> None:
    response = send(remote, part('name="file"; filename="secret name.wav"', b"what was said" * 100))

    def lines() -> list[str]:
        log = (server.log_dir / "app.log").read_text("utf-8").splitlines()
        return [line for line in log if f"request={response.headers['x-request-id']}" in line]

    wait_until(lambda: any(" app.web.middleware.request_log " in line for line in lines()))  # written after the answer
    assert (
        lines()[-1]
        .split(" app.web.middleware.request_log ")[1]
        .startswith(f"request method=POST path={API} status=201 ms=")
    )
    assert "what was said" not in (server.log_dir / "app.log").read_text("utf-8")


# A full disk


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_refuses_the_upload_and_keeps_nothing(small_disk: Path, tmp_path: Path) -> None:
    with serving(small_disk, tmp_path / "logs") as server, server.client() as client:
        before = client.post(API, files={"file": ("first.wav", SOUND)})
        refused = client.post(API, files={"file": ("large.wav", bytes(8 * 2**20))})
        after = client.post(API, files={"file": ("second.wav", SOUND)})

        assert_refused(refused, server, 507, "disk_full", str(small_disk))
        assert (before.status_code, after.status_code) == (201, 201)
        assert (
            hashlib.sha256(client.get(f"{API}/{before.json()['id']}/audio").content).digest()
            == hashlib.sha256(SOUND).digest()
        )
        assert client.get(API).json()["total"] == 2
