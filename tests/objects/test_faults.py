"""Nothing that was acknowledged is lost, and every job ends: servers are killed, and the store goes away while they work."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from app.domain.states import JobState
from app.engine.preparation.pool import PreparationPool
from app.services.transcriptions.job_queue import Queue
from app.store.objects.bucket import Bucket
from tests.program import API
from tests.s3_server import Line
from tests.services.conftest import House, talk
from tests.waiting import PATIENCE_SECONDS
from tests.warm import start_module
from tests.web.conftest import http_client

KILLS = 4


@pytest.fixture(name="house")
def _house(queue: Queue, tmp_path: Path, pool: PreparationPool) -> House:
    return House(tmp_path, queue.database, queue.files, queue, pool)


def test_a_job_waits_for_the_store_and_goes_on(house: House, line: Line) -> None:
    job = house.submit(talk(0.3, 0.4))
    shutil.rmtree(house.files.folder(job.id))  # this server has no copy
    line.cut()
    with house.working("EchoEngine"):
        house.until(lambda: house.queue.get(job.id).state is JobState.RUNNING)
        time.sleep(2)  # in which it tries
        assert house.queue.get(job.id).state is JobState.RUNNING
        line.mend()
        ended = house.end_of(job.id)

    assert ended.state is JobState.SUCCEEDED, ended.error
    assert ended.text == "Level 3. Level 4."
    assert house.queue.peaks(job.id)


def test_a_store_that_goes_away_between_two_steps_costs_no_segment(house: House, line: Line) -> None:
    jobs = [house.submit(talk(0.3)) for _ in range(3)]
    stopping = False

    def disturb() -> None:
        while not stopping:
            line.cut()
            time.sleep(0.3)
            line.mend()
            time.sleep(0.3)

    trouble = Thread(target=disturb)
    trouble.start()
    try:
        with house.working("EchoEngine"):
            ended = [house.end_of(job.id) for job in jobs]
    finally:
        stopping = True
        trouble.join()

    assert [job.state for job in ended] == [JobState.SUCCEEDED] * 3
    assert [len(house.queue.segments(job.id)) for job in ended] == [1, 1, 1]


def test_servers_that_are_killed_lose_no_acknowledged_upload(
    tmp_path: Path, queue: Queue, bucket: Bucket, url: str
) -> None:
    chance = random.Random(19)
    acknowledged: dict[str, str] = {}
    variables = os.environ | {"FUNASR_FILES_URL": url}
    for _ in range(KILLS):
        folders = ("--data-dir", tmp_path, "--log-dir", tmp_path / "logs")
        with start_module("app", "serve", "--no-worker", "--port", "0", *folders, variables=variables) as process:
            address = next(line.split()[2] for line in process.stdout if "http://" in line)
            sender = Thread(target=send, args=[address, acknowledged, chance.randrange(1 << 30)])
            sender.start()
            known = len(acknowledged)
            deadline = time.monotonic() + 20
            while len(acknowledged) < known + 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(chance.random() * 0.2)
            process.kill()
            process.wait(timeout=PATIENCE_SECONDS)
            sender.join()

    rows = {job.id for job in queue.search(limit=1000).items}
    assert len(acknowledged) >= 3 * KILLS
    assert acknowledged.keys() <= rows
    shutil.rmtree(tmp_path / "copies")
    for id in rows:  # also those whose answer was lost
        content = bucket.read(f"transcriptions/{id}/source.wav")
        assert acknowledged.get(id, sha256(content)) == sha256(content) == queue.get(id).sha256


def send(address: str, acknowledged: dict[str, str], seed: int) -> None:
    """Send recordings one after the other until the server is gone; note those that it acknowledges."""
    contents = random_contents(seed)
    with suppress(httpx2.TransportError), http_client(address) as client:
        while True:
            content = next(contents)
            answer = client.post(API, files={"file": ("talk.wav", content)})
            if answer.status_code == 201:
                acknowledged[answer.json()["id"]] = sha256(content)


def random_contents(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    while True:
        yield chance.randbytes(chance.randrange(1, 300_000))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
