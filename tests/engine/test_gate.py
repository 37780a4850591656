"""A second VAD in front of any engine."""

import numpy as np

from app.domain.options import RecognitionOptions
from app.engine import EngineSpec, Utterance
from app.engine.vad.speech_filter import NO_SPEECH, SpeechFilteredEngine
from tests.fakes import EchoEngine

OPTIONS = RecognitionOptions()


class HearsOnlyLoud:
    """Takes what is louder than a half for speech."""

    name = "loud"

    def spans(self, waveform):
        return ((0.0, 1.0),) if np.abs(waveform).max() > 0.5 else ()


def utterances(*levels):
    return [Utterance(np.full(100, level, np.float32), OPTIONS) for level in levels]


def test_only_what_holds_speech_is_asked_and_the_order_stays(tmp_path):
    gated = SpeechFilteredEngine(EchoEngine(EngineSpec(tmp_path)), HearsOnlyLoud())
    found = gated.transcribe(utterances(0.6, 0.1, 0.9, 0.2))
    assert [each.text_raw for each in found] == ["level 6", "", "level 9", ""]
    assert found[1] == found[3] == NO_SPEECH
    assert gated.transcribe([]) == []


def test_the_receipt_says_what_listened(tmp_path):
    engine = EchoEngine(EngineSpec(tmp_path))
    gated = SpeechFilteredEngine(engine, HearsOnlyLoud())
    assert gated.info == engine.info
    assert [line.name for line in gated.receipt(OPTIONS)] == ["language", "speech_check"]
