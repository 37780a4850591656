"""`python -m app watch`, in a real child process with the built-in model."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from app.paths import builtin_model_dir
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.warm import WarmPopen, run, start_module

MODEL = builtin_model_dir()


@pytest.fixture(name="speech", scope="module")
def _speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few words as a WAV file."""
    if not (MODEL / "golden.json").is_file():
        pytest.skip("needs the built-in model in models/builtin")
    described = json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))
    target = tmp_path_factory.mktemp("speech") / "speech.wav"
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(str(MODEL / described["audio"])) as source, wave.open(str(target), "wb") as sink:
        sink.setparams((1, 2, 16_000, 0, "NONE", ""))
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                sink.writeframes(piece.to_ndarray().astype("<i2").tobytes())
    return target


@dataclass
class Watched:
    """A folder that is watched, and where the texts go."""

    home: Path
    settle_seconds: float = 0.4

    def __post_init__(self) -> None:
        (self.folder).mkdir()

    @property
    def folder(self) -> Path:
        return self.home / "calls"

    @property
    def output(self) -> Path:
        return self.home / "texts"

    def words(self, *more: str) -> list[str]:
        options = {"--output": self.output, "--data-dir": self.home / "data", "--log-dir": self.home / "logs"}
        given = [str(each) for pair in options.items() for each in pair]
        way = ["--format", "txt,srt", "--settle", str(self.settle_seconds), "--device", "cpu"]
        return ["watch", str(self.folder), *given, *way, *more]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        return run(*self.words(*more))

    @contextmanager
    def running(self) -> Iterator[WarmPopen]:
        with start_module("app", *self.words()) as process:
            try:
                yield process
            finally:
                process.kill()

    def until(self, condition: Callable[[], bool]) -> None:
        wait_until(condition, lambda: self.log()[-3000:])

    def log(self) -> str:
        path = self.home / "logs" / "app.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def written(self) -> list[str]:
        return sorted(str(path.relative_to(self.output)) for path in self.output.rglob("*") if path.is_file())


@pytest.fixture(name="watched")
def _watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def copy(speech: Path, target: Path, pause_ms: int = 0) -> None:
    """Write the same words after so much more silence: another content."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(speech)) as source, wave.open(str(target), "wb") as sink:
        sink.setparams(source.getparams())
        sink.writeframes(bytes(2 * source.getframerate() * pause_ms // 1000))
        sink.writeframes(source.readframes(source.getnframes()))


def test_recordings_become_texts_and_a_bad_file_has_its_reason_beside_it(watched: Watched, speech: Path) -> None:
    copy(speech, watched.folder / "north" / "会议 1.wav")
    copy(speech, watched.folder / "copy.wav")
    (watched.folder / "bad.mp3").write_bytes(b"not a song, only its words\n" * 50)
    (watched.folder / "notes.txt").write_text("who called")

    result = watched.run("--once")

    assert result.returncode == 1, result.stderr
    assert watched.written() == [
        "bad.mp3.error.txt",
        "copy.wav.srt",
        "copy.wav.txt",
        "north/会议 1.wav.srt",
        "north/会议 1.wav.txt",
    ]
    text = (watched.output / "copy.wav.txt").read_text(encoding="utf-8")
    assert text
    assert (watched.output / "north" / "会议 1.wav.txt").read_text(encoding="utf-8") == text
    assert "[not_audio]" in (watched.output / "bad.mp3.error.txt").read_text(encoding="utf-8")
    assert "bad.mp3: " in result.stderr
    assert (watched.folder / "bad.mp3").exists()

    ages = {name: (watched.output / name).stat().st_mtime_ns for name in watched.written()}
    (watched.folder / "bad.mp3").unlink()
    copy(speech, watched.folder / "bad.mp3", pause_ms=100)
    again = watched.run("--once")
    assert again.returncode == 0, again.stderr
    assert "bad.mp3.txt" in watched.written()
    assert "bad.mp3.error.txt" not in watched.written()
    assert all((watched.output / name).stat().st_mtime_ns == age for name, age in ages.items() if "bad" not in name)


def test_a_kill_loses_no_recording_and_repeats_none(watched: Watched, speech: Path) -> None:
    names = [f"call {number}.wav" for number in range(6)]
    for number, name in enumerate(names):
        copy(speech, watched.folder / name, pause_ms=50 * number)
    with watched.running() as process:
        watched.until(lambda: len(watched.written()) >= 2)
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert watched.run("--once").returncode == 0

    assert watched.written() == sorted(f"{name}.{ending}" for name in names for ending in ("txt", "srt"))
    assert len(list((watched.home / "data" / "transcriptions").iterdir())) == len(names)
    finished = re.findall(r" job=(\S+) \S+ segment_finished (index=\d+)", watched.log())
    assert len(finished) == len(set(finished))


def test_a_file_is_left_alone_until_it_is_complete(watched: Watched, speech: Path) -> None:
    watched.settle_seconds = 2.0  # longer than a busy machine lets the writing rest
    copy(speech, watched.home / "whole.wav")
    data = (watched.home / "whole.wav").read_bytes()
    with watched.running() as process, (watched.folder / "slow.wav").open("wb", buffering=0) as file:
        copy(speech, watched.folder / "other.wav", pause_ms=100)

        def is_other_written_while_this_one_grows() -> bool:
            file.write(data[file.tell() : file.tell() + 100])
            return "other.wav.txt" in watched.written()

        watched.until(is_other_written_while_this_one_grows)
        assert watched.log().count(" job_submitted ") == 1
        file.write(data[file.tell() :])
        watched.until(lambda: "slow.wav.txt" in watched.written())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0

    assert watched.log().count(" job_submitted ") == 2
    recordings = (watched.home / "data" / "transcriptions").glob("*/source.wav")
    assert data in [recording.read_bytes() for recording in recordings]


def test_a_folder_is_watched_once_and_must_be_there(watched: Watched, speech: Path) -> None:
    with watched.running():
        watched.until(lambda: "worker_started" in watched.log() and any(watched.home.glob("data/watch-*.lock")))
        second = watched.run("--once")
    assert (second.returncode, "[folder_watched]" in second.stderr) == (1, True), second.stderr

    watched.folder.rmdir()
    missing = watched.run("--once")
    assert (missing.returncode, "[file_unreadable]" in missing.stderr) == (1, True)
