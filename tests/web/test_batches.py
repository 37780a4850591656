"""Batches over REST: created, uploaded in pieces, controlled, followed and exported."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.web.services import Services
from tests.engine.sounds import babble, silence, wav_bytes
from tests.web.conftest import usual_options

API = "/api/v1/batches"
UPLOADS = "/api/v1/uploads"
SLICE = {"content-type": "application/offset+octet-stream"}


def sound(number: int = 0) -> bytes:
    wave = np.concatenate([silence(0.1 + number / 100), babble(0.3), silence(0.1)])
    return wav_bytes((wave * 32767).astype(np.int16))


def begin(client: TestClient, name: str = "Calls", **options: Any) -> str:
    answer = client.post(API, json={"name": name, "options": options})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def announce(client: TestClient, batch: str, path: str, data: bytes, **more: Any) -> dict[str, Any]:
    body = {"name": Path(path).name, "path": path, "size_bytes": len(data), **more}
    answer = client.post(f"{API}/{batch}/uploads", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def patch(client: TestClient, upload: str, offset: int, data: bytes) -> Any:
    headers = SLICE | {"upload-offset": str(offset)}
    return client.patch(f"{UPLOADS}/{upload}", content=data, headers=headers)


def send(client: TestClient, batch: str, path: str, data: bytes) -> str:
    upload = announce(client, batch, path, data)
    assert patch(client, upload["id"], upload["offset"], data[upload["offset"] :]).status_code == 200
    return str(upload["id"])


def items(client: TestClient, batch: str, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{API}/{batch}/items", params=wanted).json()["items"]
    return found


def counts(client: TestClient, batch: str) -> dict[str, int]:
    told = client.get(f"{API}/{batch}").json()["counts"]
    return {state: count for state, count in told.items() if count}


def test_a_batch_begins_empty_with_its_options(client: TestClient) -> None:
    id = begin(client, "会议 11 月", language="zh", hotwords="转写:30\n", itn=False, quality="fast")

    told = client.get(f"{API}/{id}").json()
    assert (told["name"], told["state"], told["progress"]) == ("会议 11 月", "running", 0)
    chosen = {"language": "zh", "hotwords": ["转写:30"], "itn": False, "quality": "fast"}
    assert told["options"] == usual_options() | chosen
    assert [each["id"] for each in client.get(API).json()["items"]] == [id]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": " "}, "invalid_parameter"),
        ({"name": "x", "options": {"language": "tlh"}}, "unknown_language"),
        ({"name": "x", "options": {"quality": "best"}}, "invalid_parameter"),
    ],
)
def test_what_cannot_be_a_batch_is_refused(client: TestClient, body: dict[str, Any], code: str) -> None:
    answer = client.post(API, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_a_file_in_pieces_becomes_a_transcription_with_the_right_checksum(client: TestClient) -> None:
    batch, data = begin(client), sound()
    upload = announce(client, batch, "calls/north/a.wav", data)
    assert upload["offset"] == 0

    first = patch(client, upload["id"], 0, data[:5000])
    assert first.json() == {"id": upload["id"], "offset": 5000}
    assert client.get(f"{UPLOADS}/{upload['id']}").json()["offset"] == 5000
    assert items(client, batch)[0]["progress"] == pytest.approx(5000 / len(data), abs=0.001)
    last = patch(client, upload["id"], 5000, data[5000:])

    assert last.json()["offset"] == len(data)
    [item] = items(client, batch)
    assert (item["name"], item["state"]) == ("calls/north/a.wav", "queued")
    id = item["transcription_id"]
    record = client.get(f"/api/v1/transcriptions/{id}").json()
    assert (record["name"], record["source"], record["size_bytes"]) == ("a.wav", "batch", len(data))
    assert client.get(f"/api/v1/transcriptions/{id}/audio").content == data
    services: Services = client.app_state["services"]
    assert services.queue.get(id).sha256 == hashlib.sha256(data).hexdigest()
    assert list((services.settings.data_dir / "uploads").iterdir()) == []


def test_a_piece_for_another_place_is_refused_and_says_where_to_go_on(client: TestClient) -> None:
    batch, data = begin(client), sound()
    upload = announce(client, batch, "a.wav", data)["id"]
    patch(client, upload, 0, data[:1000])

    answer = patch(client, upload, 2000, data[2000:3000])

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "upload_offset_conflict")
    assert "1000" in answer.json()["error"]["message"]
    assert client.get(f"{UPLOADS}/{upload}").json()["offset"] == 1000


def test_more_than_was_announced_is_refused(client: TestClient) -> None:
    batch, data = begin(client), sound()
    upload = announce(client, batch, "a.wav", data)["id"]

    answer = patch(client, upload, 0, data + b"x")

    assert answer.json()["error"]["code"] == "invalid_parameter"
    assert counts(client, batch) == {"total": 1, "uploading": 1}


def test_the_same_file_again_goes_on_where_it_stopped_and_is_sent_once(client: TestClient) -> None:
    batch, data = begin(client), sound()
    first = announce(client, batch, "a.wav", data, modified_ms=5)
    patch(client, first["id"], 0, data[:1000])
    again = announce(client, batch, "a.wav", data, modified_ms=5)
    assert again == {"id": first["id"], "offset": 1000}
    patch(client, first["id"], 1000, data[1000:])

    assert announce(client, batch, "a.wav", data, modified_ms=5)["offset"] == len(data)
    other = announce(client, batch, "a.wav", data, modified_ms=6)
    assert other["id"] != first["id"]
    assert counts(client, batch) == {"total": 2, "queued": 1, "uploading": 1}


def test_an_empty_file_fails_alone_with_its_reason(client: TestClient) -> None:
    batch = begin(client)
    announce(client, batch, "nothing.wav", b"")
    send(client, batch, "a.wav", sound())

    assert counts(client, batch) == {"total": 2, "failed": 1, "queued": 1}
    first, second = items(client, batch)
    assert first["error"]["code"] == "empty_file"
    assert client.delete(f"{UPLOADS}/{second['id']}").status_code == 404
    assert client.delete(f"{UPLOADS}/{first['id']}").status_code == 204
    assert counts(client, batch) == {"total": 1, "queued": 1}


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(client: TestClient) -> None:
    batch = begin(client)
    body = {"name": "a.wav", "size_bytes": 2 * 2**20}

    answer = client.post(f"{API}/{batch}/uploads", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")


def test_a_name_is_never_a_path_out_of_the_list(client: TestClient) -> None:
    batch = begin(client)
    send(client, batch, "../../etc/./pass\nwd.wav", sound())

    assert items(client, batch)[0]["name"] == "etc/pass wd.wav"


def test_the_same_content_is_read_once_in_a_batch_and_before_it(client: TestClient) -> None:
    before = client.post("/api/v1/transcriptions", files={"file": ("old.wav", sound(1))}).json()["id"]
    batch = begin(client)
    send(client, batch, "a.wav", sound(2))
    send(client, batch, "copies/a.wav", sound(2))
    send(client, batch, "new name.wav", sound(1))

    first, second, third = items(client, batch)
    assert (first["state"], second["state"], third["state"]) == ("queued", "duplicate", "duplicate")
    assert second["duplicate_of"] == first["transcription_id"]
    assert third["duplicate_of"] == before
    assert client.get("/api/v1/transcriptions").json()["total"] == 2


def test_the_same_content_with_other_options_is_read_again(client: TestClient) -> None:
    client.post("/api/v1/transcriptions", files={"file": ("old.wav", sound())})
    batch = begin(client, quality="fast")
    send(client, batch, "a.wav", sound())

    assert counts(client, batch) == {"total": 1, "queued": 1}


def test_a_duplicate_of_a_deleted_original_says_so_and_can_be_sent_again(client: TestClient) -> None:
    before = client.post("/api/v1/transcriptions", files={"file": ("old.wav", sound())}).json()["id"]
    batch = begin(client)
    send(client, batch, "a.wav", sound())
    client.delete(f"/api/v1/transcriptions/{before}")

    [item] = items(client, batch)
    assert (item["state"], item["duplicate_of"]) == ("duplicate", None)
    assert item["error"]["code"] == "original_deleted"
    send(client, batch, "a.wav", sound())
    assert counts(client, batch) == {"total": 1, "queued": 1}


def test_what_waits_is_paused_goes_on_is_cancelled_and_tried_again(client: TestClient) -> None:
    batch = begin(client)
    for number in range(3):
        send(client, batch, f"{number}.wav", sound(number))
    half = announce(client, batch, "half.wav", sound(9))

    assert client.post(f"{API}/{batch}/pause").json()["state"] == "paused"
    assert client.post(f"{API}/{batch}/resume").json()["state"] == "running"
    told = client.post(f"{API}/{batch}/cancel").json()
    assert (told["state"], counts(client, batch)) == ("cancelled", {"total": 4, "cancelled": 4})
    assert client.get(f"{UPLOADS}/{half['id']}").status_code == 404
    told = client.post(f"{API}/{batch}/retry").json()
    assert (told["state"], counts(client, batch)) == ("running", {"total": 4, "queued": 3, "cancelled": 1})


def test_the_first_page_shows_what_was_sent_alone_and_no_batches(client: TestClient) -> None:
    send(client, begin(client), "of many.wav", sound(1))
    client.post("/api/v1/transcriptions", files={"file": ("alone.wav", sound(2))})

    page = client.get("/").text
    assert ("alone.wav" in page, "of many.wav" in page) == (True, False)


def test_a_list_is_paged_and_filtered(client: TestClient) -> None:
    batch = begin(client)
    for number in range(5):
        send(client, batch, f"{number}.wav", sound(number))
    send(client, batch, "copy.wav", sound(0))

    page = client.get(f"{API}/{batch}/items", params={"offset": 2, "limit": 2}).json()
    assert ([item["name"] for item in page["items"]], page["total"]) == (["2.wav", "3.wav"], 6)
    assert [item["position"] for item in page["items"]] == [2, 3]
    filtered = client.get(f"{API}/{batch}/items", params={"state": "duplicate"}).json()
    assert ([item["name"] for item in filtered["items"]], filtered["total"]) == (["copy.wav"], 1)


def test_recordings_change_places(client: TestClient) -> None:
    batch = begin(client)
    for number in range(4):
        send(client, batch, f"{number}.wav", sound(number))

    def order(**body: Any) -> list[str]:
        answer = client.post(f"{API}/{batch}/order", json=body)
        assert answer.status_code == 200, answer.text
        return [item["name"][0] for item in items(client, batch)]

    assert order(positions=[3]) == ["3", "0", "1", "2"]
    assert order(positions=[2], before=1) == ["3", "1", "0", "2"]
    assert order(positions=[0], before=2) == ["1", "3", "0", "2"]
    assert order(positions=[0, 1], before=4) == ["0", "2", "1", "3"]
    answer = client.post(f"{API}/{batch}/order", json={"positions": [17]})
    assert answer.json()["error"]["code"] == "invalid_parameter"


def test_a_deleted_batch_puts_its_transcriptions_in_the_trash(client: TestClient) -> None:
    batch = begin(client)
    send(client, batch, "a.wav", sound())
    half = announce(client, batch, "half.wav", sound(1))
    id = items(client, batch)[0]["transcription_id"]

    assert client.delete(f"{API}/{batch}").status_code == 204

    assert client.get(f"{API}/{batch}").status_code == 404
    assert client.get(API).json() == {"items": [], "total": 0}
    assert client.get(f"/api/v1/transcriptions/{id}").status_code == 404
    assert patch(client, half["id"], 0, b"x").json()["error"]["code"] == "upload_not_found"


def test_what_another_batch_leads_to_stays_when_a_batch_is_deleted(client: TestClient) -> None:
    first, second = begin(client), begin(client)
    send(client, first, "a.wav", sound())
    send(client, second, "b.wav", sound())
    id = items(client, second)[0]["duplicate_of"]

    client.post(f"{API}/{first}/pause")
    client.delete(f"{API}/{first}")

    assert client.get(f"/api/v1/transcriptions/{id}").json()["state"] == "queued"
    services: Services = client.app_state["services"]
    with services.queue.database.reading() as connection:
        from app.store.queries import transcriptions

        assert transcriptions.has_waiting(connection)


def test_what_is_deleted_alone_leaves_the_list_and_comes_back_with_it(client: TestClient) -> None:
    batch = begin(client)
    send(client, batch, "a.wav", sound())
    id = items(client, batch)[0]["transcription_id"]
    client.delete(f"/api/v1/transcriptions/{id}")
    assert counts(client, batch) == {}
    assert items(client, batch) == []

    from app.services.transcriptions.trash import Trash

    services: Services = client.app_state["services"]
    Trash(services.queue).restore(id)
    assert counts(client, batch) == {"total": 1, "cancelled": 1}


def test_two_batches_of_one_name_can_be_told_apart(client: TestClient) -> None:
    ids = [begin(client, name) for name in ("Monday", "Monday", "Monday (2)", "Monday", "Mon_ay", "Mon_ay")]

    names = [client.get(f"{API}/{id}").json()["name"] for id in ids]

    assert names == ["Monday", "Monday (2)", "Monday (2) (2)", "Monday (3)", "Mon_ay", "Mon_ay (2)"]


def test_many_recordings_are_cancelled_retried_and_removed_at_once(client: TestClient) -> None:
    batch = begin(client)
    ids = [send(client, batch, f"{number}.wav", sound(number)) for number in range(4)]
    ids.append(announce(client, batch, "half.wav", sound(5))["id"])
    other = send(client, begin(client), "other.wav", sound(6))

    def change(action: str, *which: str) -> int:
        answer = client.post(f"{API}/{batch}/items", json={"action": action, "ids": which})
        assert answer.status_code == 200, answer.text
        assert answer.json()["batch"]["counts"]["total"] == counts(client, batch)["total"]
        return int(answer.json()["changed"])

    assert change("cancel", ids[0], ids[1], ids[4], other, "unknown") == 2
    assert [item["state"] for item in items(client, batch)] == [*["cancelled"] * 2, *["queued"] * 2, "uploading"]
    assert change("retry", ids[1], ids[2]) == 1
    assert change("remove", ids[0], ids[4], other) == 2
    assert [item["name"] for item in items(client, batch)] == ["1.wav", "2.wav", "3.wav"]
    assert client.post(f"{API}/{batch}/items", json={"action": "burn", "ids": ids}).status_code == 422
    assert client.post(f"{API}/{batch}/items", json={"action": "remove", "ids": []}).status_code == 422


def test_a_file_on_its_way_is_taken_back(client: TestClient) -> None:
    batch, data = begin(client), sound()
    upload = announce(client, batch, "a.wav", data)["id"]
    patch(client, upload, 0, data[:100])

    assert client.delete(f"{UPLOADS}/{upload}").status_code == 204
    assert counts(client, batch) == {}
    assert client.delete(f"{UPLOADS}/{upload}").status_code == 404


def test_exports_have_every_recording_also_before_the_end(client: TestClient) -> None:
    batch = begin(client, "会议")
    send(client, batch, "周会/一.wav", sound())
    send(client, batch, "copy.wav", sound())

    table = client.get(f"{API}/{batch}/export", params={"format": "csv"})
    assert table.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [(row["name"], row["state"]) for row in rows] == [
        ("周会/一.wav", "queued"),
        ("copy.wav", "duplicate"),
    ]
    assert "%E4%BC%9A%E8%AE%AE.csv" in table.headers["content-disposition"]
    listed = json.loads(client.get(f"{API}/{batch}/export", params={"format": "json"}).content)
    assert [each["name"] for each in listed] == ["周会/一.wav", "copy.wav"]
    archive = client.get(f"{API}/{batch}/export", params={"format": "srt"}).content
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
    refused = client.get(f"{API}/{batch}/export", params={"format": "mp3"})
    assert refused.json()["error"]["code"] == "unknown_format"


def test_an_unknown_batch_or_upload_says_so(client: TestClient) -> None:
    for method, path in (
        ("GET", ""),
        ("POST", "/pause"),
        ("GET", "/items"),
        ("GET", "/export"),
        ("DELETE", ""),
    ):
        answer = client.request(method, f"{API}/never{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "batch_not_found")
    assert client.get(f"{UPLOADS}/never").json()["error"]["code"] == "upload_not_found"


def test_without_the_setting_no_folder_of_the_server_is_read(client: TestClient) -> None:
    answer = client.post(f"{API}/{begin(client)}/folder", json={"path": "calls"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "import_off")


@pytest.fixture(name="importing")
def _importing(tmp_path: Path) -> Any:
    root = tmp_path / "import"
    (root / "calls" / "north").mkdir(parents=True)
    settings = Settings(data_dir=tmp_path / "data", log_dir=tmp_path / "logs", import_root=root)
    with TestClient(
        create_app(settings, start_worker=False),
        base_url="http://127.0.0.1",
        headers={"accept-language": "en"},
        raise_server_exceptions=False,
    ) as client:
        yield client, root


def test_a_folder_of_the_server_is_copied_in_the_order_people_count(
    importing: tuple[TestClient, Path],
) -> None:
    from tests.waiting import wait_until

    client, root = importing
    for number in (2, 10):
        (root / "calls" / f"call {number}.wav").write_bytes(sound(number))
    (root / "calls" / "north" / "a.mp3").write_bytes(sound(3))
    (root / "calls" / "list.txt").write_text("who called")
    (root / "calls" / ".hidden.wav").write_bytes(sound(4))
    (root / "calls" / "empty.wav").touch()
    strange = Path(os.fsdecode(bytes(root / "calls") + b"/z\xe9.wav"))  # no letter in UTF-8
    strange.write_bytes(sound(5))
    batch = begin(client)

    assert client.post(f"{API}/{batch}/folder", json={"path": "calls"}).status_code == 200

    wait_until(lambda: counts(client, batch) == {"total": 5, "queued": 4, "failed": 1})
    assert [item["name"] for item in items(client, batch)] == [
        "calls/call 2.wav",
        "calls/call 10.wav",
        "calls/empty.wav",
        "calls/north/a.mp3",
        "calls/z\\xe9.wav",
    ]
    assert (root / "calls" / "call 2.wav").exists()


@pytest.mark.parametrize("path", ["..", "../outside", "/etc", "calls/../../outside", "link", "no such", "a\0b"])
def test_no_path_escapes_the_folder_of_the_server(importing: tuple[TestClient, Path], path: str) -> None:
    client, root = importing
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(sound())
    (root / "link").symlink_to(outside)

    answer = client.post(f"{API}/{begin(client)}/folder", json={"path": path})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "folder_not_allowed")


def test_a_link_to_a_file_outside_is_not_read_neither_now_nor_later(
    importing: tuple[TestClient, Path],
) -> None:
    from tests.waiting import wait_until

    client, root = importing
    secret = root.parent / "secret.wav"
    secret.write_bytes(sound())
    (root / "calls" / "a.wav").symlink_to(secret)
    batch = begin(client)
    answer = client.post(f"{API}/{batch}/folder", json={"path": "calls"})
    assert answer.json()["error"]["code"] == "folder_without_recordings"

    services: Services = client.app_state["services"]
    from app.services.batches.server_folder import Recording

    listed = Recording("a.wav", secret.stat().st_size, 0, root / "calls" / "a.wav")
    services.uploads.add_files(batch, [listed])  # as if the link had taken a file's place since
    wait_until(lambda: counts(client, batch) == {"total": 1, "failed": 1})
    assert items(client, batch)[0]["error"]["code"] == "file_unreadable"
