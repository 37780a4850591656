"""An archive is read whole, each recording once, and a run goes on where the last one stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.domain.archive import FAILED, READ, ArchiveRecord, ArchiveTotals, ListedFile
from app.domain.errors.batches import ArchiveDiffers, ArchiveEmpty, ArchiveInUse
from app.domain.errors.setup import FolderUnwritable
from app.domain.options import TranscriptionOptions
from app.domain.transcript import ExportStyle
from app.engine import EngineSpec
from app.engine.audio.facts import DecodeLimits
from app.services.archive.reading import ReadingOrder, open_reader
from app.services.archive.run import ArchivePlan, archive, read_here
from app.store.places import place_at
from tests.conftest import REPOSITORY
from tests.engine.sounds import babble, wav_bytes
from tests.waiting import wait_until


@pytest.fixture(name="recordings")
def _recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    for name in ("2024/call 2.wav", "2024/call 10.wav", "2025/通话.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(sound(1.0))
    (folder / "notes.txt").write_text("no recording")
    return folder


def sound(seconds: float) -> bytes:
    return wav_bytes(babble(seconds))


def order_of(
    source: Path | str, output: Path | str, factory: str = "tests.fakes:EchoEngine", notes: Path | None = None
) -> ReadingOrder:
    return ReadingOrder(
        source=str(source),
        output=str(output),
        spec=EngineSpec(notes or Path(source), factory=factory),
        options=TranscriptionOptions(),
        limits=DecodeLimits(3600, 60, 2048),
        formats=("txt", "srt"),
        style=ExportStyle(),
        price_per_hour=2.0,
    )


class Run:
    """What one run told."""

    def __init__(self, order: ReadingOrder, **options: Any) -> None:
        self.plans: list[ArchivePlan] = []
        self.records: list[ArchiveRecord] = []
        readers = options.pop("readers", read_here)
        terms = options.pop("terms", {"language": "zh"})
        on_record = options.pop("on_record", lambda _: None)

        def note(record: ArchiveRecord) -> None:
            self.records.append(record)
            on_record(record)

        self.totals: ArchiveTotals = archive(order, terms, readers, self.plans.append, note, **options)

    @property
    def names(self) -> list[str]:
        return [record.source.name for record in self.records]


def manifest(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_recording_gets_its_texts_and_a_line_of_the_manifest(recordings: Path, tmp_path: Path) -> None:
    output = tmp_path / "texts"

    run = Run(order_of(recordings, output))

    assert run.names == ["2024/call 2.wav", "2024/call 10.wav", "2025/通话.wav"]
    assert (run.totals.files, run.totals.read, run.totals.failed) == (3, 3, 0)
    for line in manifest(output):
        assert line["state"] == READ
        assert line["duration"] == pytest.approx(1.0, abs=0.01)
        assert line["cost"] == pytest.approx(2.0 * line["seconds_worked"] / 3600)
        assert line["receipt"]
        for written in line["outputs"]:
            assert (output / written["name"]).stat().st_size == written["size_bytes"]
    assert json.loads((output / "summary.json").read_text())["read"] == 3
    assert not list((output / "attempts").rglob("*.wav"))


def test_a_second_run_reads_only_what_is_new_or_has_changed(recordings: Path, tmp_path: Path) -> None:
    order = order_of(recordings, tmp_path / "texts")
    Run(order)
    (recordings / "2025/new.wav").write_bytes(sound(0.5))
    (recordings / "2024/call 2.wav").write_bytes(sound(2.0))

    run = Run(order)

    assert run.names == ["2024/call 2.wav", "2025/new.wav"]
    assert len(run.plans[0].ended) == 2
    assert [line["duration"] for line in manifest(tmp_path / "texts")] == pytest.approx([1.0, 2.0, 0.5, 1.0], abs=0.01)


def test_a_recording_that_cannot_be_read_is_recorded_with_its_reason(recordings: Path, tmp_path: Path) -> None:
    (recordings / "2024/broken.mp3").write_bytes(b"no sound at all")
    order = order_of(recordings, tmp_path / "texts")

    run = Run(order)

    assert (run.totals.read, run.totals.failed) == (3, 1)
    [failed] = [line for line in manifest(tmp_path / "texts") if line["state"] == FAILED]
    assert failed["source"]["name"] == "2024/broken.mp3"
    assert failed["problem"]["advice"]
    assert Run(order).names == []
    assert Run(order, retries_failed=True).names == ["2024/broken.mp3"]


def test_a_run_without_a_manifest_goes_on_from_its_records(recordings: Path, tmp_path: Path) -> None:
    order = order_of(recordings, tmp_path / "texts")

    def two(order: ReadingOrder, pending: Sequence[ListedFile]) -> Iterable[ArchiveRecord]:
        yield from read_here(order, pending[:2])

    Run(order, readers=two)
    (tmp_path / "texts/manifest.jsonl").unlink()

    assert Run(order).names == ["2025/通话.wav"]
    assert len(manifest(tmp_path / "texts")) == 3


def test_a_killed_run_loses_at_most_what_was_being_read(recordings: Path, tmp_path: Path) -> None:
    output = tmp_path / "texts"
    for number in range(6):
        (recordings / f"more {number}.wav").write_bytes(sound(0.5))
    code = (
        "import sys; from pathlib import Path; from tests.services.test_archive import Run, order_of; "
        "Run(order_of(Path(sys.argv[1]), Path(sys.argv[2]), 'tests.fakes:SlowEngine'))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, recordings, output], cwd=REPOSITORY, start_new_session=True)
    wait_until(lambda: len(list((output / "records").rglob("*.json"))) >= 2)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    done = {path: path.stat().st_mtime_ns for path in (output / "records").rglob("*.json")}

    run = Run(order_of(recordings, output))

    assert len(run.records) == 9 - len(done)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert len(manifest(output)) == run.totals.read == 9


def test_a_recording_that_ends_the_program_twice_is_given_up(recordings: Path, tmp_path: Path) -> None:
    order = order_of(recordings, tmp_path / "texts")
    with open_reader(order) as reader:
        source = ListedFile("2024/call 2.wav", 1, "1")
        reader.book.begin(source)
        reader.book.begin(source)

    run = Run(order)

    [failed] = [record for record in run.records if record.state == FAILED]
    assert failed.problem is not None
    assert failed.problem.code == "reading_crashed"
    assert run.totals.read == 2


def test_a_record_that_another_reader_wrote_meanwhile_is_kept(recordings: Path, tmp_path: Path) -> None:
    order = order_of(recordings, tmp_path / "texts")
    with open_reader(order) as reader:
        [source] = [file for file in place_at(str(recordings)).files() if file.name == "2024/call 2.wav"]
        first = reader.read(source)
        second = reader.read(source)

    assert second == first


def test_texts_of_other_options_are_not_mixed(recordings: Path, tmp_path: Path) -> None:
    order = order_of(recordings, tmp_path / "texts")
    Run(order)

    with pytest.raises(ArchiveDiffers, match="language: zh -> en"):
        Run(order, terms={"language": "en"})


def test_two_runs_do_not_write_to_one_place(recordings: Path, tmp_path: Path) -> None:
    order = order_of(recordings, tmp_path / "texts")

    with place_at(order.output).held_alone(), pytest.raises(ArchiveInUse):
        Run(order)


def test_an_output_that_cannot_be_written_ends_the_run_and_is_no_fault_of_the_recording(
    recordings: Path, tmp_path: Path
) -> None:
    order = order_of(recordings, tmp_path / "texts")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/2024").write_text("a file where a folder is wanted")

    with pytest.raises(FolderUnwritable):
        Run(order)
    (tmp_path / "texts/2024").unlink()

    assert Run(order).totals.read == 3


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ArchiveEmpty):
        Run(order_of(tmp_path / "empty", tmp_path / "texts"))
