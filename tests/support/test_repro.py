"""The steps of a case are numbered, plain, and lead from the actions to the outcome; in both languages."""

from __future__ import annotations

from app.domain.options import TranscriptionOptions
from app.support.case import AudioChoice, CaseChoice
from app.support.journal import FOLDER, Entry, Journal
from tests.services.conftest import House, talk
from tests.support.cases import make, read
from tests.support.test_case import recognised

BROWSER = "0123456789abcdef"
HASH = CaseChoice(AudioChoice.HASH, browser=BROWSER)


def entry(number: int, kind: str, **facts: object) -> Entry:
    return Entry(number, f"2026-11-22T18:57:0{number}.000Z", kind, **facts)  # type: ignore[arg-type]


def test_the_steps_are_numbered_and_name_options_and_settings(house: House) -> None:
    steps = read(make(house, recognised(house, 0.2), HASH, device="cuda"), "repro.en.md").splitlines()

    assert [line.partition(".")[0] for line in steps if line[:1].isdigit()] == ["1", "2", "3", "4", "5"]
    assert any("`device=cuda`" in line for line in steps)
    assert any("`language=auto`" in line and "`vad.mode=2`" in line for line in steps)
    assert "The job is succeeded. 1 of 1 segments are done, 0 failed." in steps


def test_what_was_done_in_the_page_is_among_the_steps(house: House) -> None:
    Journal(house.folder / FOLDER).write(
        BROWSER,
        {"user_agent": "Mozilla/5.0"},
        [
            entry(1, "page", page="/"),
            entry(2, "change", page="/", control="Language", value="en"),
            entry(3, "press", page="/", control="Start"),
        ],
    )
    case = make(house, recognised(house, 0.2), HASH)

    english, chinese = read(case, "repro.en.md"), read(case, "repro.zh.md")
    assert english.index("Language") < english.rindex("Start") < english.index("What happened")
    assert "Start" in chinese
    assert "发生了什么" in chinese
    assert read(case, "browser.json")["user_agent"] == "Mozilla/5.0"
    assert [each["kind"] for each in read(case, "journal.json")] == ["page", "change", "press"]


def test_a_failure_is_told_with_its_segment(house: House) -> None:
    steps = read(make(house, recognised(house, 0.2, 0.95, factory="FailingEngine"), HASH), "repro.en.md")

    assert "Segment 1 (" in steps
    assert "`inference_failed`" in steps


def test_the_name_of_a_recording_stays_away_from_the_steps(house: House) -> None:
    with house.queue.receive("secret plan.wav", 10**9) as incoming:
        incoming.write(talk(0.2))
        job = house.queue.submit(incoming, TranscriptionOptions(), "page").id

    assert "Send the recording recording.wav" in read(make(house, job, HASH), "repro.en.md")
    assert "secret plan" in read(make(house, job, CaseChoice(AudioChoice.HASH, keep_names=True)), "repro.en.md")
