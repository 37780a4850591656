"""Mistakes of clients of FunASR's websockets."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class FunasrError(AppError):
    status = 422


class FunasrMessageWrong(FunasrError):
    code = "funasr_message_wrong"
    message = N_("A message of the client cannot be understood: {reason}")
    advice = N_("docs/funasr-websocket.md lists the messages of FunASR's protocol that this server knows.")


class FunasrModeUnknown(FunasrError):
    code = "funasr_mode_unknown"
    message = N_("The mode '{mode}' is not known.")
    advice = N_("Choose one of: {known}.")


class FunasrFormatWrong(FunasrError):
    code = "funasr_format_wrong"
    message = N_("Live recognition takes PCM, mono, with 16 bits; this is {format}.")
    advice = N_("Send PCM, or the whole file in the mode offline.")


class FunasrSoundTooEarly(FunasrError):
    code = "funasr_sound_too_early"
    status = 413
    message = N_("More than {limit_mb} MB of sound came before its configuration.")
    advice = N_("Send the configuration first: a JSON message with mode and wav_name.")
