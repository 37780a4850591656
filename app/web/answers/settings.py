"""Converts settings to REST API responses, in the user's language."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from app import __version__
from app.i18n import Translate
from app.services.settings import SettingsStore
from app.setting_rules import ON_PAGE, Effect
from app.settings import Origin, Settings, variable
from app.store.facts import DatabaseFacts
from app.web.answers.setting_wording import GROUPS, Words
from app.web.answers.transcriptions import model_answer
from app.web.schemas.settings import (
    SettingGroup,
    SettingItem,
    SettingsAnswer,
    StartSetting,
    TakenBackAnswer,
)
from app.web.schemas.transcriptions import ErrorDetail
from app.web.services import Services

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.services.settings import SettingsStore

DEVICES = ("auto", "cpu", "cuda", "mps")


def settings_answer(services: Services, translate: Translate) -> SettingsAnswer:
    book = services.settings_store
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
        is_reloading=services.has_worker and book.engine_is_outdated,
        taken_back=_taken_back(book, translate),
        model=model_answer(services.inference.status(), translate),
    )


def _taken_back(book: SettingsStore, translate: Translate) -> TakenBackAnswer | None:
    if not (taken_back := book.taken_back):
        return None
    problem = ErrorDetail(**taken_back.problem.explained(translate))
    return TakenBackAnswer(values=dict(taken_back.values), problem=problem)


def _item(name: str, words: Words, now: Settings, book: SettingsStore, translate: Translate) -> SettingItem:
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
    """Return kind, choices and bounds of a setting, derived from its type."""
    field = Settings.model_fields[name]
    choices: tuple[Any, ...] = ()
    if name == "device":
        choices = tuple(dict.fromkeys((*DEVICES, value)))
    elif get_origin(field.annotation) is Literal:
        choices = get_args(field.annotation)
    bounds = {key: getattr(rule, key) for rule in field.metadata for key in ("ge", "gt", "le") if hasattr(rule, key)}
    kinds = {bool: "switch", int: "whole_number", float: "number", str: "text"}
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


def versions(database: DatabaseFacts) -> dict[str, str]:
    """Return the versions of the server's components; torch is not imported for this."""
    import av  # only the library knows its FFmpeg version

    return {
        "Fun-ASR WebUI": __version__,
        "Python": platform.python_version(),
        "PyTorch": _version("torch"),
        "FFmpeg": f"{av.ffmpeg_version_info} (PyAV {av.__version__})",
        database.product: database.version,
        "OS": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "–"
