"""Both databases show the same pages, whichever way PostgreSQL finds them."""

from __future__ import annotations

import itertools
import random

import pytest

from app.domain.states import JobState
from app.store.queries import history, history_filter
from app.store.queries.history_filter import HistoryFilter, HistoryPosition
from tests.store.conftest import BEGIN, SavedTranscriptions
from tests.store.test_speaker_search import spoken

ROWS = 60
EVERYWHERE, SELDOM, LONG_AGO = "预算", "合同", "鹦鹉螺"
WORDS = ("", EVERYWHERE, SELDOM, LONG_AGO, f"{EVERYWHERE} {SELDOM}", "龘")


@pytest.fixture(name="filled")
def _filled(both: list[SavedTranscriptions], monkeypatch: pytest.MonkeyPatch) -> list[SavedTranscriptions]:
    """Databases in which neither all rows are looked at nor any kind is rare."""
    monkeypatch.setattr(history_filter, "LOOKED_AT", 10)
    monkeypatch.setattr(history_filter, "RARE", 2)
    for saved in both:
        chance = random.Random(11)
        with saved.database.writing() as connection:
            for number in range(ROWS):
                said = chance.choice(("", "", "", SELDOM)) + (LONG_AGO if number < 8 else "")
                state = chance.choice(("succeeded", "failed"))
                spoken(saved, {1: chance.choice(("Wang", "Li")), 2: "Wu"}, connection, name=said, state=state)
    return both


@pytest.mark.parametrize("speaker", ["", "Wang", "Wu"])
@pytest.mark.parametrize("query", WORDS)
def test_both_show_the_same_pages(filled: list[SavedTranscriptions], query: str, speaker: str) -> None:
    states, sinces = (None, JobState.FAILED), (None, BEGIN.replace(minute=20))
    for state, since in itertools.product(states, sinces):
        wanted = HistoryFilter(query=query, speaker=speaker, state=state, since=since)
        here, there = (pages(saved, wanted) for saved in filled)
        assert here == there


def pages(saved: SavedTranscriptions, wanted: HistoryFilter) -> list[object]:
    """The number of matches, all of them, and what lies around the middle one."""
    with saved.database.reading() as connection:
        everything = [row["number"] for row in history.page(connection, wanted, ROWS).rows]
        told: list[object] = [history.count(connection, wanted), everything]
        if everything:
            place = HistoryPosition(everything[len(everything) // 2])
            for asked in ({"before": place}, {"after": place}, {"offset": 3}):
                told += [[row["number"] for row in history.page(connection, wanted, 4, **asked).rows]]
            told += [history.ids(connection, wanted, 4, place)]
    return told


def test_the_pages_differ_from_each_other(filled: list[SavedTranscriptions]) -> None:
    """What the test above compares is neither nothing nor always the same."""
    counts = [pages(filled[1], HistoryFilter(query=query))[0] for query in WORDS]
    assert counts[:2] == [ROWS, ROWS]
    assert 8 < int(str(counts[2])) < ROWS
    assert counts[3:] == [8, counts[2], 0]
