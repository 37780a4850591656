"""Manual edits: kept beside the recognised text, consistent with search and exports, never overwritten."""

from __future__ import annotations

import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import EditConflict, NotFinished, TranscriptionNotFound
from app.domain.states import JobState
from app.services.transcriptions.edits import Change, Draft, change_text, edited_text, restore_text
from app.services.transcriptions.history import History, HistoryFilter
from app.services.transcriptions.job_store import JobStore
from app.store.queries import transcriptions
from tests.recognised import recognised
from tests.services.conftest import House, talk

SENTENCES = ("今天天气好", "明天下雨", "后天放晴")


def rewrite(house: House, id: str, revision: int, index: int, *texts: str) -> int:
    change = Change(index, index, tuple(Draft(text) for text in texts))
    return change_text(house.queue, id, revision, [change]).revision


def texts(house: House, id: str, *, original: bool = False) -> list[str]:
    return [segment.text for segment in house.queue.transcript(id, original=original).segments]


def test_an_edit_is_read_everywhere_and_the_original_is_kept(house: House) -> None:
    id = recognised(house.queue, SENTENCES)

    assert rewrite(house, id, 0, 1, "明天下雪。") == 1

    assert texts(house, id) == ["今天天气好", "明天下雪。", "后天放晴"]
    assert texts(house, id, original=True) == list(SENTENCES)
    assert [segment.text for segment in house.queue.segments(id)] == list(SENTENCES)
    assert house.queue.get(id).text == "今天天气好明天下雪。后天放晴"
    assert house.queue.get(id).edit_revision == 1


def test_the_search_finds_the_new_words_and_no_longer_the_old_ones(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 1, "明天下雪。")
    history = History(house.queue)

    found = history.page(HistoryFilter("下雪"), 10).results

    assert [(excerpt.segment, excerpt.start) for excerpt in found[0].excerpts] == [(1, 10.0)]
    assert history.page(HistoryFilter("下雨"), 10).total == 0
    assert history.page(HistoryFilter("放晴"), 10).results[0].excerpts[0].segment == 2


def test_a_segment_is_split_where_its_words_say(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 0, "今天", "天气好")

    segments = house.queue.transcript(id).segments

    assert [(segment.start, segment.end, segment.text) for segment in segments[:2]] == [
        (0.0, 2.0, "今天"),
        (2.0, 5.0, "天气好"),
    ]
    assert [word.start for word in segments[1].words] == [2.0, 3.0, 4.0]
    assert [segment.text_raw for segment in segments[:2]] == ["今天", "天气好"]


def test_a_segment_without_times_is_split_by_its_length(house: House) -> None:
    id = recognised(house.queue, SENTENCES, with_words=False)
    rewrite(house, id, 0, 0, "今天", "天气好")

    segments = house.queue.transcript(id).segments

    assert [(segment.start, segment.end) for segment in segments[:2]] == [(0.0, 2.0), (2.0, 5.0)]


