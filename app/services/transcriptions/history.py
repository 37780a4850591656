"""Search in the history: pages of matching transcriptions with excerpts, and totals over everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from app.domain.states import JobState
from app.domain.transcription import Transcription
from app.services.transcriptions.excerpts import Excerpt, Piece, excerpts_of, marked
from app.services.transcriptions.job_queue import Queue
from app.store.database import Row
from app.store.queries import batches, history
from app.store.queries.history import COUNTED_TO
from app.store.queries.history_filter import HistoryFilter, HistoryPosition
from app.store.queries.voices import speaker_names
from app.store.rows import transcription_from

__all__ = [
    "COUNTED_TO",
    "Day",
    "Excerpt",
    "History",
    "HistoryFilter",
    "HistoryPage",
    "HistoryPosition",
    "Piece",
    "Result",
    "Totals",
    "marked",
]


@dataclass(frozen=True, slots=True)
class Result:
    """One matching transcription, with its text truncated."""

    transcription: Transcription
    deleted_at: datetime | None
    name: tuple[Piece, ...]
    excerpts: tuple[Excerpt, ...]
    batch: tuple[str, str] | None
    """Id and name of its batch."""
    speakers: tuple[tuple[Piece, ...], ...] = ()
    """Their names, of those that have one."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of results."""

    results: list[Result]
    total: int
    """Number of matches; at most COUNTED_TO if `is_more`."""
    is_more: bool
    older: HistoryPosition | None
    """Where the next page begins; None on the last."""
    newer: HistoryPosition | None
    """Where the previous page ends; None on the first."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals over everything stored; the trash is included only where stated."""

    count: int
    seconds: float
    size_bytes: int
    by_state: dict[str, int]
    by_language: dict[str, int]
    by_source: dict[str, int]
    trash_count: int
    trash_bytes: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was submitted on one day in the user's time zone."""

    date: date
    count: int


class History:
    """The searchable history of `queue`."""

    def __init__(self, queue: Queue) -> None:
        self._database = queue.database

    def page(
        self,
        wanted: HistoryFilter,
        limit: int,
        *,
        before: HistoryPosition | None = None,
        after: HistoryPosition | None = None,
        offset: int = 0,
    ) -> HistoryPage:
        """Return a page of matches: the first below `before`, the last above `after`, or the very first."""
        with self._database.reading() as connection:
            found = history.page(connection, wanted, limit + 1, before=before, after=after, offset=offset)
            rows = found.rows
            goes_on = len(rows) > limit
            shown = (rows[-limit:] if after else rows[:limit]) if goes_on else rows
            is_all = not (goes_on or before or after or offset)
            counted = len(rows) if is_all else found.total
            total = history.count(connection, wanted) if counted is None else counted
            of_batch = batches.of_transcriptions(connection, [row["id"] for row in shown])
            named = speaker_names.of_transcriptions(connection, [row["id"] for row in shown])
            excerpts = excerpts_of(connection, shown, wanted.query, wanted.speaker)
        results = [
            _result(row, wanted, excerpts[row["id"]], of_batch.get(row["id"]), named[row["id"]]) for row in shown
        ]
        has_older = goes_on or after is not None
        has_newer = goes_on if after else before is not None or bool(offset)
        is_more = total > COUNTED_TO and not wanted.is_countable
        return HistoryPage(
            results,
            COUNTED_TO if is_more else total,
            is_more,
            _place(shown[-1]) if shown and has_older else None,
            _place(shown[0]) if shown and has_newer else None,
        )

    def totals(self) -> Totals:
        """Return the totals; they are maintained with every change, so this is fast."""
        with self._database.reading() as connection:
            rows = history.totals(connection)
        shown = [row for row in rows if not row["in_trash"]]
        thrown = [row for row in rows if row["in_trash"]]
        return Totals(
            count=_sum(shown, "count"),
            seconds=sum(row["seconds"] for row in shown),
            size_bytes=_sum(shown, "size_bytes"),
            by_state={state.value: 0 for state in JobState} | _by(shown, "state"),
            by_language=_by(shown, "language"),
            by_source=_by(shown, "source"),
            trash_count=_sum(thrown, "count"),
            trash_bytes=_sum(thrown, "size_bytes"),
        )

    def days(self, zone: tzinfo, count: int, now: datetime) -> list[Day]:
        """Return the last `count` days up to `now`, oldest first, including empty ones."""
        today = now.astimezone(zone).date()
        dates = [today - timedelta(days=back) for back in reversed(range(count))]
        begin = datetime.combine(dates[0], time.min, zone)
        with self._database.reading() as connection:
            slots = history.created_since(connection, begin)
        counts = Counter[date]()
        for moment, counted in slots:
            counts[moment.astimezone(zone).date()] += counted
        return [Day(date, counts[date]) for date in dates]

    def speakers(self, beginning: str) -> list[str]:
        """Return names of speakers that begin so, in alphabetical order."""
        with self._database.reading() as connection:
            return speaker_names.suggested(connection, beginning)


def _result(
    row: Row,
    wanted: HistoryFilter,
    excerpts: tuple[Excerpt, ...],
    batch: tuple[str, str] | None,
    speakers: Sequence[str],
) -> Result:
    return Result(
        transcription_from(row),
        row["deleted_at"],
        tuple(marked(row["name"], "" if wanted.speaker else wanted.query)),
        excerpts,
        batch,
        tuple(tuple(marked(name, wanted.speaker or wanted.query)) for name in speakers),
    )


def _place(row: Row) -> HistoryPosition:
    return HistoryPosition(row["number"], row["deleted_at"])


def _sum(rows: Sequence[Row], name: str) -> int:
    return sum(row[name] for row in rows)


def _by(rows: Sequence[Row], name: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        if row[name]:
            counts[row[name]] = counts.get(row[name], 0) + row["count"]
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))
