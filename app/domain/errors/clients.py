"""Requests of programs that speak another product's API."""

from __future__ import annotations

from app.domain.errors.base import N_
from app.domain.errors.requests import RequestError


class QueueFull(RequestError):
    code = "queue_full"
    status = 429
    message = N_("Too many recordings of programs wait already: {waiting}")
    advice = N_("Send it again later; FUNASR_CLIENT_QUEUE says how many may wait.")


class IdempotencyKeyReused(RequestError):
    code = "idempotency_key_reused"
    message = N_("The same Idempotency-Key came with another recording or other options before.")
    advice = N_("Send a new key with each new request, and the same one only with a repeat.")


class TranslationUnavailable(RequestError):
    code = "translation_unavailable"
    status = 400
    message = N_("This server transcribes and does not translate.")
    advice = N_("Send the recording to /v1/audio/transcriptions.")


class TranscriptionCancelled(RequestError):
    code = "transcription_cancelled"
    status = 409
    message = N_("The transcription was cancelled or deleted before it ended.")
    advice = N_("Send the recording again if its text is still wanted.")


class ServerStopping(RequestError):
    code = "server_stopping"
    status = 503
    message = N_("The server is being stopped. The recording is kept, and its transcription goes on afterwards.")
    advice = N_("Send the same request again: it gets the text of this one.")
