"""Archives: folders or buckets of recordings that one command reads."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError
from app.domain.errors.requests import RequestError


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
