"""The search by speaker: found by name and by what somebody says, whatever becomes of names, turns and texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.edits import Piece
from app.domain.people import PERMISSIONS, Actor, Role, acting_as
from app.domain.speakers import Speakers, SpeakerTurn
from app.domain.states import JobState
from app.services.transcriptions.history import History
from app.services.transcriptions.job_queue import Queue
from app.store.database import Connection
from app.store.files.recordings import Files
from app.store.queries import diarizations, edits, history, segments, transcriptions, trash
from app.store.queries.history_filter import RARE, HistoryFilter, HistoryPosition, plan_query
from app.store.queries.voices import speaker_names
from tests.store.conftest import BEGIN, ON_SQLITE, SavedTranscriptions

SAID = (("今天讨论预算", 1), ("下周会议 about the budget", 2), ("预算已经完成", 2))


def spoken(
    saved: SavedTranscriptions, names: dict[int, str], connection: Connection | None = None, **values: str
) -> str:
    """Return a transcription in which the first speaker says one thing, and the second one two."""
    if connection is None:
        with saved.database.writing() as own:
            return spoken(saved, names, own, **values)
    id = saved.add("".join(text for text, _ in SAID), connection=connection, **values)
    rows = [
        {"index": at, "start": 5.0 * at, "end": 5.0 * at + 4, "covers_seconds": 5.0, "state": "done"}
        | {"text": text, "text_raw": text}
        for at, (text, _) in enumerate(SAID)
    ]
    segments.add(connection, id, rows)
    turns = tuple(SpeakerTurn(5.0 * at, 5.0 * at + 4, speaker) for at, (_, speaker) in enumerate(SAID))
    diarizations.replace(connection, id, "test", turns)
    diarizations.change(connection, id, Speakers(turns, names), ())
    return id


def change(saved: SavedTranscriptions, id: str, speakers: Speakers) -> None:
    with saved.database.writing() as connection:
        diarizations.change(connection, id, speakers, ())


def speakers_of(saved: SavedTranscriptions, id: str) -> Speakers:
    with saved.database.reading() as connection:
        return diarizations.of(connection, id)


def found(saved: SavedTranscriptions, speaker: str, query: str = "", **others: object) -> list[str]:
    with saved.database.reading() as connection:
        wanted = replace(HistoryFilter(query=query, speaker=speaker), **others)  # type: ignore[arg-type]
        return [row["id"] for row in history.page(connection, wanted, 10).rows]


@pytest.mark.parametrize("name", ["Wang Fang", "wang fang", "  Wang  FANG ", "Ｗａｎｇ Fang"])
def test_a_speaker_is_found_by_the_whole_name(saved: SavedTranscriptions, name: str) -> None:
    ids = [spoken(saved, {1: "Wang Fang"}) for _ in range(3)][::-1]
    spoken(saved, {1: "Wang"})
    spoken(saved, {})

    assert found(saved, name) == ids
    assert found(saved, "Wang")[0] not in ids
    assert found(saved, "Fang") == []


@pytest.mark.parametrize("name", ['"', "*", "speaker : x", "王芳 (财务)", "a AND b", "🎤", "x" * 60])
def test_any_name_is_found(saved: SavedTranscriptions, name: str) -> None:
    id = spoken(saved, {2: name})
    assert found(saved, name) == [id]
    assert found(saved, name, "budget") == [id]


def test_what_somebody_says_is_found_and_what_others_say_is_not(saved: SavedTranscriptions) -> None:
    id = spoken(saved, {1: "Wang", 2: "Li"})

    assert found(saved, "Wang", "讨论") == found(saved, "Li", "会议 budget") == [id]
    assert found(saved, "Wang", "会议") == found(saved, "Li", "讨论") == []
    assert found(saved, "Wang", "预算") == found(saved, "Li", "预算") == [id]
    assert found(saved, "Wang", "…") == []


def test_names_are_found_by_the_search_for_words(saved: SavedTranscriptions) -> None:
    id = spoken(saved, {1: "Wang Fang"})
    assert saved.found("fang") == [id]
    change(saved, id, speakers_of(saved, id).named(1, "Li"))
    assert (saved.found("fang"), saved.found("Li")) == ([], [id])


def test_the_search_follows_naming_merging_splitting_and_moving(saved: SavedTranscriptions) -> None:
    id = spoken(saved, {1: "Wang", 2: "Li"})
    change(saved, id, speakers_of(saved, id).moved(0.0, 4.0, 2))
    assert (found(saved, "Li", "讨论"), found(saved, "Wang", "讨论")) == ([id], [])
    change(saved, id, speakers_of(saved, id).moved(0.0, 4.0, 1).merged(2, 1))
    assert (found(saved, "Wang", "会议"), found(saved, "Li")) == ([id], [])
    change(saved, id, speakers_of(saved, id).split(1, 9.0).named(2, "Zhao"))
    assert (found(saved, "Wang", "完成"), found(saved, "Zhao", "完成")) == ([], [id])
    with saved.database.writing() as connection:
        diarizations.replace(connection, id, "test", [SpeakerTurn(0.0, 20.0, 1)])
    assert (found(saved, "Wang"), found(saved, "Zhao"), saved.found("Zhao")) == ([], [], [])


def test_the_search_follows_an_edited_text(saved: SavedTranscriptions) -> None:
    id = spoken(saved, {1: "Wang"})
    piece = Piece(0.0, 4.0, "合同延期", "合同延期", ()).to_dict()
    with saved.database.writing() as connection:
        edits.replace(connection, id, 0, 0, [piece], datetime.now(UTC))
        transcriptions.change(connection, id, text="合同延期")

    assert (found(saved, "Wang", "合同"), found(saved, "Wang", "讨论")) == ([id], [])


def test_what_is_removed_is_gone_from_the_index(saved: SavedTranscriptions) -> None:
    id = spoken(saved, {1: "Wang"})
    with saved.database.writing() as connection:
        trash.hide(connection, [id], BEGIN)
    assert (found(saved, "Wang"), found(saved, "Wang", in_trash=True)) == ([], [id])
    with saved.database.writing() as connection:
        transcriptions.remove(connection, id)
        for table in ("speaker_names", "speaker_index"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0  # noqa: S608


def test_filters_and_pages_go_together(saved: SavedTranscriptions) -> None:
    ids = [spoken(saved, {1: "Wang", 2: "Li"}) for _ in range(5)][::-1]
    failed = spoken(saved, {1: "Wang"}, state="failed")
    wanted = HistoryFilter(speaker="Wang", state=JobState.SUCCEEDED)
    for each in (wanted, replace(wanted, query="讨论"), replace(wanted, since=BEGIN)):
        with saved.database.reading() as connection:
            rows = history.page(connection, each, 10).rows
            places = [HistoryPosition(row["number"]) for row in rows]
            assert [row["id"] for row in rows] == ids
            assert [row["id"] for row in history.page(connection, each, 2, before=places[1]).rows] == ids[2:4]
            assert [row["id"] for row in history.page(connection, each, 2, after=places[3]).rows] == ids[1:3]
            assert history.count(connection, each) == 5
    assert found(saved, "Wang", state=JobState.FAILED) == [failed]
    assert found(saved, "Wang", until=BEGIN + timedelta(minutes=3)) == ids[3:]


@ON_SQLITE
@pytest.mark.parametrize("rows", [1, RARE + 1])
@pytest.mark.parametrize("query", ["", "讨论"])
@pytest.mark.parametrize("state", [None, JobState.FAILED])
def test_a_page_is_found_in_indexes_alone_and_never_sorted(
    saved: SavedTranscriptions, query: str, state: JobState | None, rows: int
) -> None:
    with saved.database.writing() as connection:
        spoken(saved, {1: "Wang"}, connection, state=state or "succeeded")
        for _ in range(rows - 1):
            saved.add(connection=connection, state=state or "succeeded")
        plan = plan_query(connection, HistoryFilter(query=query, speaker="Wang", state=state))
        assert plan
        for compiled in (
            each.limit(20).compile(connection.engine)
            for each in (plan.below(None), plan.below(HistoryPosition(10**12)), plan.above(HistoryPosition(10**12)))
        ):
            values = tuple(compiled.construct_params()[name] for name in compiled.positiontup or ())
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]
            assert not [step for step in steps if "TEMP B-TREE" in step], steps
            assert all("INDEX" in step or "SUBQUERY" in step for step in steps), steps


def test_excerpts_are_of_the_speaker_alone(saved: SavedTranscriptions) -> None:
    spoken(saved, {1: "Wang", 2: "Li"})
    database = saved.database
    page = History(Queue(database, Files(database.folder))).page(HistoryFilter(query="预算", speaker="Li"), 10)

    [result] = page.results
    assert [excerpt.start for excerpt in result.excerpts] == [10.0]
    assert ["".join(piece.text for piece in name) for name in result.speakers] == ["Li", "Wang"]


def test_names_are_suggested_to_whoever_sees_the_transcription(saved: SavedTranscriptions) -> None:
    with acting_as(Actor(person="p1", permissions=PERMISSIONS[Role.MEMBER])):
        spoken(saved, {1: "Wang Fang", 2: "Li"})
    spoken(saved, {1: "wang fang", 2: "Wu"})

    def suggested(beginning: str, actor: Actor | None = None) -> list[str]:
        with saved.database.reading() as connection:
            if actor is None:
                return speaker_names.suggested(connection, beginning)
            with acting_as(actor):
                return speaker_names.suggested(connection, beginning)

    assert suggested("") == ["Li", "wang fang", "Wu"]
    assert suggested("W") == ["wang fang", "Wu"]
    assert suggested("wang f") == ["wang fang"]
    assert suggested("x") == []
    assert suggested("", Actor(person="p1")) == ["Li", "Wang Fang"]
    assert suggested("", Actor(person="p2")) == []
