"""A case has everything about a job in any state, nothing private, and is refused if it was modified."""

from __future__ import annotations

import hashlib
import logging
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.cases import CaseDamaged, CaseUnreadable
from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.engine.audio.decoding import decode
from app.logging import bound, close_logging, event, setup_logging
from app.support.case import AudioChoice, CaseChoice
from app.support.case.archive import open_archive
from tests.services.conftest import LIMITS, House, talk
from tests.support.cases import cases_of, make, names_in, read

TEXTS = {
    *(
        "manifest.json",
        "repro.zh.md",
        "repro.en.md",
        "log/job.log",
        "log/app.log",
        "job.json",
        "options.json",
    ),
    *(
        "receipt.json",
        "segmentation.json",
        "result.json",
        "settings.json",
        "environment.json",
        "packages.json",
    ),
    *("model.json", "doctor.json", "findings.json", "recording.json"),
}
HASH = CaseChoice(AudioChoice.HASH)
log = logging.getLogger("app.test")


def recognised(house: House, *levels: float, factory: str = "EchoEngine") -> str:
    with house.working(factory):
        return house.end_of(house.submit(talk(*levels)).id).id


@pytest.mark.smoke
def test_a_case_of_a_finished_job_holds_everything_and_the_sound(house: House, tmp_path: Path) -> None:
    job = recognised(house, 0.2, 0.5)
    case = make(house, job)

    assert names_in(case) == TEXTS | {"audio/whole.flac"}
    assert [segment["text"] for segment in read(case, "segmentation.json")] == ["Level 2.", "Level 5."]
    assert read(case, "options.json")["vad"]["mode"] == 2
    assert read(case, "receipt.json")[0]["name"] == "vad"
    assert "segment_finished" in read(case, "log/job.log")
    assert "python -m app replay" in read(case, "repro.en.md")
    assert "重现" in read(case, "repro.zh.md")
    with zipfile.ZipFile(case) as archive:
        archive.extract("audio/whole.flac", tmp_path)
    decode(tmp_path / "audio/whole.flac", tmp_path / "again.s16", LIMITS)
    decode(house.queue.source_path(job), tmp_path / "first.s16", LIMITS)
    again, first = (np.fromfile(tmp_path / name, "<i2") for name in ("again.s16", "first.s16"))
    assert np.array_equal(again, first)


def test_every_file_is_as_the_manifest_promises(house: House) -> None:
    case = make(house, recognised(house, 0.2))

    with open_archive(case) as archive:
        archive.check()
        assert {file["name"] for file in archive.manifest["files"]} == names_in(case) - {"manifest.json"}
    with zipfile.ZipFile(case) as zipped:
        for file in read(case, "manifest.json")["files"]:
            assert hashlib.sha256(zipped.read(file["name"])).hexdigest() == file["sha256"]


def test_a_queued_job_has_a_case(house: House) -> None:
    case = make(house, house.submit(talk(0.2)).id, HASH)

    assert read(case, "job.json")["state"] == "queued"
    assert read(case, "manifest.json")["audio"]["recording_sha256"]
    assert names_in(case) == TEXTS


def test_a_running_job_has_a_case_with_its_sound(house: House) -> None:
    with house.working("WaitingEngine"):
        job = house.submit(talk(0.2)).id
        house.until(lambda: bool(list(house.folder.glob("begun-*"))))
        case = make(house, job)
        house.note("go")
        house.end_of(job)

    assert read(case, "job.json")["state"] == "running"
    assert read(case, "segmentation.json")[0]["state"] == "pending"
    assert "audio/whole.flac" in names_in(case)


def test_a_job_that_killed_its_process_has_a_case_that_says_so(house: House) -> None:
    case = make(house, recognised(house, 0.2, 0.95, factory="PoisonedEngine"))

    assert read(case, "manifest.json")["state"] == "failed"
    assert read(case, "segmentation.json")[1]["error"]["code"] == "inference_crashed"
    assert "inference_crashed" in read(case, "repro.en.md")
    assert "segment_failed" in read(case, "log/job.log")


def test_a_recording_that_cannot_be_decoded_goes_in_as_it_was_sent(house: House) -> None:
    with house.working("EchoEngine"):
        job = house.end_of(house.submit(b"this is no sound", "notes.mp3").id)
    case = make(house, job.id)

    assert read(case, "job.json")["error"]["code"] == "not_audio"
    assert read(case, "manifest.json")["audio"]["decoding"]["code"] == "not_audio"
    with zipfile.ZipFile(case) as archive:
        assert archive.read("audio/recording.mp3") == b"this is no sound"


def test_a_recording_that_is_gone_leaves_its_checksum(house: House) -> None:
    job = recognised(house, 0.2)
    house.queue.source_path(job).unlink()
    case = make(house, job)

    assert names_in(case) == TEXTS
    assert "no longer" in read(case, "manifest.json")["audio"]["note"]


def test_the_stretch_is_the_segment_that_failed(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2, 0.95, 0.3, factory="FailingEngine"), CaseChoice(AudioChoice.STRETCH))
    audio = read(case, "manifest.json")["audio"]
    failed = read(case, "segmentation.json")[1]

    assert names_in(case) == TEXTS | {"audio/stretch.flac"}
    assert audio["segments"] == [1]
    assert audio["first_sample"] == round(failed["start"] * 16_000)
    assert abs(audio["samples"] - (failed["end"] - failed["start"]) * 16_000) <= 1


