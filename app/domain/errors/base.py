"""The base of all errors: a code, a message and an advice, each its own translation key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a text for translation; it is translated where it is shown."""
    return text


STATE_WORDS = (
    N_("queued"),
    N_("running"),
    N_("succeeded"),
    N_("failed"),
    N_("cancelled"),
)  # as worded in errors
TRANSLATED_PARAMS = (
    "reason",
    "detail",
    "state",
)  # these may be our own wording; the others are names and numbers


UNKNOWN = ""  # code of a reason that an older version or a library gave as text


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was done differently than requested, or failed; app/domain/reasons.py has all of ours."""

    code: str
    message: str
    """Template in English; its own translation key."""
    params: Mapping[str, Any] = field(default_factory=dict)

    def of(self, **params: Any) -> Reason:
        """Return a copy with the values of a case."""
        return replace(self, params=params)

    def told(self, translate: Callable[[str], str] = str) -> str:
        """Return the text in the language of `translate`."""
        params = {name: _told(name, value, translate) for name, value in self.params.items()}
        return translate(self.message).format_map(params) if self.code else translate(self.message)

    def __str__(self) -> str:
        return self.told()

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "params": dict(self.params)} if self.code else {"text": self.message}


@dataclass(frozen=True, slots=True)
class Problem:
    """The content of an error, in a form that can be stored and shown later in any language."""

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
            "params": {name: _plain(value) for name, value in self.params.items()},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Problem:
        """Read the output of `to_dict`.

        Raises:
            ValueError: it is something else.
        """
        try:
            problem = cls(stored["code"], stored["message"], stored["advice"], stored.get("params", {}))
            hash(problem.code)
            problem.explained()
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"no problem is stored: {error!r}") from error
        return problem


def _plain(value: Any) -> Any:
    if isinstance(value, Reason):
        return {"code": value.code, "message": value.message, "params": dict(value.params)}
    return value


def _told(name: str, value: Any, translate: Callable[[str], str]) -> Any:
    """Return a parameter's value in the reader's language; it may be a whole problem, the cause of this one."""
    if isinstance(value, Reason):
        return value.told(translate)
    if isinstance(value, Mapping):  # a stored problem or reason
        return Reason(value["code"], value["message"], value.get("params", {})).told(translate)
    return translate(value) if name in TRANSLATED_PARAMS else value


class AppError(Exception):
    """An error that states what happened, why, and what to do next."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = N_("Internal error.")
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
