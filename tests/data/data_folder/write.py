"""Fills the data folder of a running server with one of everything, and stores the server's responses.

    git checkout VERSION
    FUNASR_IMPORT_ROOT=/tmp/import python -m app serve --data-dir /tmp/kept/data --log-dir /tmp/kept/logs --port 7999
    python write.py http://127.0.0.1:7999 /tmp/kept
    (stop the server)
    cd /tmp/kept; zip -r folder.zip answers.json data

`folder.zip` beside this file was made by version 0.2.0 as of commit 66ddd5b; tests/web/test_older_folder.py opens it.
"""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import websockets

REPOSITORY = Path(__file__).resolve().parents[3]
GOLDEN = REPOSITORY / "models" / "builtin-large" / "golden.flac"
FINAL = {"succeeded", "failed", "cancelled"}
ASKED = (  # what the server is asked at the end
    "/transcriptions?limit=50",
    "/trash",
    "/batches",
    "/hotword-lists",
    "/comparisons",
)


def main() -> None:
    address, folder = sys.argv[1], Path(sys.argv[2])
    client = httpx2.Client(base_url=f"{address}/api/v1", timeout=60)
    first = upload(client, "周会 1.ogg", language="zh", hotwords="转写 Conformer:30\niPhone 15", itn="true")
    second = upload(client, "call.ogg", language="en", quality="fast")
    broken = upload(client, "broken.mp3", content=b"this is no sound" * 100)
    gone = upload(client, "gone.flac")
    for id in (first, second, broken, gone):
        wait_for(client, id)
    correct(client, first, "这是改过的一句。")
    checked(client.patch(f"/transcriptions/{second}", json={"name": "客户来电"}))
    checked(client.delete(f"/transcriptions/{gone}"))
    checked(client.post("/hotword-lists", json={"name": "产品", "words": "小度 20\n阿里云"}))
    batch_of_two(client)
    checked(client.patch("/settings", json={"values": {"min_silence_ms": 650}}))
    checked(client.post(f"/vad/transcriptions/{first}"))
    asyncio.run(speak(address.replace("http", "ws")))
    store_answers(client, folder)


def upload(client: httpx2.Client, name: str, content: bytes | None = None, **options: str) -> str:
    content = recording() if content is None else content
    id: str = checked(client.post("/transcriptions", files={"file": (name, content)}, data=options))["id"]
    return id


def recording() -> bytes:
    """Return two seconds of speech as Ogg Opus."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(GOLDEN),
        "-t",
        "2",
        "-b:a",
        "16k",
        "-f",
        "ogg",
        "-c:a",
        "libopus",
        "-",
    ]
    return subprocess.run(command, capture_output=True, check=True).stdout


def wait_for(client: httpx2.Client, id: str) -> None:
    while checked(client.get(f"/transcriptions/{id}"))["state"] not in FINAL:
        time.sleep(0.5)


def correct(client: httpx2.Client, id: str, text: str) -> None:
    edits = checked(client.get(f"/transcriptions/{id}/edits"))
    [segment, *_] = checked(client.get(f"/transcriptions/{id}"))["segments"]
    piece = {"text": text, "start": segment["start"], "end": segment["end"]}
    change = {"first": segment["index"], "last": segment["index"], "pieces": [piece]}
    checked(client.patch(f"/transcriptions/{id}/edits", json={"revision": edits["revision"], "changes": [change]}))


def batch_of_two(client: httpx2.Client) -> None:
    batch = checked(client.post("/batches", json={"name": "客服 11 月", "options": {"hotwords": ["退款"]}}))["id"]
    for name, content in (("calls/a.ogg", recording()), ("calls/b.txt.wav", b"RIFF" + b"\0" * 200)):
        wanted = {"name": name, "path": name, "size_bytes": len(content), "modified_ms": 1_790_000_000_000}
        one = checked(client.post(f"/batches/{batch}/uploads", json=wanted))
        headers = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
        checked(client.patch(f"/uploads/{one['id']}", content=content, headers=headers))
    while checked(client.get(f"/batches/{batch}"))["state"] not in ("finished", "done", "cancelled"):
        time.sleep(0.5)


async def speak(address: str) -> None:
    """Send four seconds of silence and noise as a live session, and end it."""
    async with websockets.connect(f"{address}/api/v1/live") as socket:
        await socket.send(json.dumps({"type": "audio-start", "session": None, "token": None}))
        for number in range(10):
            await socket.send(struct.pack("<I", number) + bytes(3200))
        await socket.send(json.dumps({"type": "audio-stop", "chunks": 10}))
        async for message in socket:
            if json.loads(message)["type"] in ("ended", "audio-stopped", "end"):
                break


def store_answers(client: httpx2.Client, folder: Path) -> None:
    answers: dict[str, Any] = {path: checked(client.get(path)) for path in ASKED}
    for item in answers["/transcriptions?limit=50"]["items"]:
        for path in (f"/transcriptions/{item['id']}", f"/transcriptions/{item['id']}/edits"):
            answers[path] = checked(client.get(path))
        if item["state"] == "succeeded":
            path = f"/transcriptions/{item['id']}/export?format=srt"
            answers[path] = client.get(path).text
    for batch in answers["/batches"]["items"]:
        answers[f"/batches/{batch['id']}/items"] = checked(client.get(f"/batches/{batch['id']}/items"))
    (folder / "answers.json").write_text(json.dumps(answers, ensure_ascii=False, indent=1), "utf-8")


def checked(response: httpx2.Response) -> Any:
    assert response.is_success, (response.url, response.text)
    return response.json() if response.content else None


if __name__ == "__main__":
    main()
