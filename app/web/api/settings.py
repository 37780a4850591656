"""REST and page: the settings, what they do, where they come from; and the room that everything takes."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app import __version__
from app.domain.errors import SettingFixed, SettingRefused, SettingsNotKept, SettingUnknown
from app.paths import builtin_model_dir
from app.services.disk_usage import storage_used
from app.settings import ON_PAGE, Effect, Origin, Settings, variable
from app.web.answers.setting_wording import GROUPS, Words
from app.web.answers.transcriptions import model_answer
from app.web.api.models import models_answer
from app.web.api.routers import ApiRouter
from app.web.dependencies import SettingsBookDep, State, StateDep, TranslateDep
from app.web.errors import LARGEST_FORM_BYTES
from app.web.openapi import errors
from app.web.schemas.settings import (
    SettingChanges,
    SettingGroup,
    SettingItem,
    SettingsAnswer,
    StartSetting,
    StorageAnswer,
    TakenBackAnswer,
)
from app.web.schemas.transcriptions import ErrorDetail
from app.web.templating import render

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.settings import SettingsBook

router = ApiRouter(prefix="/settings", tags=["system"])
pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

DEVICES = ("auto", "cpu", "cuda", "mps")


@router.get("", responses=errors())
def get_settings(state: StateDep, translate: TranslateDep) -> SettingsAnswer:
    """See every setting: its value, bounds and default, where it comes from, and what a change would do."""
    return settings_answer(state, translate)


@router.patch(
    "",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(SettingUnknown, SettingFixed, SettingRefused, SettingsNotKept, changes=True),
)
def change_settings(changes: SettingChanges, state: StateDep, translate: TranslateDep) -> SettingsAnswer:
    """Change settings: all of them, or none where one is refused (`error.field` names it).

    They are kept in the data folder. Where one needs the model to be loaded again, that is done after the work of
    the moment; if it does not load, the former values come back and `taken_back` says why.
    """
    state["settings_book"].change(changes.values)
    return settings_answer(state, translate)


@router.get("/storage", responses=errors())
def get_storage(book: SettingsBookDep) -> StorageAnswer:
    """See how much room database, recordings, log and models take."""
    settings = book.now
    used = storage_used(settings.data_dir, settings.log_dir, settings.models_dir)
    return StorageAnswer(**used)


@pages.get("/settings")
def settings_page(request: Request, state: StateDep, translate: TranslateDep) -> HTMLResponse:
    """Change how the server computes, and see what it runs on."""
    in_use = state["models"].folder_in_use()
    context = {
        "settings": settings_answer(state, translate).model_dump(mode="json"),
        "model": model_answer(state["inference"].status(), translate).model_dump(mode="json"),
        "model_name": in_use.name,
        "is_builtin": in_use == builtin_model_dir(),
        "shelf": models_answer(state, translate).model_dump(mode="json"),
        "has_worker": state["has_worker"],
        "versions": _versions(),
    }
    return render(request, "pages/settings.html", context)


def settings_answer(state: State, translate: Translate) -> SettingsAnswer:
    book = state["settings_book"]
    now = book.now
    return SettingsAnswer(
        groups=[
            SettingGroup(
                title=translate(title),
                settings=[_item(name, words, now, book, translate) for name, words in members.items()],
            )
            for title, members in GROUPS.items()
        ],
        at_start=[_start_setting(name, now) for name in Settings.model_fields if name not in ON_PAGE],
        file=str(book.file),
        damage=book.damage,
        is_reloading=state["has_worker"] and book.engine_is_outdated,
        taken_back=_taken_back(book, translate),
        model=model_answer(state["inference"].status(), translate),
    )


def _taken_back(book: SettingsBook, translate: Translate) -> TakenBackAnswer | None:
    if not (taken_back := book.taken_back):
        return None
    problem = ErrorDetail(**taken_back.problem.explained(translate))
    return TakenBackAnswer(values=dict(taken_back.values), problem=problem)


def _item(name: str, words: Words, now: Settings, book: SettingsBook, translate: Translate) -> SettingItem:
    value, origin, effect = getattr(now, name), now.origin(name), ON_PAGE[name]
    changed = value != getattr(book.at_start, name)
    return SettingItem(
        name=name,
        label=translate(words.label),
        hint=translate(words.hint),
        unit=translate(words.unit) if words.unit else "",
        zero=translate(words.zero) if words.zero else "",
        default=Settings.model_fields[name].default,
        value=value,
        origin=origin,
        is_locked=origin in (Origin.OPTION, Origin.ENVIRONMENT),
        variable=variable(name),
        effect=effect,
        waits_for_restart=changed and effect is Effect.RESTART,
        **_shape(name, value),
    )


def _shape(name: str, value: Any) -> dict[str, Any]:
    """Return kind, choices and bounds of a setting, as its type says."""
    field = Settings.model_fields[name]
    choices: tuple[Any, ...] = ()
    if name == "device":
        choices = tuple(dict.fromkeys((*DEVICES, value)))
    elif get_origin(field.annotation) is Literal:
        choices = get_args(field.annotation)
    bounds = {
        key: getattr(rule, key) for rule in field.metadata for key in ("ge", "gt", "le") if hasattr(rule, key)
    }
    kinds = {bool: "switch", int: "whole_number", float: "number"}
    kind = "choice" if choices else kinds[field.annotation]  # type: ignore[index]
    return {
        "kind": kind,
        "choices": [str(choice) for choice in choices],
        "least": bounds.get("ge", bounds.get("gt")),
        "most": bounds.get("le"),
    }


def _start_setting(name: str, now: Settings) -> StartSetting:
    value = getattr(now, name)
    return StartSetting(
        name=name,
        value="" if value is None else str(value),
        origin=now.origin(name),
        variable=variable(name),
    )


def _versions() -> dict[str, str]:
    """Return what the server is made of; torch is asked for its version without being imported."""
    import av  # its version of FFmpeg is known to the library alone

    return {
        "Fun-ASR WebUI": __version__,
        "Python": platform.python_version(),
        "PyTorch": _version("torch"),
        "FFmpeg": f"{av.ffmpeg_version_info} (PyAV {av.__version__})",
        "SQLite": sqlite3.sqlite_version,
        "OS": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "–"