def test_without_a_plan_no_more_than_a_stretch_is_given(house: House) -> None:
    case = make(house, house.submit(talk(0.2)).id, CaseChoice(AudioChoice.STRETCH))

    assert names_in(case) == TEXTS
    assert "no segments" in read(case, "manifest.json")["audio"]["note"]


def test_nothing_planted_is_found_in_any_byte(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    password, person, mail = "sw0rdf1sh-77", "gwendolyn", "gwen@private.example"
    home = f"/home/{person}"
    monkeypatch.setenv("FUNASR_API_TOKEN", password)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{person}:{password}@proxy.corp:3128")
    setup_logging(house.folder / "logs")
    with house.queue.receive(f"{mail} {home}/{password}.wav", 10**9) as incoming:
        incoming.write(talk(0.2))
        job = house.queue.submit(incoming, TranscriptionOptions(), "api").id
    with bound(request="ab12"):
        event(log, logging.INFO, "request", path=f"/api/v1/transcriptions/{job}?token={password}&mail={mail}")
        event(
            log,
            logging.INFO,
            "seen",
            body=f'{{"password": "{password}", "mail": "gwen\\u0040private.example"}}',
        )
        event(log, logging.INFO, "seen", path=f"{home}/x".replace("/", "\\/"), owner=person)
        event(log, logging.INFO, "seen", header=f"Authorization: Bearer {password}")
    close_logging()
    with house.working("EchoEngine"):
        house.end_of(job)
    case = make(
        house,
        job,
        wenet_mirror=f"https://{person}:{password}@mirror.example/x",
        data_dir=f"{home}/data",
        owner=mail,
    )

    with zipfile.ZipFile(case) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents["the zip"] = case.read_bytes()
    for name, content in contents.items():
        for planted in (password, person, mail, "private.example", "proxy.corp"):
            assert planted.encode() not in content, (name, planted)
    told = {each["rule"]: each["count"] for each in read(case, "manifest.json")["redactions"]}
    assert set(told) >= {"name"}
    assert "request=ab12" in read(case, "log/app.log")


def test_the_log_has_only_the_requests_of_the_job_and_counts_the_rest(house: House) -> None:
    setup_logging(house.folder / "logs")
    file = house.folder / "logs" / "app.log"
    file.write_text("2020-01-01T00:00:00.000Z INFO request=old job=- app.x long_ago\n    its traceback\n")
    with bound(request="ab12"):
        job = house.submit(talk(0.2)).id
        event(log, logging.INFO, "spoken_of", id=job)
    event(log, logging.INFO, "at_the_same_time")
    close_logging()
    told = read(make(house, job, HASH), "log/app.log")

    assert "at_the_same_time 1)" in told
    assert "spoken_of" in told
    assert "long_ago" not in told
    assert "traceback" not in told


def test_rotation_does_not_take_lines_from_the_case_of_a_job(house: House) -> None:
    job = recognised(house, 0.2)
    shutil.rmtree(house.folder / "logs", ignore_errors=True)

    assert "segment_finished" in read(make(house, job, HASH), "log/app.log")


def test_names_stay_where_the_person_wants_so(house: House) -> None:
    job = recognised(house, 0.2)

    assert read(make(house, job, HASH), "job.json")["name"] == "recording.wav"
    assert read(make(house, job, CaseChoice(AudioChoice.HASH, keep_names=True)), "job.json")["name"] == "talk.wav"


def test_the_preview_shows_every_file_and_its_redacted_content(house: House) -> None:
    job = recognised(house, 0.2)
    preview = cases_of(house, owner="a@example.com").preview(job, CaseChoice())
    shown = {file.name: file for file in preview.files}

    assert set(shown) == names_in(make(house, job))
    assert "a@example.com" not in shown["settings.json"].content
    assert shown["audio/whole.flac"].is_estimate
    assert "name" in [each.rule for each in preview.redactions]


def test_a_changed_case_is_refused(house: House, tmp_path: Path) -> None:
    case = make(house, recognised(house, 0.2), HASH)
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(case) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"{}" if name == "result.json" else old.read(name))

    with open_archive(forged) as archive, pytest.raises(CaseDamaged, match=r"result\.json"):
        archive.check()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_what_is_no_case_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)

    with pytest.raises(CaseUnreadable), open_archive(tmp_path / "x.zip"):
        pass


def test_a_case_of_a_newer_program_is_refused(house: House, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as new:
        new.writestr("manifest.json", '{"format": "funasr-case", "format_version": 99, "files": []}')

    with pytest.raises(CaseUnreadable, match="newer"), open_archive(tmp_path / "x.zip"):
        pass


def test_a_running_state_survives_a_dead_server(house: House) -> None:
    """The server was killed: its job still counts as running, and has its case."""
    with house.working("WaitingEngine"):
        job = house.submit(talk(0.2)).id
        house.until(lambda: house.queue.get(job).state is JobState.RUNNING)
        case = make(house, job, HASH)
        house.note("go")

    assert read(case, "manifest.json")["state"] == "running"


def test_nobody_else_may_read_a_case(house: House) -> None:
    case = make(house, house.submit(talk(0.2)).id, HASH)

    assert case.stat().st_mode & 0o077 == 0
