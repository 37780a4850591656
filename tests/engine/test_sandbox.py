"""The process that decodes a stranger's file reads its input, writes its folder, and reaches nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from app.domain.options import VadOptions
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation import sandbox
from app.engine.preparation.pool import PreparationPool
from app.engine.preparation.preparation import prepare
from app.engine.preparation.sandbox import SandboxSupport, sandbox_support
from tests.conftest import REPOSITORY
from tests.engine import sounds
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("fresh_interpreters")

SUPPORT = sandbox_support()
needs_landlock = pytest.mark.skipif(not SUPPORT.files, reason=f"no Landlock here: {SUPPORT.reason}")
needs_seccomp = pytest.mark.skipif(not SUPPORT.network, reason=f"no seccomp filters here: {SUPPORT.reason}")

TRIES = """
import json, os, signal, socket, subprocess, sys
from pathlib import Path
from app.engine.preparation.sandbox import confine

inside, outside = map(Path, sys.argv[1:])
confine([outside / "input.wav", outside / "absent"], [inside])

def connects():
    with socket.socket() as line:
        line.connect(("127.0.0.1", 9))

def resolves():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"x", ("127.0.0.1", 53))

tries = {
    "reads its input": lambda: (outside / "input.wav").read_bytes(),
    "writes its output": lambda: (inside / "out.part").write_bytes(b"x"),
    "renames its output": lambda: (inside / "out.part").replace(inside / "out"),
    "lists its output": lambda: os.close(os.open(inside, os.O_RDONLY)),
    "removes its output": lambda: (inside / "out").unlink(),
    "imports a library": lambda: __import__("wave"),
    "reads a password file": lambda: Path("/etc/passwd").read_bytes(),
    "reads another recording": lambda: (outside / "other.wav").read_bytes(),
    "lists another folder": lambda: list(outside.iterdir()),
    "writes over its input": lambda: (outside / "input.wav").write_bytes(b"x"),
    "writes elsewhere": lambda: (outside / "new").write_bytes(b"x"),
    "writes to the program": lambda: (Path(__import__("app").__file__)).open("ab"),
    "links another recording": lambda: os.link(outside / "other.wav", inside / "linked"),
    "connects": connects,
    "sends a datagram": resolves,
    "runs a program": lambda: subprocess.run(["/bin/true"], check=True),
    "signals its parent": lambda: os.kill(os.getppid(), 0),
}
found = {}
for name, attempt in tries.items():
    try:
        attempt()
        found[name] = True
    except OSError as error:
        found[name] = False
print(json.dumps(found))
"""


@pytest.fixture(name="found", scope="module")
def _found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    folder = tmp_path_factory.mktemp("sandbox")
    inside, outside = folder / "inside", folder / "outside"
    for each in (inside, outside):
        each.mkdir()
    for name in ("input.wav", "other.wav"):
        (outside / name).write_bytes(b"sound")
    command = [sys.executable, "-c", TRIES, str(inside), str(outside)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, bool] = json.loads(done.stdout)
    return told


WORK = [
    "reads its input",
    *(f"{does} its output" for does in ("writes", "renames", "lists", "removes")),
    "imports a library",
]
FILES = [
    *("reads a password file", "reads another recording", "lists another folder", "writes over its input"),
    *("writes elsewhere", "writes to the program", "links another recording"),
]


@pytest.mark.parametrize("what", WORK)
def test_a_confined_process_does_its_work(found: dict[str, bool], what: str) -> None:
    assert found[what]


@needs_landlock
@pytest.mark.parametrize("what", FILES)
def test_a_confined_process_reaches_no_other_file(found: dict[str, bool], what: str) -> None:
    assert not found[what]


@needs_seccomp
@pytest.mark.parametrize("what", ["connects", "sends a datagram", "runs a program"])
def test_a_confined_process_reaches_nobody(found: dict[str, bool], what: str) -> None:
    assert not found[what]


@needs_seccomp
def test_recordings_are_decoded_in_the_sandbox(tmp_path: Path) -> None:
    source = tmp_path / "in" / "long.flac"
    source.parent.mkdir()
    (tmp_path / "out").mkdir()
    sounds.encode(source, sounds.tone(900.0), codec="flac", container="flac")
    limits = DecodeLimits(max_seconds=3600, cpu_seconds=60, memory_mb=1024)
    out = tmp_path / "out"
    with PreparationPool() as pool, ThreadPoolExecutor(1) as thread:
        ready = thread.submit(
            prepare, source, out / "a.s16", out / "peaks.json", VadOptions(), limits, lambda: False, pool=pool
        )
        statuses = wait_until(lambda: [each for each in reader_statuses() if "Seccomp:\t2" in each])
        assert "NoNewPrivs:\t1" in statuses[0]
        assert ready.result().facts.duration == pytest.approx(900.0, abs=0.1)


def reader_statuses() -> list[str]:
    """Return what the kernel tells of the forks that decode."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            found.append(Path(f"/proc/{child.pid}/status").read_text())
        except OSError:
            continue
    return found


def test_a_kernel_without_it_confines_nothing_and_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Without:
        def syscall(self, *_: object) -> int:
            return -1

        def prctl(self, *_: object) -> int:
            return -1

    monkeypatch.setattr(sandbox, "_libc", Without)
    sandbox.confine([tmp_path / "a"], [tmp_path])

    assert sandbox_support() == SandboxSupport(files=False, network=False, reason=sandbox_support().reason)
    assert Path("/etc/passwd").read_bytes()