def test_segments_are_merged_into_one_that_covers_both(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    change_text(house.queue, id, 0, [Change(0, 1, (Draft("今天天气好，明天下雨"),))])

    first, second = house.queue.transcript(id).segments

    assert (first.start, first.end, first.text_raw) == (0.0, 15.0, "今天天气好明天下雨")
    assert [word.start for word in first.words] == [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.25, 12.5, 13.75]
    assert second.text == "后天放晴"


def test_a_border_that_is_known_stays_when_the_text_changes(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    pieces = (Draft("全新", 0.0, 1.5), Draft("另外的字", 1.5, 5.0))

    change_text(house.queue, id, 0, [Change(0, 0, pieces)])

    segments = house.queue.transcript(id).segments
    assert [(segment.start, segment.end) for segment in segments[:2]] == [(0.0, 1.5), (1.5, 5.0)]


def test_a_text_that_is_taken_away_leaves_exports_and_search(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 1, "")

    assert texts(house, id) == ["今天天气好", "后天放晴"]
    assert house.queue.get(id).text == "今天天气好后天放晴"


def test_the_second_of_two_writers_is_told_and_overwrites_nothing(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 0, "一")

    with pytest.raises(EditConflict) as conflict:
        rewrite(house, id, 0, 0, "二")

    assert conflict.value.params == {"current": 1, "sent": 0}
    assert texts(house, id)[0] == "一"
    assert rewrite(house, id, 1, 0, "二") == 2


def test_changes_are_made_all_or_none(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    good, bad = Change(0, 0, (Draft("一"),)), Change(9, 9, (Draft("二"),))

    with pytest.raises(InvalidParameter):
        change_text(house.queue, id, 0, [good, bad])

    assert texts(house, id) == list(SENTENCES)
    assert house.queue.get(id).edit_revision == 0


def test_one_segment_is_restored_and_so_is_all(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    change_text(house.queue, id, 0, [Change(0, 1, (Draft("一"),)), Change(2, 2, (Draft("二"),))])

    change_text(house.queue, id, 1, [Change(0, 1, ())])
    assert texts(house, id) == ["今天天气好", "明天下雨", "二"]

    assert restore_text(house.queue, id, 2).revision == 3
    assert texts(house, id) == list(SENTENCES)
    assert edited_text(house.queue, id).edits == ()


def test_an_edit_swallows_the_edits_inside_it_and_none_is_cut_in_two(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 0, "一")
    change_text(house.queue, id, 1, [Change(0, 1, (Draft("一和二"),))])

    assert [(edit.first, edit.last) for edit in edited_text(house.queue, id).edits] == [(0, 1)]
    with pytest.raises(InvalidParameter):
        change_text(house.queue, id, 2, [Change(1, 2, (Draft("二和三"),))])


@pytest.mark.parametrize(
    "pieces",
    [
        (Draft("a", 0.0, 3.0), Draft("b", 2.0, 5.0)),
        (Draft("a", 0.0, 3.0), Draft("b", 30.0, 35.0)),
        (Draft("a", 0.0, 9.0), Draft("b", 9.0, 31.0)),
    ],
)
def test_times_that_do_not_fit_are_refused(house: House, pieces: tuple[Draft, ...]) -> None:
    id = recognised(house.queue, SENTENCES)

    with pytest.raises(InvalidParameter):
        change_text(house.queue, id, 0, [Change(0, 0, pieces)])


def test_a_segment_begins_and_ends_where_a_person_says(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    change_text(house.queue, id, 0, [Change(1, 1, (Draft(SENTENCES[1], 8.5, 15.75),))])

    segments = house.queue.transcript(id).segments
    assert [(segment.start, segment.end) for segment in segments] == [(0.0, 5.0), (8.5, 15.75), (20.0, 25.0)]
    assert [word.start for word in segments[1].words] == [10.0, 11.25, 12.5, 13.75]


def test_what_is_read_can_be_put_right_while_the_rest_is_read(house: House) -> None:
    with house.working("HalfwayEngine"):
        id = house.submit(talk(0.2, 0.4, 0.3)).id
        house.until(lambda: house.queue.get(id).progress.segments_done == 1)
        assert rewrite(house, id, 0, 0, "put right") == 1
        with pytest.raises(NotFinished):
            rewrite(house, id, 1, 2, "too early")
        house.note("go")
        house.end_of(id)

    assert texts(house, id) == ["put right", "Level 4.", "Level 3."]
    assert house.queue.get(id).text == "put right Level 4. Level 3."


def test_what_is_not_read_yet_cannot_be_edited(house: House) -> None:
    id = house.submit(talk()).id

    with pytest.raises(NotFinished):
        rewrite(house, id, 0, 0, "一")
    with pytest.raises(TranscriptionNotFound):
        rewrite(house, "none", 0, 0, "一")


def test_a_job_that_is_tried_again_keeps_its_edits(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 0, "一")
    with house.database.writing() as connection:
        transcriptions.change(connection, id, state=JobState.FAILED)
    house.queue.retry(id)
    assert house.queue.get(id).text == "一明天下雨后天放晴"

    claims = JobStore(house.queue, "w")
    assert claims.claim()
    claims.finish(id)

    assert house.queue.get(id).text == "一明天下雨后天放晴"


def test_a_transcription_takes_its_edits_away(house: House) -> None:
    id = recognised(house.queue, SENTENCES)
    rewrite(house, id, 0, 0, "一")
    house.queue.purge(id)

    with house.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM edits").scalar() == 0
