"""Sends broken recordings of every kind through a batch of the real server, and counts what went wrong.

python -m benchmarks.hostile_files [--files 1000] [--seed 1]

Nothing may crash, nothing may stay behind, each file ends with a text or with a reason. Exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.hostile import Bases, Hostile, hostile_files

API = "/api/v1"
WAIT_SECONDS = 2.0
ENDED = ("succeeded", "failed", "duplicate", "cancelled")


def main() -> int:
    options = _arguments()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "notes").mkdir()
        settings = Settings(data_dir=folder / "data", log_dir=folder / "logs", max_upload_mb=64)
        spec = EngineSpec(model_dir=folder / "notes", factory="tests.fakes:EchoEngine")
        with TestClient(create_app(settings, spec=spec), base_url="http://127.0.0.1") as client:
            batch = client.post(f"{API}/batches", json={"name": "hostile"}).json()["id"]
            told = []
            for each in hostile_files(Bases(folder), options.files, options.seed):
                told.append(each.how)
                _send(client, batch, each)
            items = _ended_items(client, batch, options.files)
            wrong = list(_wrong(items, told, settings.data_dir))
    print(Counter(item["error"]["code"] if item["error"] else item["state"] for item in items))
    print("\n".join(wrong) or "nothing crashed, nothing was left behind")
    return int(bool(wrong))


def _send(client: TestClient, batch: str, hostile: Hostile) -> None:
    announced = {"name": hostile.name, "size_bytes": len(hostile.content)}
    upload = client.post(f"{API}/batches/{batch}/uploads", json=announced).raise_for_status().json()
    headers = {"upload-offset": str(upload["offset"]), "content-type": "application/octet-stream"}
    client.patch(f"{API}/uploads/{quote(upload['id'])}", content=hostile.content, headers=headers).raise_for_status()


def _ended_items(client: TestClient, batch: str, count: int) -> list[dict[str, Any]]:
    while True:
        items: list[dict[str, Any]] = []
        for offset in range(0, count, 500):
            items += client.get(f"{API}/batches/{batch}/items?limit=500&offset={offset}").json()["items"]
        if all(item["state"] in ENDED for item in items):
            return items
        time.sleep(WAIT_SECONDS)


def _wrong(items: list[dict[str, Any]], told: list[str], data_dir: Path) -> list[str]:
    codes = ("decoding_crashed", "internal_error", "inference_crashed", "decoding_time_limit")
    wrong = [
        f"{item['error']['code']}: {told[item['position']]}"
        for item in items
        if item["error"] and item["error"]["code"] in codes
    ]
    wrong += [f"left behind: {path}" for name in ("incoming", "uploads", "tmp") for path in (data_dir / name).glob("*")]
    largest = max((child.memory_info().rss for child in psutil.Process().children(recursive=True)), default=0)
    print(f"largest child: {largest >> 20} MB")
    return wrong


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
