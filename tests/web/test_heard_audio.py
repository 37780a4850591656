"""What a transcript's page plays is what was recognised: its clock is that of the words, whatever the container says."""

import io
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from starlette.testclient import TestClient

from app.engine import EngineSpec
from app.main import create_app
from app.settings import Settings
from tests.engine.sounds import babble, wav_bytes
from tests.waiting import wait_until
from tests.web.conftest import API

RATE = 16_000
SECONDS = 12
CONTAINERS = {
    "mp3 without its length": ["-f", "mp3", "-q:a", "8", "-write_xing", "0"],
    "webm of a recorder, without its length": ["-c:a", "libopus", "-f", "webm", "-live", "1"],
    "bare aac": ["-f", "adts"],
    "mpeg-ts": ["-c:a", "aac", "-f", "mpegts"],
    "ogg opus": ["-c:a", "libopus", "-f", "ogg"],
    "m4a": ["-c:a", "aac", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov"],
    "aiff": ["-f", "aiff"],
    "wma": ["-c:a", "wmav2", "-f", "asf"],
}


@pytest.fixture(name="client", scope="module")
def _client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application with a worker and an engine that echoes."""
    folder = tmp_path_factory.mktemp("worker")
    settings = Settings(data_dir=folder / "data", log_dir=folder / "logs")
    spec = EngineSpec(model_dir=folder, factory="tests.fakes:EchoEngine")
    with TestClient(create_app(settings, spec=spec), base_url="http://127.0.0.1") as client:
        client.headers["x-data"] = str(settings.data_dir)
        yield client


def staircase() -> npt.NDArray[np.int16]:
    """Second k is a tone of 300 + 100 k Hz."""
    times = np.arange(RATE) / RATE
    steps = [np.sin(2 * np.pi * (300 + 100 * second) * times) * 0.5 for second in range(SECONDS)]
    return (np.concatenate(steps) * 32_767).astype(np.int16)


def encoded(folder: Path, arguments: list[str]) -> bytes:
    (folder / "staircase.wav").write_bytes(wav_bytes(staircase()))
    command = ["ffmpeg", "-v", "error", "-i", str(folder / "staircase.wav"), *arguments, str(folder / "encoded")]
    subprocess.run(command, check=True)
    return (folder / "encoded").read_bytes()


def transcribe(client: TestClient, sound: bytes, **form: str) -> str:
    path = str(client.post(API, files={"file": ("sound", sound)}, data=form).headers["location"])
    wait_until(lambda: client.get(path).json()["state"] not in {"queued", "running"})
    return path


def played(client: TestClient, path: str) -> npt.NDArray[np.int16]:
    """Return the samples as a browser gets them: (num_samples, channels)."""
    answer = client.get(f"{path}/audio?heard=true")
    assert answer.headers["content-type"] == "audio/wav", answer.text
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_second_plays_its_own_sound_in_every_container(
    client: TestClient, tmp_path: Path, container: str
) -> None:
    path = transcribe(client, encoded(tmp_path, CONTAINERS[container]))
    job = client.get(path).json()
    assert job["duration"] == pytest.approx(SECONDS, abs=0.15)

    sound = played(client, path)[:, 0]

    assert len(sound) / RATE == pytest.approx(job["duration"], abs=0.001)
    for second in range(SECONDS):
        middle = sound[int((second + 0.25) * RATE) : int((second + 0.75) * RATE)]
        assert np.abs(np.fft.rfft(middle)).argmax() * 2 == pytest.approx(300 + 100 * second, abs=4)


def test_a_part_is_sent_to_the_byte_also_of_two_channels(client: TestClient) -> None:
    sides = np.stack([babble(1.5), np.roll(babble(1.5), 4000) * 0.5])
    path = transcribe(client, wav_bytes((sides * 32_767).astype(np.int16)), channels="separate")
    whole = client.get(f"{path}/audio?heard=true").content

    sound = played(client, path)
    assert sound.shape[1] == 2
    assert np.abs(sound[:, 0]).max() > 1.5 * np.abs(sound[:, 1]).max()
    for first, last in ((0, 43), (40, 51), (45, 46), (47, 1001), (5000, 5002)):
        answer = client.get(f"{path}/audio?heard=true", headers={"range": f"bytes={first}-{last}"})
        assert (answer.status_code, answer.content) == (206, whole[first : last + 1])


def test_samples_that_are_not_kept_any_more_are_decoded_again(client: TestClient) -> None:
    path = transcribe(client, wav_bytes((babble(2.0) * 32_767).astype(np.int16)))
    kept = Path(client.headers["x-data"]) / "decoded" / path.rpartition("/")[2]
    before = played(client, path)
    [file] = kept.iterdir()
    file.unlink()
    kept.rmdir()

    assert np.array_equal(played(client, path), before)
    assert kept.is_dir()


def test_the_samples_go_with_their_transcription(client: TestClient) -> None:
    path = transcribe(client, wav_bytes((babble(1.0) * 32_767).astype(np.int16)))
    id = path.rpartition("/")[2]
    kept = Path(client.headers["x-data"]) / "decoded" / id
    assert kept.is_dir()

    client.delete(path)
    client.delete(f"/api/v1/trash/{id}")

    wait_until(lambda: not kept.exists())


def test_what_has_not_been_read_is_not_played_as_if_it_had(client: TestClient) -> None:
    path = transcribe(client, b"no sound at all")

    assert client.get(f"{path}/audio?heard=true").status_code == 409
    assert client.get(f"{path}/audio").content == b"no sound at all"
