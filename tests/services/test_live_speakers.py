"""Who speaks into one microphone: labels beside the texts, which may change, and which cost none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from app.domain.addresses import networks
from app.domain.errors.models import ModelFileMissing
from app.domain.options import TranscriptionOptions
from app.domain.reasons import NO_SPEAKER_MODEL
from app.domain.states import JobState
from app.domain.webhooks import WebhookEvent
from app.engine import Waveform
from app.engine.speakers import Activity, Embeddings, SpeakerModel
from app.logging import job_logs
from app.services.inference.process import InferenceProcess
from app.services.live import Channels, Ended, Final, Live, LiveLimits, Session, SpeakersChanged
from app.services.speakers.voice_hearing import Check, VoiceHearing
from app.services.webhooks.own_secret import own_secret
from app.services.webhooks.webhooks import Webhooks
from app.services.worker.worker import Worker
from app.store.tables import webhook_notes
from tests.engine.sounds import Samples, babble, silence
from tests.engine.speakers.voices import PITCH, write_networks
from tests.services.conftest import LIMITS, House
from tests.services.test_live import Client

ASKED = TranscriptionOptions(speakers="auto")
ANN, BOB, BETWEEN = 0.3, 0.6, 0.9  # how loud they are, by which LoudnessModel knows them
ANGLES = {ANN: 0.0, BOB: 70.0, BETWEEN: 34.0}


@dataclass(frozen=True)
class LoudnessModel:
    """Hears by the loudness who speaks."""

    info = PITCH

    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        return [np.ones((1, 1), dtype=np.bool_) for _ in windows]

    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        peaks = [float(np.abs(waveform).max()) for waveform in waveforms]
        angles = np.radians([ANGLES[min(ANGLES, key=lambda level: abs(level - peak))] for peak in peaks])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def hearing(folder: Path) -> VoiceHearing:
    return VoiceHearing(lambda: folder, lambda _folder, _check: LoudnessModel())


@contextmanager
def living(house: House, voices: VoiceHearing | None = None, model: Path | None = None) -> Iterator[Live]:
    """Live sessions whose voices are heard by `voices`, or by the `model` in the inference process."""
    inference = InferenceProcess(house.spec("EchoEngine"))
    worker = Worker(house.queue, house.files, inference, LIMITS, pool=house.pool, speaker_model=lambda: model)
    limits = LiveLimits(sessions=8, keep_minutes=10.0, most_seconds=600.0)
    live = Live(house.queue, worker.scheduler, limits, lambda: "echo", voices=voices or worker.voices)
    with job_logs(house.files.folder), worker.running(), live.running():
        yield live


def said(level: float, seconds: float = 2.0) -> Samples:
    return np.concatenate([babble(seconds, level=level), silence(1.2)])


def labels_of(client: Client) -> dict[int, int]:
    labels = dict(client.started.speakers)
    for news in client.all(SpeakersChanged):
        labels |= news.speakers
    return labels


def ends_of(house: House) -> list[str]:
    """Return the ends that webhooks will be told."""
    with house.database.reading() as connection:
        return list(connection.execute(select(webhook_notes.c.state)).scalars())


def ended(house: House, client: Client, session: Session) -> str:
    session.stop(client.number)
    house.until(lambda: bool(client.all(Ended)))
    return client.started.transcription


@pytest.fixture(name="model", scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speakers")
    write_networks(folder, hears_one=True)
    return folder


def test_two_voices_that_alternate_are_two_speakers_and_who_reconnects_is_told(house: House, model: Path) -> None:
    client, later = Client(), Client()
    with living(house, hearing(model)) as live:
        session = live.begin("Talk", ASKED, client.listen)
        for level in (ANN, BOB, ANN, BOB):
            client.speak(session, said(level))
        house.until(lambda: len(labels_of(client)) == 4)
        session.attach(later.listen)

    assert [labels_of(client)[index] for index in range(4)] == [1, 2, 1, 2]
    assert later.started.speakers == labels_of(client)
    kinds = [type(news) for news in client.heard if isinstance(news, Final | SpeakersChanged)]
    assert kinds[0] is Final


def test_earlier_labels_change_where_two_voices_turn_out_to_be_one(house: House, model: Path) -> None:
    client = Client()
    with living(house, hearing(model)) as live:
        session = live.begin("Talk", ASKED, client.listen)
        for level in (ANN, BOB):
            client.speak(session, said(level, 1.6))
        house.until(lambda: labels_of(client) == {0: 1, 1: 2})
        client.speak(session, said(BETWEEN, 5.0))
        house.until(lambda: labels_of(client) == {0: 1, 1: 1, 2: 1})

    assert client.all(SpeakersChanged)[-1].speakers == {1: 1, 2: 1}


def test_the_voices_are_heard_in_the_inference_process_and_once_more_at_the_end(house: House, model: Path) -> None:
    client = Client()
    webhooks = Webhooks(house.database, lambda: networks("127.0.0.0/8"), lambda: own_secret(house.folder))
    webhooks.add("http://127.0.0.1:9/", list(WebhookEvent))
    with living(house, model=model) as live:
        session = live.begin("Talk", ASKED, client.listen)
        client.speak(session, np.concatenate([said(ANN), said(ANN)]))
        house.until(lambda: len(labels_of(client)) == 2)
        id = ended(house, client, session)
        assert house.queue.get(id).is_exportable
        ends = ends_of(house)
        house.until(lambda: bool(house.queue.speakers(id).turns))
        record = house.end_of(id)

    assert set(labels_of(client).values()) == {1}
    assert (record.state, record.text) == (JobState.SUCCEEDED, "Level 3. Level 3.")
    assert [line.applied for line in record.receipt if line.name == "speakers"] == ["1"]
    assert ends == ends_of(house) == ["succeeded"], "webhooks are told when the text is whole, and once"


def test_without_the_model_the_texts_come_and_one_notice_says_why_there_are_no_speakers(house: House) -> None:
    client = Client()
    with living(house) as live:
        session = live.begin("Talk", ASKED, client.listen)
        client.speak(session, np.concatenate([said(ANN), said(BOB)]))
        house.until(lambda: len(client.all(Final)) == 2)
        id = ended(house, client, session)
        house.until(lambda: any(line.name == "speakers" for line in house.queue.get(id).receipt))
        record = house.end_of(id)

    assert client.codes == ["live_speakers_missing"]
    assert (record.state, record.text) == (JobState.SUCCEEDED, "Level 3. Level 6.")
    assert [line.reason for line in record.receipt if line.name == "speakers"] == [NO_SPEAKER_MODEL]
    assert labels_of(client) == {}


def test_a_model_that_fails_costs_no_text_and_says_so_once(
    house: House, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.live.speaker_labels.RETRY_SECONDS", 0.0)

    def fail(folder: Path, _check: Check) -> SpeakerModel:
        raise ModelFileMissing(folder=str(folder), file="campplus")

    client = Client()
    with living(house, VoiceHearing(lambda: model, fail)) as live:
        session = live.begin("Talk", ASKED, client.listen)
        client.speak(session, np.concatenate([said(ANN), said(BOB)]))
        house.until(lambda: len(client.all(Final)) == 2 and bool(client.codes))
        id = ended(house, client, session)

    assert client.codes == ["live_speakers_missing"]
    assert house.queue.get(id).text == "Level 3. Level 6."


def test_a_session_that_another_server_takes_up_hears_its_voices_again(house: House, model: Path) -> None:
    client, later = Client(), Client()
    with living(house, hearing(model)) as live:
        session = live.begin("Talk", ASKED, client.listen)
        for level in (ANN, BOB):
            client.speak(session, said(level))
        house.until(lambda: len(labels_of(client)) == 2)
    with living(house, hearing(model)) as live:
        live.resume(client.started.session, client.started.token, later.listen)
        house.until(lambda: len(labels_of(later)) == 2)

    assert labels_of(later) == labels_of(client) == {0: 1, 1: 2}


def test_channels_tell_by_themselves_who_speaks(house: House, model: Path) -> None:
    client = Client()
    with living(house, hearing(model)) as live:
        session = live.begin("Call", ASKED, client.listen, channels=Channels(2, ("Me", "The others")))
        client.speak(session, np.repeat(said(ANN), 2))
        id = ended(house, client, session)

    assert client.started.options.speakers == "off"
    assert house.queue.get(id).state is JobState.SUCCEEDED
    assert labels_of(client) == {}


def test_where_nobody_spoke_nobody_is_looked_for(house: House, model: Path) -> None:
    client = Client()
    with living(house, hearing(model)) as live:
        session = live.begin("Silence", ASKED, client.listen)
        id = ended(house, client, session)

    assert house.queue.get(id).state is JobState.SUCCEEDED
    assert not [line for line in house.queue.get(id).receipt if line.name == "speakers"]
