"""`python -m app transcribe`, in a real child process with the built-in model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.cli.main import build_parser, read_settings
from app.cli.transcribe import output_names
from app.composition import vad_options
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.paths import builtin_model_dir
from tests.conftest import REPOSITORY
from tests.engine.sounds import wav_bytes
from tests.waiting import PATIENCE_SECONDS
from tests.warm import run

MODEL = builtin_model_dir()


@pytest.fixture(name="golden", scope="module")
def _golden() -> tuple[Path, str]:
    if not (MODEL / "golden.json").is_file():
        pytest.skip("needs the built-in model in models/builtin")
    described = json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))
    return MODEL / described["audio"], described["text"]


def letters(text: str) -> str:
    return "".join(text.split())


@pytest.mark.smoke
def test_a_recording_is_read_to_the_terminal(golden: tuple[Path, str]) -> None:
    audio, text = golden

    result = run("transcribe", audio, "--no-itn", "--no-punctuation")

    assert result.returncode == 0, result.stderr
    assert letters(result.stdout) == letters(text)


def test_rules_of_replacement_change_what_is_written(golden: tuple[Path, str]) -> None:
    audio, text = golden
    first = text.strip()[:2]

    result = run("transcribe", audio, "--no-itn", "--replacements", f"{first} => REPLACED", "--remove-fillers")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("REPLACED")


def test_one_bad_file_is_told_and_never_stops_the_others(golden: tuple[Path, str], tmp_path: Path) -> None:
    audio, text = golden
    fake = tmp_path / "notes.mp3"
    fake.write_text("these are notes, not sound")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(audio, tmp_path / folder / "会议 (1).flac")
    files = [fake, tmp_path / "missing.wav", tmp_path / "a/会议 (1).flac", tmp_path / "b/会议 (1).flac"]

    result = run("transcribe", *files, "--format", "json,srt", "--no-itn", "--output", tmp_path / "texts")

    assert result.returncode == 1
    assert "[not_audio]" in result.stderr
    assert "[file_unreadable]" in result.stderr
    written = sorted(path.name for path in (tmp_path / "texts").iterdir())
    assert written == [
        "会议 (1).flac.2.json",
        "会议 (1).flac.2.srt",
        "会议 (1).flac.json",
        "会议 (1).flac.srt",
    ]
    content = json.loads((tmp_path / "texts/会议 (1).flac.json").read_text(encoding="utf-8"))
    assert letters(content["text_raw"]) == letters(text)
    assert content["segments"][0]["start"] < content["segments"][0]["end"] <= content["duration"] + 0.01
    segment = content["segments"][0]
    assert segment["start"] <= segment["words"][0]["start"] < segment["words"][-1]["end"] <= segment["end"]
    assert {"text", "confidence", "language", "model", "device", "receipt"} <= content.keys()


def test_twenty_seconds_of_digital_silence_give_no_text_and_say_so(golden: tuple[Path, str], tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    write_silence(silence, seconds=20)

    result = run("transcribe", silence, "--format", "json")

    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["text"] == ""
    assert content["language"] == "none"
    assert "No speech was found in the recording." in content["warnings"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--format", "pdf"), "unknown_format"),
        (("--language", "xx"), "unknown_language"),
        (("--model", "no-such-folder"), "model_folder_missing"),
        (("--device", "cuda:7"), "device_unavailable"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(arguments: tuple[str, str], code: str, tmp_path: Path) -> None:
    result = run("transcribe", tmp_path / "any.wav", *arguments)

    assert result.returncode == 1
    assert f"[{code}]" in result.stderr
    assert "->" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_usage_is_exit_code_2() -> None:
    assert run("transcribe").returncode == 2
    assert run("serve", "--port", "99999999").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "applied"),
    [
        (("--vad-mode", "3"), "webrtcvad, mode 3"),
        (("--vad-threshold", "0.4", "--vad-mode", "3"), "Silero, threshold 0.4"),
        (("--vad-detector", "webrtcvad", "--vad-threshold", "0.4"), "webrtcvad, mode 2"),
        ((), "Silero, threshold 0.7"),
    ],
)
def test_an_option_of_a_detector_means_that_detector(arguments: tuple[str, ...], applied: str) -> None:
    options = build_parser().parse_args(["transcribe", "a.wav", *arguments])

    assert vad_options(read_settings(options)).summary.startswith(applied)


@pytest.mark.parametrize("arguments", [("--vad-mode", "4"), ("--vad-threshold", "2"), ("--vad-detector", "ear")])
def test_options_of_a_detector_have_bounds(arguments: tuple[str, str]) -> None:
    result = run("transcribe", "any.wav", *arguments)

    assert result.returncode == 2
    assert "vad" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_the_detector_that_was_asked_for_finds_the_speech(golden: tuple[Path, str]) -> None:
    result = run("transcribe", golden[0], "--vad-mode", "1", "--format", "json")

    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    [line] = [line for line in content["receipt"] if "webrtcvad" in json.dumps(line)]
    assert "mode 1" in json.dumps(line)
    assert content["text"]


def test_outputs_of_files_with_the_same_name_are_kept_apart() -> None:
    files = [Path("a/call.mp3"), Path("b/CALL.mp3"), Path("c/other.mp3"), Path("d/call.mp3")]

    assert output_names(files) == ["call.mp3", "CALL.mp3.2", "other.mp3", "call.mp3.3"]


def write_silence(target: Path, seconds: int) -> None:
    import wave

    with wave.open(str(target), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(16_000)
        stream.writeframes(bytes(2 * 16_000 * seconds))


def test_chinese_is_printed_where_the_locale_has_none() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    instead_of_work = "import app.cli.doctor as command; command.doctor = lambda *_, **__: print('\\u5929\\u6c14') or 0"

    result = subprocess.run(
        [sys.executable, "-c", f"{instead_of_work}; from app.cli.main import main; main(['doctor'])"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert result.stdout.decode() == "天气\n", result.stderr


def test_a_temporary_folder_that_cannot_be_used_is_named(golden: tuple[Path, str]) -> None:
    audio, _ = golden
    nowhere = "/proc/no-such-folder"  # not even root can make it
    code = (
        "import sys, tempfile; from app.cli.main import main; tempfile._candidate_tempdir_list = lambda: [sys.argv[1]];"
        "sys.exit(main(['transcribe', sys.argv[2]]))"
    )

    result = subprocess.run(
        [sys.executable, "-c", code, nowhere, str(audio)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=os.environ | {"TMPDIR": nowhere},
    )

    assert result.returncode == 1
    assert "[folder_missing]" in result.stderr
    assert nowhere in result.stderr


def test_a_call_is_told_apart_by_its_channels(golden: tuple[Path, str], tmp_path: Path) -> None:
    audio, text = golden
    decode(audio, tmp_path / "a.s16", DecodeLimits(3600, 60, 512))
    voice = np.fromfile(tmp_path / "a.s16", dtype="<i2")
    call = np.stack([np.pad(voice, (0, 16_000 + len(voice))), np.pad(voice, (16_000 + len(voice), 0))])
    (tmp_path / "call.wav").write_bytes(wav_bytes(call))

    result = run("transcribe", tmp_path / "call.wav", "--channels", "separate", "--no-itn", "--no-punctuation")

    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert letters(first) == f"Channel1:{letters(text)}"
    assert letters(second) == f"Channel2:{letters(text)}"
