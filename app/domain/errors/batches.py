"""Batches, imports of folders, watched folders, and archives."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError
from app.domain.errors.requests import RequestError


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


class ArchiveEmpty(RequestError):
    code = "archive_empty"
    message = N_("There is no recording in {place}.")
    advice = N_("Check the folder or the prefix. Files are known by their endings, such as .wav, .mp3 or .mp4.")


class ArchiveDiffers(RequestError):
    code = "archive_differs"
    status = 409
    message = N_("The texts in {place} were begun with other options: {differences}.")
    advice = N_("Give the options of the first run to go on, or name another --output for texts with these.")


class ArchiveInUse(RequestError):
    code = "archive_in_use"
    status = 409
    message = N_("Another run is writing to {place}.")
    advice = N_("Wait until it has ended; this run then goes on where that one stops.")


class PlaceUnknown(RequestError):
    code = "place_unknown"
    message = N_("{place} is neither a folder nor an address of an object store.")
    advice = N_("Name a folder that exists, or s3://BUCKET/PREFIX.")


class ReadingCrashed(AppError):
    code = "reading_crashed"
    message = N_("The program ended {count} times while it read {name}.")
    advice = N_("Read this file alone to see why: python -m app transcribe FILE. The others are not concerned.")
