"""The main job on an object store: a recording in, the text out, played, loaded and deleted, with the built-in model."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx2
import pytest

from app.store.objects.bucket import Bucket
from app.store.objects.source import SIGNED_SECONDS
from tests.objects.program import server
from tests.program import API, ended, letters, upload
from tests.s3_server import KEYS
from tests.test_main_job import MODEL, golden_audio, golden_text
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(
    not (MODEL / "golden.json").is_file(), reason="needs the built-in model in models/builtin"
)


def test_a_recording_lives_in_the_store_from_its_upload_to_its_end(tmp_path: Path, bucket: Bucket, url: str) -> None:
    audio = golden_audio(tmp_path)
    content = audio.read_bytes()

    with server(tmp_path, url) as client:
        job = ended(client, upload(client, audio)["id"])
    shutil.rmtree(tmp_path / "data" / "copies")  # a server with another disk
    shutil.rmtree(tmp_path / "data" / "decoded")
    with server(tmp_path, url, files_presigned="true") as client:
        part = client.get(f"{API}/{job['id']}/audio", headers={"range": "bytes=1000-1099"})
        whole = client.get(f"{API}/{job['id']}/audio")
        head = client.head(f"{API}/{job['id']}/audio")
        sent_on = client.get(f"{API}/{job['id']}/audio", params={"download": "true"})
        loaded = httpx2.get(sent_on.headers["location"])
        peaks = client.get(f"{API}/{job['id']}/peaks").json()
        assert not (tmp_path / "data" / "copies" / job["id"] / "source.flac").exists()
        heard = client.get(f"{API}/{job['id']}/audio", params={"heard": "true"})
        log = client.get(f"{API}/{job['id']}/log").text
        client.delete(f"{API}/{job['id']}")
        client.delete("/api/v1/trash")
        wait_until(lambda: not list(bucket.below("")))

    assert letters(job["text_raw"]) == letters(golden_text())
    assert (part.status_code, part.content) == (206, content[1000:1100])
    assert part.headers["content-range"] == f"bytes 1000-1099/{len(content)}"
    assert (whole.content, whole.headers["content-type"]) == (content, "audio/flac")
    assert int(head.headers["content-length"]) == len(content)
    assert sent_on.status_code == 307
    assert loaded.content == content
    assert loaded.headers["content-disposition"] == "attachment; filename*=UTF-8''%E4%BC%9A%E8%AE%AE.flac"
    assert f"X-Amz-Expires={SIGNED_SECONDS}" in sent_on.headers["location"]
    assert peaks["peaks"]
    assert heard.content.startswith(b"RIFF")
    assert "segment_finished" in log
    written = (tmp_path / "logs" / "app.log").read_text()
    assert not [key for key in KEYS.values() if key in written and key != KEYS["AWS_REGION"]]
