"""Allowlists for settings, variables, browser, errors and options in a case: listed names, values of known kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from app.domain.errors.base import UNKNOWN, Problem, Reason
from app.domain.options import CHANNELS, QUALITIES
from app.engine.catalog.known_models import BUILTINS, known_model
from app.i18n import LANGUAGES, catalogue
from app.support.case.log import LEFT_OUT, route_of, told_request_id
from app.support.file_endings import ending_of
from app.support.journal import Entry

WORDED_SETTINGS = frozenset({"device", "dtype", "log_level", "vad_detector"})
"""Settings with a fixed set of values; numbers and switches are also included, nothing else is."""
PLAIN_VARIABLES = (
    *("CUDA_", "KMP_", "LC_", "MKL_", "NVIDIA_VISIBLE", "OMP_", "OPENBLAS_", "PYTORCH_", "TORCH_"),
    *("LANG", "LANGUAGE", "TZ", "PYTHONUTF8", "PYTHONUNBUFFERED", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"),
)
PARAMS = frozenset(
    {
        *("architecture", "bits", "container", "code", "codec", "count", "device", "devices", "dtype", "expected"),
        *("free_mb", "gflops", "index", "kind", "language", "limit_mb", "limit_kb", "days", "hours", "package"),
        *("rtf", "seconds", "share", "state", "status", "version", "versions", "value", "values", "gain", "times"),
    }
)
BROWSER = frozenset(
    {
        *("has_microphone_api", "has_worklet", "is_secure", "languages", "page_language", "pixel_ratio", "theme"),
        *("time_zone", "user_agent", "window", "doctor"),
    }
)

_VARIABLE = re.compile(r"[A-Za-z0-9_.,:-]{0,40}")
_FACT = re.compile(
    r"[A-Za-z_]{1,20}/[A-Za-z_]{1,20}|[A-Za-z]{2}(?:-[A-Za-z]{2,4})?(?:, [A-Za-z]{2}(?:-[A-Za-z]{2,4})?)*|\d+ x \d+|dark|light|UTC|"
)
_AGENT = re.compile(
    r"\b(?:Mozilla|AppleWebKit|HeadlessChrome|Chrome|Chromium|CriOS|FxiOS|Firefox|Gecko|Edg|OPR|Safari|Version|Mobile)/[\d.]+"
    r"|Windows NT [\d.]+|Mac OS X [\d_.]+|Linux x86_64|Linux aarch64|Android [\d.]+|iPhone|iPad"
)
_FILES = re.compile(r"\d+ × (?:(?:\.\w{1,5}|\?) ?)+, \d+ B")
_SUFFIX = re.compile(r"\.\w+")
_ENDED = re.compile(r"SIG[A-Z0-9+]+|exit code -?\d+|signal \d+")
_NUMBER = re.compile(r"-?\d{1,5}(?:\.\d{1,3})?")  # longer: a phone, an address, a code
_BROWSER_ERROR = re.compile(r"\b(?:[A-Z][a-z]+)?Error\b")
_SCRIPT = re.compile(r"\(?(/static/[\w./-]+\.js)\)?:(\d+)")
_CODES = frozenset({"on", "off", "auto", "cpu", "cuda", "mps", *QUALITIES, *CHANNELS, *LANGUAGES})


def settings(told: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return every setting; for addresses, folders and names only whether they were changed."""
    return {
        name: {
            "value": _setting(name, each["value"]),
            "origin": each["origin"],
            "default": _setting(name, each["default"]),
            "is_changed": each["value"] != each["default"],
        }
        for name, each in told.items()
    }


