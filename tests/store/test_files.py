"""Files appear complete or not at all, and a sweep removes only unused ones."""

from __future__ import annotations

import hashlib
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.errors.transcriptions import AudioGone
from app.domain.errors.uploads import DiskFull, UploadTooLarge
from app.store.files.description import ARRIVING_NAME
from app.store.files.recordings import Files
from app.store.files.swept import Swept

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def everything_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.parent != folder]


def test_a_settled_file_lies_in_its_folder_with_its_hash(files: Files) -> None:
    with files.receive("会议 (1).MP3", 100) as incoming:
        incoming.write(b"one ")
        incoming.write(b"two")
        files.move_into_place(incoming, "abc", {})

    assert files.source("abc", ".mp3").read_bytes() == b"one two"
    assert incoming.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert incoming.size_bytes == 7


def test_an_upload_that_breaks_off_leaves_nothing(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), files.receive("a.wav", 100) as incoming:  # noqa: PT012 - one story
        incoming.write(b"half")
        raise ConnectionError

    assert everything_in(tmp_path) == []


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(files: Files, tmp_path: Path) -> None:
    limit = 3 * 2**20
    with pytest.raises(UploadTooLarge, match="3 MB"), files.receive("a.wav", limit) as incoming:  # noqa: PT012
        for _ in range(4):
            incoming.write(bytes(2**20))

    assert everything_in(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("talk.WAV", ".wav"),
        ("no ending", ""),
        ("../../etc/passwd", ""),
        ("odd./../../x", ""),
        ("a.mp3\0", ""),
        ("long." + "x" * 300, ""),
        ("録音.音声", ""),
    ],
)
def test_the_file_on_the_disk_takes_only_a_harmless_ending_from_its_name(files: Files, name: str, suffix: str) -> None:
    with files.receive(name, 100) as incoming:
        incoming.write(b"x")
        files.move_into_place(incoming, "abc", {})

    assert {path.name for path in files.folder("abc").iterdir()} == {f"source{suffix}", ARRIVING_NAME}


FILL = """
import sys
from pathlib import Path
from app.domain.errors.uploads import DiskFull
from app.store.files.recordings import Files
try:
    with Files(Path(sys.argv[1])).receive("a.wav", 10**9) as incoming:
        for _ in range(100):
            incoming.write(bytes(100_000))
except DiskFull as error:
    print(error.code, end="")
"""


def test_a_full_disk_is_said_plainly_and_leaves_nothing(files: Files, tmp_path: Path) -> None:
    """The limit on the size of a file stands for the disk: the kernel refuses the write in the same way."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    command = [sys.executable, "-c", FILL, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, preexec_fn=limit, check=True)

    assert done.stdout == DiskFull.code
    assert everything_in(tmp_path) == []


def test_a_sweep_leaves_what_is_arriving_and_what_has_a_row(files: Files) -> None:
    with files.receive("known.wav", 100) as incoming:
        incoming.write(b"x")
        files.move_into_place(incoming, "known", {})
    with files.receive("arriving.wav", 100) as arriving, files.receive("settled.wav", 100) as settled:
        arriving.write(b"x")
        settled.write(b"x")
        files.move_into_place(settled, "settled", {})
        assert files.sweep(lambda folder: folder == "known") == Swept([], [])
        files.move_into_place(arriving, "arrived", {})

    assert files.folder("known").exists()
    assert files.folder("settled").exists()
    assert files.folder("arrived").exists()


def test_a_sweep_removes_folders_without_a_row(files: Files) -> None:
    with files.receive("a.wav", 100) as incoming:
        incoming.write(b"x")
        files.move_into_place(incoming, "unknown", {})

    assert files.sweep(lambda _: False) == Swept(["unknown"], [])
    assert not files.folder("unknown").exists()


def test_removing_takes_the_whole_folder(files: Files, tmp_path: Path) -> None:
    with files.receive("a.wav", 100) as incoming:
        incoming.write(b"x")
        files.move_into_place(incoming, "abc", {})
    files.peaks("abc").write_text("[]")
    files.remove("abc")
    files.remove("abc")

    assert everything_in(tmp_path) == []
    with pytest.raises(AudioGone):
        files.source("abc", ".wav")
