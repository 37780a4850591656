"""Transcriptions, their edits and comparisons, and detected speech."""

from __future__ import annotations

from app.domain.errors.base import N_
from app.domain.errors.requests import RequestError


class AnalysisNotFound(RequestError):
    code = "analysis_not_found"
    status = 404
    message = N_("There is no recording {id} for speech detection.")
    advice = N_("Recordings that are sent only for speech detection are kept for a day. Choose it again.")


class RecognitionElsewhere(RequestError):
    code = "recognition_elsewhere"
    status = 409
    message = N_("This server only takes recordings in; another process recognises them.")
    advice = N_("Send the recording as a transcription, or start the server with its own worker.")


class NothingToExport(RequestError):
    code = "nothing_to_export"
    status = 409
    message = N_("No piece has a text yet, so there are no subtitles.")
    advice = N_("Have the pieces read first, then export again.")


class ComparisonNotFound(RequestError):
    code = "comparison_not_found"
    status = 404
    message = N_("There is no comparison {id}.")
    advice = N_("It or its transcriptions may have been deleted. The page of comparisons lists those that exist.")


class TranscriptionNotFound(RequestError):
    code = "transcription_not_found"
    status = 404
    message = N_("There is no transcription {id}.")
    advice = N_("It may have been deleted. The history lists everything that exists.")


class AudioGone(RequestError):
    code = "audio_gone"
    status = 410
    message = N_("The recording of this transcription is no longer on the disk.")
    advice = N_("The text is still here. Upload the recording again to hear it.")


class NotFinished(RequestError):
    code = "not_finished"
    status = 409
    message = N_("The transcription is still {state}.")
    advice = N_("Wait until it has finished, then try again.")


class NotCancellable(RequestError):
    code = "not_cancellable"
    status = 409
    message = N_("The transcription cannot be cancelled: it is already {state}.")
    advice = N_("Nothing needs to be done.")


class NotRetriable(RequestError):
    code = "not_retriable"
    status = 409
    message = N_("The transcription cannot be retried while it is {state}.")
    advice = N_("Only a failed or cancelled transcription can be retried.")


class TurnNotFound(RequestError):
    code = "turn_not_found"
    status = 409
    message = N_("This turn is no longer labelled as it was.")
    advice = N_("Somebody may have corrected it meanwhile. Read the turns again.")


class NothingToUndo(RequestError):
    code = "nothing_to_undo"
    status = 409
    message = N_("There is no correction of the speakers to take back.")
    advice = N_("The last fifty are kept, until speakers are told apart again.")


class EditConflict(RequestError):
    code = "edit_conflict"
    status = 409
    message = N_("Somebody else has changed this text meanwhile (version {current}, yours began at {sent}).")
    advice = N_("Nothing of theirs was overwritten. Read the latest text, then save your changes again.")
