"""REST and page: the settings, what they do, where they come from; and the room that everything takes."""

from __future__ import annotations

from app.domain.errors.settings import SettingFixed, SettingRefused, SettingsNotKept, SettingUnknown
from app.services.disk_usage import storage_used
from app.web.answers.settings import settings_answer
from app.web.dependencies import ServicesDep, SettingsStoreDep, TranslateDep
from app.web.openapi import errors
from app.web.pools import reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.settings import (
    SettingChanges,
    SettingsAnswer,
    StorageAnswer,
)

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


@router.get("/storage", responses=errors())
@reads_slowly
def get_storage(book: SettingsStoreDep) -> StorageAnswer:
    """See how much room database, recordings, log and models take."""
    settings = book.now
    used = storage_used(settings.data_dir, settings.log_dir, settings.models_dir)
    return StorageAnswer(**used)