def environment(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts; for variables that may hold an address, a folder or a name only that they are set."""
    variables = {name: _variable(name, value) for name, value in told["variables"].items()}
    return {**told, "variables": variables}


def problem(found: Problem | None) -> dict[str, Any] | None:
    """Return an error without values from outside the program."""
    if found is None:
        return None
    safe = replace(found, params=params(found.params))
    return safe.explained() | {"params": {name: _as_plain(value) for name, value in safe.params.items()}}


def explained(id: str, message: str, advice: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Return fact and advice of a check or a finding without values from outside the program."""
    return Problem(id, message, advice, params(values)).explained()


def reason(found: Reason | None) -> str:
    """Return a reason in the program's words; a library's message may contain anything."""
    if found is None:
        return ""
    return LEFT_OUT if found.code == UNKNOWN else replace(found, params=params(found.params)).told()


def model(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts about a model; folder and name only of those that everybody may have."""
    name = model_name(str(found["name"]))
    told = {**found, "name": name, "folder": LEFT_OUT}
    if "problem" in found:  # its message names the folder
        told["problem"] = {"code": found["problem"].get("code")}
    if name == LEFT_OUT and "files" in found:
        told["files"] = [file | {"name": LEFT_OUT} for file in found["files"]]
    return told


def model_name(name: str) -> str:
    """Return the name of a model that everybody may have; another one is what its owner called a folder."""
    return name if not name or name in BUILTINS or known_model(name) else LEFT_OUT


def params(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _param(name, value) for name, value in values.items()}


def browser(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the allowed properties that a browser reports."""
    return {name: _browser(name, value) for name, value in told.items() if name in BROWSER}


def entry(done: Entry) -> dict[str, Any]:
    """Return one action in a page, with the page's own words only."""
    return asdict(shown(done))


def shown(done: Entry) -> Entry:
    """Return an entry whose control and value are known words, numbers or addresses of the program."""
    method, _, address = done.control.partition(" ")
    is_request = done.kind == "request"
    control = f"{_method(method)} {route_of(address)}" if is_request else _known_words(done.control)
    return replace(
        done,
        at=_moment(done.at),
        page=route_of(done.page),
        control=control,
        value=_entry_value(done),
        request=told_request_id(done.request or "-"),
    )


def _setting(name: str, value: Any) -> Any:
    if (
        isinstance(value, bool | int | float)
        or value is None
        or (name in WORDED_SETTINGS and _VARIABLE.fullmatch(value))
    ):
        return value
    return LEFT_OUT if value else value


def _variable(name: str, value: str) -> str:
    return value if name.startswith(PLAIN_VARIABLES) and _VARIABLE.fullmatch(value) else LEFT_OUT


def _param(name: str, value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Reason) and value.code:
        return replace(value, params=params(value.params))
    if isinstance(value, Mapping) and {"code", "message"} <= set(value):  # a nested error, or a reason
        told = value.get("params") or {}
        return {"code": str(value["code"]), "message": _known_words(str(value["message"])), "params": params(told)}
    is_plain = name in PARAMS and _VARIABLE.fullmatch(str(value))
    return value if is_plain or _ENDED.fullmatch(str(value)) else _known_words(str(value))


def _as_plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Reason) else value


def _browser(name: str, value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if name == "user_agent":
        return " ".join(_AGENT.findall(str(value)))
    if name == "doctor" and isinstance(value, list):
        ids = (each for each in value if isinstance(each, Mapping))
        return [{part: _known_id(each.get(part)) for part in ("id", "status")} for each in ids]
    return value if isinstance(value, str) and _FACT.fullmatch(value) else LEFT_OUT


def _known_id(value: Any) -> str:
    known = {"secure", "microphone", "worklet", "storage", "socket", "upload", "download", "clock", "language"}
    return value if value in known | {"ok", "note", "warning", "failure"} else LEFT_OUT


def _method(word: str) -> str:
    return word if word in ("GET", "POST", "PUT", "PATCH", "DELETE") else ""


def _moment(text: str) -> str:
    return text if re.fullmatch(r"[\d:.TZ+-]{0,40}", text) else ""


def _entry_value(done: Entry) -> str:
    if done.kind == "files":
        return _SUFFIX.sub(_known_ending, done.value) if _FILES.fullmatch(done.value) else LEFT_OUT
    if done.kind == "key":
        return done.value if done.value in ("Ctrl+Enter", "Esc", "?") else LEFT_OUT
    if done.kind == "error":
        places = [f"({file}:{line})" for file, line in _SCRIPT.findall(done.value)[:3]]
        return " ".join((*_BROWSER_ERROR.findall(done.value)[:3], *places)) or LEFT_OUT
    if _NUMBER.fullmatch(done.value) or done.value in _CODES:
        return done.value
    return _known_words(done.value)


def _known_ending(suffix: re.Match[str]) -> str:
    return ending_of(f"x{suffix[0]}") or "?"


def _known_words(text: str) -> str:
    return text if not text or text in _words_of_pages() else LEFT_OUT


@cache
def _words_of_pages() -> frozenset[str]:
    words: set[str] = set()
    for language in LANGUAGES:
        if language != "en":
            for message in catalogue(language):
                words |= {" ".join(str(each).split()) for each in (message.id, message.string) if each}
    return frozenset(words)
