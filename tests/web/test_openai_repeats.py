"""A program that gives up and asks again gets the job that is there, and whoever waits long is not forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import openai
import pytest

from tests.conftest import data_folder
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web.conftest import http_client
from tests.web.speaking_server import SPEECH, TEXT, SpeakingServer, speaking, talk

CLIENT = """
import sys, openai
with openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="k") as client:
    print(client.audio.transcriptions.create(file=open(sys.argv[2], "rb"), model="whisper-1").text)
"""


@contextmanager
def waiting(folder: Path, empty: Path, pace: float | None = None, **settings: str) -> Iterator[SpeakingServer]:
    """A server whose engine finishes nothing before `let_go`."""
    with speaking(data_folder(folder, empty), "WaitingEngine", pace, **settings) as server:
        yield server
        server.let_go()


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[SpeakingServer]:
    with speaking(data_folder(tmp_path_factory.mktemp("openai"), empty)) as server:
        yield server


class Asking(threading.Thread):
    """A request that is under way."""

    def __init__(self, server: SpeakingServer, file: bytes, **fields: str) -> None:
        super().__init__()
        self._server = server
        self._file = file
        self._fields = fields
        self.answer: httpx2.Response | None = None
        self.start()

    def run(self) -> None:
        with suppress(httpx2.TransportError):  # of a server that is killed
            self.answer = self._server.post(("file", ("a.wav", self._file)), **self._fields)

    def done(self) -> httpx2.Response:
        self.join(PATIENCE_SECONDS)
        assert self.answer is not None
        return self.answer


def receipt(answer: httpx2.Response) -> dict[str, object]:
    return dict(json.loads(answer.headers["x-funasr-receipt"]))


def test_a_client_killed_half_way_finds_its_text_when_it_asks_again(tmp_path: Path, empty: Path) -> None:
    sound = tmp_path / "talk.wav"
    sound.write_bytes(talk())
    with waiting(tmp_path / "data", empty) as server:
        command = [sys.executable, "-c", CLIENT, server.address, str(sound)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
            wait_until(server.has_begun)
            first.kill()
        wait_until(lambda: "client_went_away" in server.log())
        server.let_go()
        wait_until(lambda: server.history()[0]["state"] == "succeeded")

        again = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)

        assert again.stdout.strip() == TEXT
        assert len(server.history()) == 1


def test_ten_minutes_are_read_once_for_a_client_that_is_killed_and_asks_again(tmp_path: Path, empty: Path) -> None:
    levels = [0.2, 0.4, 0.6] * 25  # 8 s each, with the pause behind it
    sound = tmp_path / "talk.wav"
    sound.write_bytes(talk(*levels, seconds=6.8))
    with speaking(data_folder(tmp_path / "data", empty), "SlowEngine") as server:
        command = [sys.executable, "-c", CLIENT, server.address, str(sound)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
            wait_until(lambda: any(job["progress"]["segments_done"] > 5 for job in server.history()))
            first.kill()
        again, once_more = (
            subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
            for _ in range(2)
        )
        [job] = server.history()

        assert again.stdout == once_more.stdout
        assert again.stdout.split() == [word for level in levels for word in ("Level", f"{level * 10:.0f}.")]
        assert job["duration"] == pytest.approx(600, abs=1)
        assert server.log().count("segment_finished") == len(levels)


def test_a_client_that_gives_up_by_itself_makes_no_further_job(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty) as server:
        with openai.OpenAI(base_url=f"{server.address}/v1", api_key="k", timeout=1.0, max_retries=2) as client:
            with pytest.raises(openai.APITimeoutError):
                client.audio.transcriptions.create(file=talk(), model="whisper-1")
            server.let_go()
            text = (
                client.with_options(timeout=PATIENCE_SECONDS)
                .audio.transcriptions.create(file=talk(), model="whisper-1")
                .text
            )

        assert (text, len(server.history())) == (TEXT, 1)


def test_the_same_request_at_the_same_time_is_one_job(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty) as server:
        asking = [Asking(server, talk()) for _ in range(4)]
        other = Asking(server, talk(), language="zh")
        wait_until(lambda: server.log().count("repeat_attached") == 3)
        server.let_go()

        assert {each.done().json()["text"] for each in (*asking, other)} == {TEXT}
        assert len({receipt(each.done())["transcription"] for each in asking}) == 1
        assert len(server.history()) == 2


def test_a_text_of_the_history_answers_at_once_until_it_is_deleted(server: SpeakingServer) -> None:
    first, second = server.post(), server.post()
    with http_client(server.address) as client:
        client.delete(f"/api/v1/transcriptions/{receipt(first)['transcription']}")
    third = server.post()

    assert (receipt(first)["repeat"], receipt(second)["repeat"], receipt(third)["repeat"]) == (False, True, False)
    assert receipt(first)["transcription"] == receipt(second)["transcription"] != receipt(third)["transcription"]
    assert third.json() == first.json()


def test_a_recording_from_a_page_is_not_taken_for_a_repeat(server: SpeakingServer) -> None:
    with http_client(server.address) as client:
        client.post("/api/v1/transcriptions", files={"file": ("a.wav", talk(0.3))})

    assert receipt(server.post(("file", ("a.wav", talk(0.3)))))["repeat"] is False


def test_an_idempotency_key_belongs_to_one_request(server: SpeakingServer) -> None:
    def ask(file: bytes, key: str, **fields: str) -> httpx2.Response:
        with server.client() as client:
            headers = {"idempotency-key": key}
            return client.post(SPEECH, files={"file": ("a.wav", file)}, data=fields, headers=headers)

    first, repeat = ask(talk(0.5), "one"), ask(talk(0.5), "one")
    other_file, other_options = ask(talk(0.6), "one"), ask(talk(0.5), "one", language="zh")

    assert receipt(first)["transcription"] == receipt(repeat)["transcription"]
    assert (other_file.status_code, other_options.status_code) == (422, 422)
    assert other_file.json()["error"]["code"] == "idempotency_key_reused"
    assert ask(talk(0.6), "two").status_code == 200


def test_who_cannot_wait_gets_an_address(server: SpeakingServer) -> None:
    with server.client() as client:
        file = {"file": ("a.wav", talk(0.7))}
        answer = client.post(SPEECH, files=file, headers={"prefer": "wait=5, respond-async"})
        wait_until(lambda: client.get(answer.headers["location"]).json()["state"] == "succeeded")

        assert answer.status_code == 202
        assert client.get(answer.headers["location"]).json()["text"] == "Level 7."


def test_spaces_keep_a_long_request_alive(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty, pace=0.2) as server:
        timer = threading.Timer(10.0, server.let_go)
        timer.start()
        with openai.OpenAI(base_url=f"{server.address}/v1", api_key="k", timeout=6.0, max_retries=0) as client:
            answer = client.audio.transcriptions.with_raw_response.create(file=talk(), model="whisper-1")

        assert answer.text.startswith("     ")
        assert answer.parse().text == TEXT
        assert json.loads(answer.headers["x-funasr-receipt"])["transcription"] == server.history()[0]["id"]


def test_a_failure_behind_spaces_ends_in_a_broken_connection(tmp_path: Path, empty: Path) -> None:
    with speaking(data_folder(tmp_path, empty), "FailingEngine", 0.05) as server:
        loud = ("file", ("a.wav", talk(1.0)))
        with pytest.raises(httpx2.RemoteProtocolError):
            server.post(loud)
        wait_until(lambda: server.history()[0]["state"] == "failed")

        assert "late_answer_failed" in server.log()
        assert "Traceback" not in server.log().partition("late_answer_failed")[2]


def test_a_failed_job_is_not_the_fault_of_its_sender_and_not_repeated(tmp_path: Path, empty: Path) -> None:
    with speaking(data_folder(tmp_path, empty), "FailingEngine") as server:
        with (
            openai.OpenAI(base_url=f"{server.address}/v1", api_key="k") as client,
            pytest.raises(openai.InternalServerError) as failed,
        ):
            client.audio.transcriptions.create(file=talk(1.0), model="whisper-1")

        assert (failed.value.code, failed.value.type) == ("segments_failed", "server_error")
        assert len(server.history()) == 1


def test_comments_keep_a_stream_alive(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty, pace=0.2) as server, server.client() as client:
        timer = threading.Timer(2.0, server.let_go)
        timer.start()
        fields = {"stream": "true"}
        with client.stream("POST", SPEECH, files={"file": ("a.wav", talk())}, data=fields) as answer:
            lines = list(answer.iter_lines())

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert lines.count(": keep-alive") > 2
    told = [line for line in lines if line.startswith("data: ")]
    assert json.loads(told[-1].removeprefix("data: "))["text"] == TEXT


def test_what_is_not_to_be_kept_is_gone_with_its_files(server: SpeakingServer) -> None:
    before = {job["id"] for job in server.history()}
    answers = [server.post(("file", ("a.wav", talk(0.8))), store="false") for _ in range(2)]
    ids = [str(receipt(answer)["transcription"]) for answer in answers]

    assert [answer.json()["text"] for answer in answers] == ["Level 8.", "Level 8."]
    wait_until(lambda: not any((server.data_dir / "transcriptions" / id).exists() for id in ids))
    assert {job["id"] for job in server.history()} == before
    with http_client(server.address) as client:
        assert not {item["id"] for item in client.get("/api/v1/trash").json()["items"]} & set(ids)


def test_what_is_not_to_be_kept_is_gone_also_when_its_client_is(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty) as server:
        with server.client() as client, pytest.raises(httpx2.ReadTimeout):
            client.post(SPEECH, files={"file": ("a.wav", talk())}, data={"store": "false"}, timeout=2)
        wait_until(lambda: "client_went_away" in server.log())
        assert len(server.history()) == 1
        server.let_go()

        wait_until(lambda: server.history() == [])
        wait_until(lambda: list((tmp_path / "transcriptions").iterdir()) == [])


def test_a_full_queue_says_when_to_come_again_and_lets_repeats_in(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty, client_queue="1", concurrent_jobs="1") as server:
        running = Asking(server, talk(0.2))
        wait_until(server.has_begun)
        queued = Asking(server, talk(0.3))
        wait_until(lambda: len(server.history()) == 2)

        refused = server.post(("file", ("a.wav", talk(0.4))))
        repeat = Asking(server, talk(0.3))
        wait_until(lambda: "repeat_attached" in server.log())
        server.let_go()

        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert {each.done().status_code for each in (running, queued, repeat)} == {200}
        assert len(server.history()) == 2


def test_a_cancelled_job_is_told_and_not_repeated(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty, concurrent_jobs="1") as server:
        Asking(server, talk(0.2))
        wait_until(server.has_begun)
        second = Asking(server, talk(0.3))
        wait_until(lambda: len(server.history()) == 2)
        with http_client(server.address) as client:
            client.post(f"/api/v1/transcriptions/{server.history()[0]['id']}/cancel")

        assert (second.done().status_code, second.done().headers["x-should-retry"]) == (409, "false")
        assert second.done().json()["error"]["code"] == "transcription_cancelled"


def test_a_server_that_was_killed_goes_on_for_the_client_that_asks_again(tmp_path: Path, empty: Path) -> None:
    with waiting(tmp_path, empty) as server:
        asking = Asking(server, talk())
        wait_until(server.has_begun)
        server.process.kill()
        asking.join()
    with speaking(tmp_path) as server:
        assert server.post().json()["text"] == TEXT
        assert len(server.history()) == 1


@pytest.mark.parametrize("stream", ["false", "true"])
def test_a_server_that_stops_says_so_and_goes_on_later(tmp_path: Path, empty: Path, stream: str) -> None:
    with waiting(tmp_path, empty) as server:
        asking = Asking(server, talk(), stream=stream)
        wait_until(server.has_begun)
        server.process.terminate()
        answer = asking.done()
        code = answer.text if stream == "true" else answer.json()["error"]["code"]
        server.process.wait(timeout=PATIENCE_SECONDS)

        assert "server_stopping" in code
        assert answer.status_code == (200 if stream == "true" else 503)
        assert "Traceback" not in server.log()
    with speaking(tmp_path) as server:
        assert server.post().json()["text"] == TEXT
        assert len(server.history()) == 1
