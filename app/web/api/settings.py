"""REST and page: the settings, what they do, where they come from; the room that everything takes, its backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Form, Query, Response
from starlette.responses import StreamingResponse

from app.domain.errors.backup import DatabaseOnServer
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.settings import SettingFixed, SettingRefused, SettingsNotKept, SettingUnknown
from app.domain.errors.uploads import DiskFull
from app.services.disk_usage import storage_used
from app.support.backup import Places, last_backup, made_backup
from app.web.answers.settings import settings_answer
from app.web.dependencies import QueueDep, ServicesDep, SettingsStoreDep, TranslateDep, TrashDep
from app.web.forms.file_names import content_disposition
from app.web.openapi import content, errors
from app.web.pools import reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.settings import (
    BackupAnswer,
    RetentionAnswer,
    SettingChanges,
    SettingsAnswer,
    StorageAnswer,
)

BLOCK_BYTES = 256 * 1024
MOST_DAYS = 36_500  # the bound of the setting

router = ApiRouter(prefix="/settings", tags=["system"])


@router.get("", responses=errors())
def get_settings(services: ServicesDep, translate: TranslateDep) -> SettingsAnswer:
    """See every setting: its value, bounds and default, where it comes from, and what a change would do."""
    return settings_answer(services, translate)


@router.patch(
    "",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(SettingUnknown, SettingFixed, SettingRefused, SettingsNotKept, changes=True),
)
def change_settings(changes: SettingChanges, services: ServicesDep, translate: TranslateDep) -> SettingsAnswer:
    """Change settings: all of them, or none where one is refused (`error.field` names it).

    They are kept in the data folder. Where one needs the model to be loaded again, that is done after the work of
    the moment; if it does not load, the former values come back and `taken_back` says why.
    """
    services.settings_store.change(changes.values)
    return settings_answer(services, translate)


@router.get("/retention", responses=errors(InvalidParameter))
@reads_slowly
def get_retention(
    trash: TrashDep,
    days: Annotated[int, Query(ge=0, le=MOST_DAYS, description="To keep the history; 0 is for ever.", examples=[30])],
) -> RetentionAnswer:
    """See how many transcriptions a retention of so many days would move to the trash now."""
    count = trash.count_ended_before(datetime.now(UTC) - timedelta(days=days)) if days else 0
    return RetentionAnswer(count=count)


@router.get("/storage", responses=errors())
@reads_slowly
def get_storage(book: SettingsStoreDep, queue: QueueDep) -> StorageAnswer:
    """See how much room database, recordings, log and models take."""
    settings = book.now
    size = queue.database.facts().size_bytes
    used = storage_used(settings.data_dir, settings.log_dir, settings.models_dir, size)
    return StorageAnswer(**used)


@router.get("/backup", responses=errors())
def get_backup(services: ServicesDep) -> BackupAnswer:
    """See when the last backup was made, here or by `python -m app backup`."""
    return BackupAnswer(made_at=last_backup(services.settings.data_dir))


@router.post(
    "/backup",
    response_class=Response,
    responses=content(200, "The backup; `python -m app restore FILE` brings it back.", {"application/zip": "(bytes)"})
    | errors(DiskFull, DatabaseOnServer, changes=True),
)
@reads_slowly
def make_backup(
    services: ServicesDep,
    recordings: Annotated[bool, Form(description="Whether the recordings are in it.")] = False,
) -> Response:
    """Make a backup of database, settings and log, and of the recordings if they are wanted."""
    settings, stack = services.settings, ExitStack()
    places = Places(settings.data_dir, settings.log_dir, bool(settings.database_url), settings.files_url)
    file = stack.enter_context(made_backup(places, recordings=recordings))
    headers = {
        "content-disposition": content_disposition("attachment", file.name),
        "content-length": str(file.stat().st_size),
    }
    return StreamingResponse(_sent(stack, file), media_type="application/zip", headers=headers)


def _sent(stack: ExitStack, path: Path) -> Iterator[bytes]:
    with stack, path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
