"""Recordings that cannot be read."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class AudioError(AppError):
    status = 422


class FileUnreadable(AudioError):
    code = "file_unreadable"
    message = N_("The file {file} cannot be opened: {reason}")
    advice = N_("Check the name and the right to read it.")


class NotAudio(AudioError):
    code = "not_audio"
    message = N_("The file is not a recording that can be read: {detail}")
    advice = N_("Check that it plays on your computer. A changed file ending does not make it audio.")


class NoAudioStream(AudioError):
    code = "no_audio_stream"
    message = N_("The file has pictures but no sound.")
    advice = N_("Choose a file with a sound track.")


class AudioTooShort(AudioError):
    code = "audio_too_short"
    message = N_("The recording lasts {milliseconds} ms, too short to hold a word.")
    advice = N_("Record again and speak for at least half a second.")


class AudioTooLong(AudioError):
    code = "audio_too_long"
    message = N_("The recording is longer than the limit of {limit_hours} hours.")
    advice = N_("Cut it into parts, or let the administrator raise FUNASR_MAX_DURATION_HOURS.")


class AudioDamaged(AudioError):
    code = "audio_damaged"
    message = N_("The recording is damaged: {detail}")
    advice = N_("Make a new copy from the original, or export it again as WAV or MP3.")


class DecodingTimeLimit(AudioError):
    code = "decoding_time_limit"
    message = N_("Reading the file took more than {seconds} s of computing time and was stopped.")
    advice = N_("Convert the file to WAV or MP3 and upload that.")


class DecodingMemoryLimit(AudioError):
    code = "decoding_memory_limit"
    message = N_("Reading the file needed more than {limit_mb} MB of memory and was stopped.")
    advice = N_("Convert the file to WAV or MP3 and upload that.")


class DecodingCrashed(AudioError):
    code = "decoding_crashed"
    message = N_("The program that reads the file broke down ({detail}). Other jobs are not affected.")
    advice = N_("Convert the file to WAV or MP3 and upload that.")


UNREADABLE = (
    NotAudio, NoAudioStream, AudioTooShort, AudioTooLong, AudioDamaged,
    DecodingTimeLimit, DecodingMemoryLimit, DecodingCrashed,
)  # fmt: skip
"""Why a recording cannot be decoded."""
