"""Live sessions."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class LiveError(AppError):
    status = 409


class LiveSessionUnknown(LiveError):
    code = "live_session_unknown"
    status = 404
    message = N_("There is no live session {id}.")
    advice = N_("Begin a new one. What was stored of earlier ones is in the history.")


class LiveTokenWrong(LiveError):
    code = "live_token_wrong"
    status = 403
    message = N_("The live session {id} belongs to somebody else.")
    advice = N_("Only the page that began a session can go on with it. Begin a new one.")


class LiveSessionElsewhere(LiveError):
    code = "live_session_elsewhere"
    message = N_("The live session {id} is being worked on by another server process.")
    advice = N_("Try again in a few seconds.")


class LiveSessionsFull(LiveError):
    code = "live_sessions_full"
    status = 503
    message = N_("There are already {most} live sessions; no more are allowed at the same time.")
    advice = N_("Wait until somebody has finished, or let the administrator raise FUNASR_LIVE_SESSIONS.")


class TooManySockets(LiveError):
    code = "too_many_sockets"
    status = 503
    message = N_("There are already {most} open live connections; no more are accepted.")
    advice = N_(
        "Close those that are not used, or let the administrator raise FUNASR_LIVE_SESSIONS: four times as many are accepted."
    )


class LiveSessionOver(LiveError):
    code = "live_session_over"
    message = N_("The live session was ended meanwhile: its transcription was cancelled, or nobody was there.")
    advice = N_("What had arrived until then is kept in the history. Begin a new session to go on.")


class LiveTakenOver(LiveError):
    code = "live_taken_over"
    message = N_("The live session goes on over another connection.")
    advice = N_("Nothing needs to be done.")


class LiveMessageWrong(LiveError):
    code = "live_message_wrong"
    status = 422
    message = N_("A message of the client cannot be understood: {reason}")
    advice = N_("Load the page again. Programs find the protocol in docs/live-protocol.md.")


class LiveSoundWrong(LiveError):
    code = "live_sound_wrong"
    status = 422
    message = N_("A piece of sound cannot be read: {reason}")
    advice = N_("Send a chunk number of 4 bytes, then at most one second of 16-bit samples at 16 kHz, mono.")


class LiveRateWrong(LiveError):
    code = "live_rate_wrong"
    status = 422
    message = N_("The sound has {rate} samples in a second, but 16000 are needed.")
    advice = N_("Convert the sound to 16 kHz before it is sent.")


class LiveGap(LiveError):
    code = "live_gap"
    message = N_("A piece of sound is missing: number {expected} was expected, {number} came.")
    advice = N_("Send everything again from the number that was acknowledged last.")


class LiveSilent(LiveError):
    code = "live_silent"
    status = 408
    message = N_("Nothing has come over the connection for {seconds} s, so it was closed.")
    advice = N_("Connect again; the session goes on where it stopped.")


class LiveUnread(LiveError):
    code = "live_unread"
    status = 408
    message = N_("The client does not read what it is told, so its connection was closed.")
    advice = N_("Connect again; the session goes on where it stopped.")


class LiveNotStored(LiveError):
    code = "live_not_stored"
    status = 507
    message = N_("The sound cannot be stored at the moment: {reason}")
    advice = N_("Leave the page open: what is not stored is sent again. Free some space on the server's disk.")


class LiveTextWaits(LiveError):
    code = "live_text_waits"
    status = 503
    message = N_("There is no text at the moment, because nothing can be recognised: {reason}")
    advice = N_("Keep speaking: the sound is stored, and the text follows when recognition works again.")


class LiveSpeakersMissing(LiveError):
    code = "live_speakers_missing"
    status = 503
    message = N_("The speakers are not told apart at the moment: {reason}")
    advice = N_(
        "The text does not depend on it. When the session has ended, they are told apart in the whole recording."
    )


class LiveTooLong(LiveError):
    code = "live_too_long"
    status = 413
    message = N_("The live session has reached the limit of {limit_hours} hours and was ended.")
    advice = N_("Begin a new one, or let the administrator raise FUNASR_MAX_DURATION_HOURS.")
