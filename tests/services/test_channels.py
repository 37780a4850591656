"""A call with one speaker per channel becomes one text with speakers kept apart."""

from __future__ import annotations

import numpy as np

from app.domain.options import TranscriptionOptions
from app.domain.reasons import SILENT_CHANNEL
from app.domain.states import JobState
from tests.engine import sounds
from tests.services.conftest import House


def call(*, is_second_silent: bool = False) -> bytes:
    """The first speaks at level 2, the second at level 4, then the first once more."""
    first = np.concatenate([_spoken(0.2), sounds.silence(2.5), _spoken(0.2)])
    second = np.concatenate([sounds.silence(2.5), _spoken(0.4), sounds.silence(2.5)])
    channels = np.stack([first, second * (not is_second_silent)])
    return sounds.wav_bytes((channels * 32767).astype(np.int16))


def _spoken(level: float) -> np.ndarray:
    return np.concatenate([sounds.silence(0.5), sounds.babble(1.0, level=level), sounds.silence(1.0)])


def test_each_channel_is_heard_on_its_own_and_told_in_the_order_of_time(house: House) -> None:
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(call(), options=TranscriptionOptions(channels="separate")).id)

    segments = house.queue.segments(record.id)
    assert [(segment.channel, segment.text) for segment in segments] == [
        (1, "Level 2."), (2, "Level 4."), (1, "Level 2."),
    ]  # fmt: skip
    assert record.state is JobState.SUCCEEDED
    assert record.progress.seconds_done == record.duration
    assert ("channels", "separate", "separate") in [(line.name, line.asked, line.applied) for line in record.receipt]
    assert not list(house.files.folder(record.id).glob("*.s16"))


def test_a_silent_channel_is_told_as_a_warning(house: House) -> None:
    options = TranscriptionOptions(channels="separate")
    with house.working("EchoEngine"):
        record = house.end_of(house.submit(call(is_second_silent=True), options=options).id)

    assert record.warnings == (SILENT_CHANNEL.of(channel=2),)
    assert {segment.channel for segment in house.queue.segments(record.id)} == {1}


def test_the_names_of_channels_are_in_the_language_of_the_reader(house: House) -> None:
    with house.working("EchoEngine"):
        id = house.end_of(house.submit(call(), options=TranscriptionOptions(channels="separate")).id).id

    transcript = house.queue.transcript(id, {"Channel {number}": "声道 {number}"}.__getitem__)

    assert [transcript.channel_of(segment) for segment in transcript.segments] == [
        "声道 1",
        "声道 2",
        "声道 1",
    ]


def test_a_job_goes_on_with_its_channels_where_its_worker_stopped(house: House) -> None:
    with house.working("SlowEngine"):
        id = house.submit(call(), options=TranscriptionOptions(channels="separate")).id
        house.until(lambda: house.queue.get(id).progress.segments_done >= 1)
    with house.working("SlowEngine"):
        record = house.end_of(id)

    assert record.state is JobState.SUCCEEDED
    assert record.text == "Level 2. Level 4. Level 2."
