"""Opens the place of the recordings that the settings name; used by the composition roots only."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.domain.errors.base import AppError
from app.domain.errors.setup import PackageMissing
from app.domain.options import VadOptions
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import PreparationPool
from app.services.transcriptions.job_queue import Queue
from app.services.vad.analyses import VadAnalyses
from app.settings import Settings
from app.store.files.recordings import Files
from app.store.files.upload_chunks import UploadFiles
from app.store.files.vad_folders import VadFolders

if TYPE_CHECKING:
    from app.store.objects.bucket import Bucket


def open_files(settings: Settings) -> Files:
    """Return the place of the recordings: the data folder, or an object store.

    Raises:
        PackageMissing: its client is not installed.
    """
    if not settings.files_url:
        return Files(settings.data_dir)
    bucket, copies_bytes = open_bucket(settings), settings.files_copies_mb * 2**20
    from app.store.objects.recordings import StoredFiles

    return StoredFiles(settings.data_dir, bucket, copies_bytes, is_signed=settings.files_presigned)


def open_uploads(settings: Settings) -> UploadFiles:
    """Return the place of files that are uploaded in chunks: beside the recordings."""
    if not settings.files_url:
        return UploadFiles(settings.data_dir)
    bucket = open_bucket(settings)
    from app.store.objects.uploads import StoredUploads

    return StoredUploads(settings.data_dir, bucket)


def open_analyses(
    settings: Settings, queue: Queue, limits: DecodeLimits, options: VadOptions, pool: PreparationPool
) -> VadAnalyses:
    """Return the speech analyses; those of servers with one object store know each other's recordings."""
    if not settings.files_url:
        return VadAnalyses(VadFolders(settings.data_dir), queue, limits, options, pool)
    bucket = open_bucket(settings)
    from app.services.vad.shared import SharedVadAnalyses
    from app.store.objects.vad_folders import StoredVadFolders

    return SharedVadAnalyses(StoredVadFolders(settings.data_dir, bucket), queue, limits, options, pool)


def open_bucket(settings: Settings) -> Bucket:
    """Return the bucket of the settings.

    Raises:
        PackageMissing: its client is not installed.
    """
    if find_spec("obstore") is None:
        raise PackageMissing(wanted="FUNASR_FILES_URL", package="obstore", extra="s3")
    from app.store.objects.bucket import Bucket  # for which a folder needs no library

    return Bucket(settings.files_url)


def store_fault(settings: Settings) -> AppError | None:
    """Return what keeps the object store of the settings from being used; None if nothing does."""
    try:
        bucket = open_bucket(settings)
    except AppError as error:
        return error
    from app.store.objects.probe import store_fault as fault_of

    return fault_of(bucket)
