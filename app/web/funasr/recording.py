"""One recording of a connection: what both kinds, live and whole, have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import anyio

from app.web.funasr.answers import Answer, Told

if TYPE_CHECKING:
    from app.domain.errors.base import Problem
    from app.i18n import Translate
    from app.services.live import LiveEvent
    from app.web.funasr.messages import Configuration
    from app.web.services import Services

_T = TypeVar("_T")


class Recording(Protocol):
    """Takes the sound of one recording and tells its text."""

    problem: Problem | None
    """Why it has failed; nothing more is taken then."""

    async def take(self, data: bytes) -> None:
        """Take sound.

        Raises:
            AppError: it cannot be taken; the recording is over.
        """

    async def finish(self) -> None:
        """Tell the whole text, the last message first of all being final.

        Raises:
            AppError: there is none.
        """

    async def abandon(self) -> None:
        """Keep what has come: the client has gone before its end."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a recording needs of its connection."""

    services: Services
    translate: Translate
    send: Callable[[Answer], None]
    listen: Callable[[LiveEvent], None]
    gone: anyio.Event
    """Set when the client has gone."""

    async def unless_gone(self, awaited: Callable[[], Awaitable[_T]]) -> _T | None:
        """Wait for something as long as the client is there."""
        found: list[_T] = []

        async def wait_for_it() -> None:
            found.append(await awaited())
            tasks.cancel_scope.cancel()

        async def wait_for_the_end() -> None:
            await self.gone.wait()
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_for_it)
            tasks.start_soon(wait_for_the_end)
        return found[0] if found else None


def explained(problem: Problem, translate: Translate) -> dict[str, str]:
    """Return an error as the members of a message."""
    told = problem.explained(translate)
    return {"error": f"{told['message']} {told['advice']}", "code": told["code"]}


def acknowledgement(told: Told, config: Configuration, problem: Problem | None, translate: Translate) -> Answer:
    """Return the answer to `is_end`: everything has been told, or why not."""
    details: dict[str, Any] = explained(problem, translate) if problem else {}
    return told.message(is_final=problem is None, is_end=True, ignored=list(config.ignored) or None, **details)
