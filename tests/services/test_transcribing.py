"""The whole path of a recording with a real queue, real audio and a real inference process."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors.transcriptions import AudioGone, NotCancellable, NotFinished, NotRetriable
from app.domain.reasons import NO_SPEECH, NOT_UNDERSTOOD
from app.domain.speech import SoundEvent, SoundKind
from app.domain.states import JobState
from app.services.transcriptions.trash import Trash
from tests.engine import sounds
from tests.fake_events import install_fake
from tests.services.conftest import House, talk


@pytest.mark.smoke
def test_a_recording_becomes_a_text_by_segments(house: House) -> None:
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk(0.2, 0.4, 0.6)).id)

    assert record.state is JobState.SUCCEEDED
    assert record.text == "Level 2. Level 4. Level 6."
    assert record.text_raw == "level 2 level 4 level 6"
    assert (record.language, record.model, record.device) == ("en", "echo", "cpu")
    assert [line.name for line in record.receipt] == ["vad", "channels", "device", "language"]
    assert record.error is None
    assert record.started_at
    assert record.finished_at
    assert record.created_at <= record.started_at <= record.finished_at


def test_progress_ends_at_the_duration_of_the_recording(house: House) -> None:
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk(0.2, 0.4)).id)

    progress = record.progress
    assert progress.stage == "finished"
    assert progress.percent == 100
    assert progress.seconds_done == record.duration == pytest.approx(4.6, abs=0.01)
    assert (progress.segments_done, progress.segments_failed, progress.segments_total) == (2, 0, 2)
    assert progress.eta_seconds is None


def test_a_running_job_shows_what_it_has_so_far(house: House) -> None:
    with house.working("SlowEngine"):
        id = house.submit(talk(*[0.3] * 12)).id
        house.until(lambda: house.queue.get(id).progress.segments_done >= 2)
        record = house.queue.get(id)
        house.end_of(id)

    assert record.state is JobState.RUNNING
    assert record.progress.stage == "recognizing"
    assert record.text.startswith("Level 3. Level 3.")
    assert 0 < record.progress.percent < 100
    assert record.progress.eta_seconds
    assert record.progress.eta_seconds > 0


@pytest.mark.parametrize(("fails", "measured"), [(False, True), (True, False)], ids=["heard", "its process failed"])
def test_what_sounds_is_kept_or_the_text_comes_without(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool, measured: bool
) -> None:
    install_fake(tmp_path / "packages", monkeypatch, fails=fails)
    house.pool = None  # its processes would not find the package

    with house.working("EchoEngine"):
        record = house.end_of(house.submit(talk(0.2, 0.4)).id)

    assert record.text == "Level 2. Level 4."
    assert ("music_share" in record.recording) is measured
    if measured:
        assert record.recording["music_share"] > 0.5
        assert house.queue.events(record.id) == [
            SoundEvent(SoundKind.SPEECH, 0.5, 1.5),
            SoundEvent(SoundKind.MUSIC, 1.0, pytest.approx(record.duration, abs=0.01)),
        ]
    else:
        assert house.queue.events(record.id) is None


def test_the_folder_keeps_only_the_recording_and_what_is_told_of_it(house: House) -> None:
    with house.working("EchoEngine"):
        id = house.end_of(house.submit(talk(0.2)).id).id

    assert sorted(path.name for path in house.files.folder(id).iterdir()) == [
        "job.log",
        "peaks.json",
        "recording.json",
        "source.wav",
    ]
    assert len(house.queue.peaks(id)) > 100


def test_the_transcript_can_be_exported_once_the_job_has_ended(house: House) -> None:
    id = house.submit(talk(0.2, 0.4)).id
    with pytest.raises(NotFinished):
        house.queue.transcript(id)

    with house.working("EchoEngine"):
        house.end_of(id)

    transcript = house.queue.transcript(id)
    assert [segment.text for segment in transcript.segments] == ["Level 2.", "Level 4."]
    assert 0.5 < transcript.segments[0].start < 1.1 < transcript.segments[0].end < 2.5
    assert transcript.model == "echo"


def test_silence_succeeds_without_text_and_says_so(house: House) -> None:
    quiet = sounds.wav_bytes((sounds.silence(3) * 32767).astype("int16"))
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(quiet).id)

    assert record.state is JobState.SUCCEEDED
    assert record.text == ""
    assert record.language == "none"
    assert NO_SPEECH in record.warnings
    assert house.queue.transcript(record.id).segments == ()


def test_withheld_text_is_kept_apart_with_its_reason(house: House) -> None:
    with house.working("UnsureEngine"):
        record = house.end_of(house.submit(talk(0.2)).id)

    assert record.text == ""
    assert NOT_UNDERSTOOD in record.warnings
    assert [segment.dropped for segment in house.queue.segments(record.id)] == ["unsure"]


def test_one_bad_file_never_stops_the_others(house: House) -> None:
    with house.working("EchoEngine"):
        ids = [
            house.submit(recording, name).id
            for recording, name in (
                (b"this is no sound", "notes.mp3"),
                (talk(0.2), "good.wav"),
                (b"\x00" * 5000, "zeros"),
                (talk(0.4), "also good.wav"),
            )
        ]
        records = [house.end_of(id) for id in ids]

    assert [record.state.value for record in records] == ["failed", "succeeded", "failed", "succeeded"]
    assert records[0].error
    assert records[0].error.code == "not_audio"


def test_a_failed_job_has_its_traceback_in_its_log(house: House) -> None:
    with house.working("EchoEngine"):
        id = house.end_of(house.submit(b"this is no sound", "notes.mp3").id).id

    lines = house.queue.log_lines(id)
    assert any(f"job={id}" in line and "job_failed error=not_audio" in line for line in lines)
    assert any(line.strip() == "Traceback (most recent call last):" for line in lines)


@pytest.mark.folder("removes the recording's file")
def test_a_recording_that_vanished_fails_its_job(house: House) -> None:
    id = house.submit(talk(0.2)).id
    house.queue.source_path(id).unlink()
    with house.working("EchoEngine"):
        record = house.end_of(id)

    assert record.error
    assert record.error.code == "audio_gone"
    with pytest.raises(AudioGone):
        house.queue.retry(id)


def test_jobs_are_begun_in_the_order_of_their_arrival(house: House) -> None:
    ids = [house.submit(talk(0.2)).id for _ in range(4)]
    assert [house.queue.get(id).progress.queue_position for id in ids] == [1, 2, 3, 4]

    with house.working("EchoEngine"):
        records = [house.end_of(id) for id in ids]

    starts = [record.started_at for record in records if record.started_at]
    assert starts == sorted(starts)


def test_a_short_job_does_not_wait_for_the_end_of_a_long_one(house: House) -> None:
    with house.working("SlowEngine"):
        long = house.submit(talk(*[0.3] * 40)).id
        house.until(lambda: house.queue.get(long).progress.segments_done > 0)
        short = house.submit(talk(0.2, 0.2)).id
        house.end_of(short)
        assert house.queue.get(long).state is JobState.RUNNING
        house.queue.cancel(long)
        house.end_of(long)


def test_a_queued_job_is_cancelled_at_once(house: House) -> None:
    id = house.submit(talk(0.2)).id

    assert house.queue.cancel(id).state is JobState.CANCELLED
    with pytest.raises(NotCancellable):
        house.queue.cancel(id)


def test_a_running_job_is_cancelled_after_its_present_segment(house: House) -> None:
    with house.working("WaitingEngine"):
        id = house.submit(talk(0.2, 0.4, 0.6)).id
        house.until(lambda: any(house.folder.glob("begun-*")))
        assert house.queue.cancel(id).cancel_requested
        house.until(lambda: "segments_withdrawn" in house.events(id))
        house.note("go")
        record = house.end_of(id)

    assert record.state is JobState.CANCELLED
    assert record.text == "Level 2."
    assert len(list(house.folder.glob("begun-*"))) == 1
    assert not house.files.audio(id).exists()


def test_a_job_is_cancelled_while_its_recording_is_read(house: House) -> None:
    half_an_hour = sounds.wav_bytes((sounds.silence(1800) * 32767).astype("int16"))
    with house.working("EchoEngine"):
        id = house.submit(half_an_hour).id
        house.until(lambda: house.queue.get(id).state is JobState.RUNNING)
        house.queue.cancel(id)
        record = house.end_of(id)

    assert record.state is JobState.CANCELLED
    assert record.progress.segments_total == 0
    assert {path.name for path in house.files.folder(id).iterdir()} == {
        "job.log",
        "recording.json",
        "source.wav",
    }


def test_a_retry_does_only_what_is_missing(house: House) -> None:
    with house.working("WaitingEngine"):
        id = house.submit(talk(0.2, 0.4, 0.6)).id
        house.until(lambda: any(house.folder.glob("begun-*")))
        house.queue.cancel(id)
        house.until(lambda: "segments_withdrawn" in house.events(id))
        house.note("go")
        house.end_of(id)
        assert house.queue.retry(id).state in (JobState.QUEUED, JobState.RUNNING)
        record = house.end_of(id)

    assert record.state is JobState.SUCCEEDED
    assert record.text == "Level 2. Level 4. Level 6."
    assert house.finished_segments(id) == ["index=0", "index=1", "index=2"]


def test_only_a_failed_or_cancelled_job_can_be_retried(house: House) -> None:
    id = house.submit(talk(0.2)).id
    with pytest.raises(NotRetriable):
        house.queue.retry(id)


def test_a_running_job_that_is_deleted_for_good_leaves_nothing(house: House) -> None:
    with house.working("WaitingEngine"):
        id = house.submit(talk(0.2, 0.4)).id
        house.until(lambda: any(house.folder.glob("begun-*")))
        before = house.queue.revision()
        house.queue.delete(id)
        assert house.queue.search().total == 0
        assert house.queue.deleted_between(before, house.queue.revision()) == [id]
        Trash(house.queue).empty()
        house.note("go")
        house.until(lambda: house.is_gone(id))

    assert list(house.files.folder(id).parent.iterdir()) == []
    assert list((house.folder / "trash").iterdir()) == []
