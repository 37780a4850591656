"""Why a hub could not be reached, in a few words: the clients wrap the system's reason several times."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 200


def reason_of(error: BaseException) -> str:
    """Return the system's message (`Connection refused`), else the first line of the error."""
    causes = list(_causes(error))
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:LONGEST]
    return first_line(error)


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:LONGEST]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        reason = getattr(error, "reason", None)  # of a URLError
        inner = reason if isinstance(reason, BaseException) else None
        error = error.__cause__ or error.__context__ or inner
