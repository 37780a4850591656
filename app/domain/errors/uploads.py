"""Uploads."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


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
    advice = N_("Send a compressed copy (MP3, M4A or Opus), or let the administrator raise FUNASR_MAX_UPLOAD_MB.")


class UploadInterrupted(UploadError):
    code = "upload_interrupted"
    message = N_("The upload stopped before the file was complete; nothing was kept.")
    advice = N_("Check the connection and upload the file again.")


class DiskFull(UploadError):
    code = "disk_full"
    status = 507
    message = N_("The disk is too full; nothing was stored.")
    advice = N_(
        "Free some space in {folder}: empty the trash, delete old transcriptions or models that nobody uses, or move backups "
        "to another disk; then try again. The last 200 MB stay free for texts and the database."
    )


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
