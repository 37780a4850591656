"""Known voices."""

from __future__ import annotations

from app.domain.errors.base import N_
from app.domain.errors.requests import RequestError


class VoiceNotFound(RequestError):
    code = "voice_not_found"
    status = 404
    message = N_("There is no known voice {id}.")
    advice = N_("It may have been deleted. The page of known voices lists those that exist.")


class TooLittleSpeech(RequestError):
    code = "too_little_speech"
    status = 422
    message = N_("Speaker {speaker} says too little alone to be remembered.")
    advice = N_("At least two seconds are needed in which nobody else speaks; half a minute makes a good likeness.")


class SpeakerModelMissing(RequestError):
    code = "speaker_model_missing"
    status = 409
    message = N_("The model that tells voices apart is not installed.")
    advice = N_("An administrator can download it on the page Models, or with: python -m app models pull speakers")


class VoicesSwitchedOff(RequestError):
    code = "voices_switched_off"
    status = 403
    message = N_("Known voices are switched off on this server.")
    advice = N_("An administrator can allow them in the settings: FUNASR_KNOWN_VOICES.")
