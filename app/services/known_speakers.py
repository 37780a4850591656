"""Speakers whom a program names for one request, each with a few seconds of their speech. Nothing of them is stored."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.domain.errors.base import N_, AppError
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import RecognitionElsewhere
from app.domain.speakers import SpeakerTurn
from app.domain.speakers.known_voices import LEAST_LIKENESS, HeardVoice, alone, likeness
from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.decoding import read_waveform
from app.services.speaker_corrections import LONGEST_NAME
from app.services.speakers.voice_hearing import VoiceHearing
from app.services.transcriptions.heard_audio import HeardAudio

NAMES, REFERENCES = "known_speaker_names", "known_speaker_references"
MOST_SPEAKERS = 4
SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 10.0  # of a reference
TOLERANCE_SECONDS = 0.1  # that a codec may add or take
DATA_URL = re.compile(r"data:[^,]{0,200};base64,(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    name: str
    waveform: Waveform
    """Some seconds in which they alone speak."""


def read_known_speakers(names: Sequence[str], references: Sequence[str], heard: HeardAudio) -> tuple[KnownSpeaker, ...]:
    """Return the speakers of a request.

    Args:
        names: at most MOST_SPEAKERS.
        references: data URLs of sound, one for each name.
        heard: decodes them.

    Raises:
        InvalidParameter: they do not fit together, or one is not 2 to 10 seconds of sound.
    """
    _require(len(names) <= MOST_SPEAKERS, NAMES, N_("there are more than 4"))
    _require(len(names) == len(references), REFERENCES, N_("there must be one for each name"))
    _require(len(set(names)) == len(names), NAMES, N_("two are the same"))
    _require(all(len(name) <= LONGEST_NAME for name in names), NAMES, N_("it is longer than 60 characters"))
    return tuple(
        KnownSpeaker(name, _waveform(reference, heard)) for name, reference in zip(names, references, strict=True)
    )


def named_speakers(
    known: Sequence[KnownSpeaker],
    turns: Sequence[SpeakerTurn],
    id: str,
    heard: HeardAudio,
    hearing: VoiceHearing | None,
) -> dict[int, str]:
    """Return which speakers of a transcription are known, with their names.

    Raises:
        RecognitionElsewhere, SpeakerModelMissing, AppError: voices cannot be heard here.
    """
    if hearing is None:
        raise RecognitionElsewhere
    own = partial(read_waveform, heard.samples(id)[0])
    voices = hearing.hear(own, alone(turns))
    samples = [_heard_alone(each.waveform, hearing) for each in known]
    found: dict[int, str] = {}
    for speaker, voice in voices.voices.items():
        scores = [likeness(voice, sample) for sample in samples]
        best = max(range(len(scores)), key=scores.__getitem__)
        if scores[best] >= LEAST_LIKENESS:
            found[speaker] = known[best].name
    return found


def _heard_alone(waveform: Waveform, hearing: VoiceHearing) -> HeardVoice:
    def read(start: float, end: float) -> Waveform:
        return waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]

    heard = hearing.hear(read, {0: [(0.0, len(waveform) / SAMPLE_RATE)]})
    return heard.voices.get(0, HeardVoice(()))


def _waveform(reference: str, heard: HeardAudio) -> Waveform:
    match = DATA_URL.fullmatch(reference.strip())
    _require(match is not None, REFERENCES, N_("it is not a data URL in base64"))
    try:
        content = base64.b64decode(match[1] if match else "", validate=True)
        waveform = heard.decoded(content, LONGEST_SECONDS + 1)
    except (binascii.Error, ValueError):
        raise InvalidParameter(name=REFERENCES, reason=N_("it is not a data URL in base64")) from None
    except AppError as error:
        raise InvalidParameter(name=REFERENCES, reason=N_("it is not sound of 2 to 10 seconds")) from error
    seconds = len(waveform) / SAMPLE_RATE
    is_fit = SHORTEST_SECONDS - TOLERANCE_SECONDS <= seconds <= LONGEST_SECONDS + TOLERANCE_SECONDS
    _require(is_fit, REFERENCES, N_("it is not sound of 2 to 10 seconds"))
    return waveform


def _require(holds: bool, name: str, reason: str) -> None:
    if not holds:
        raise InvalidParameter(name=name, reason=reason)


def names_told(names: Mapping[int, str]) -> str:
    """Return the names once each, in the order of the speakers."""
    return ", ".join(dict.fromkeys(names[number] for number in sorted(names)))
