"""A live session has a case while it runs, and one that can be replayed when it has ended."""

from __future__ import annotations

import numpy as np

from app.domain.options import TranscriptionOptions
from app.services.live import Ended, Final
from app.support.replay import Verdict
from tests.engine.sounds import babble, silence
from tests.services.conftest import House
from tests.services.test_live import Client, living
from tests.support.cases import make, read
from tests.support.test_replay import again


def test_a_live_session_has_a_case_at_any_moment(house: House) -> None:
    client = Client()
    with living(house, "EchoEngine") as live:
        session = live.begin("Talk", TranscriptionOptions(), client.listen)
        id = client.started.transcription
        client.speak(session, np.concatenate([babble(1.0, level=0.3), silence(1.0), babble(1.0, level=0.6)]))
        house.until(lambda: bool(client.all(Final)))
        meanwhile = make(house, id)
        assert read(meanwhile, "job.json")["state"] == "running"
        assert read(meanwhile, "segmentation.json")[0]["text"] == "Level 3."
        assert again(house, meanwhile).verdict is Verdict.REPRODUCED

        session.stop(client.number)
        house.until(lambda: bool(client.all(Ended)))

    replayed = again(house, make(house, id))
    assert replayed.verdict is Verdict.REPRODUCED
    assert [each.text for each in replayed.heard] == ["Level 3.", "Level 6."]
