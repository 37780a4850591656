"""Forty kinds of private values are planted wherever user text can occur; no kind of case contains one of them."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors.audio import NotAudio
from app.domain.hotwords import Hotword
from app.domain.options import TranscriptionOptions
from app.domain.reasons import plain_reason
from app.logging import bound, close_logging, event, setup_logging
from app.services.transcriptions.edits import Change, Draft, change_text
from app.store.queries import transcriptions
from app.support.case import AudioChoice, CaseChoice
from app.support.case.cases import Cases
from app.support.journal import Entry, Journal
from app.support.private_numbers import is_id_card, is_luhn, numbers_in
from app.support.private_values import PrivateValues
from app.support.redaction import Redactor
from tests.services.conftest import House, talk
from tests.support.cases import read, surroundings

log = logging.getLogger("app.test")
BROWSER = "4f1c9a2b7d3e5f60"
NAMES = {
    "another recording": "divorce-hearing-meyer",
    "another recording in Chinese": "王小明离婚庭审",
    "own former name": "ravenscroft-board",
    "own name": "quarterly-umbrella",
    "hotword": "Zhaoxiaoting",
    "hotword in Chinese": "欧阳静怡",
    "imported folder": "kundenakten-schmitz",
    "proxy host": "proxy7.acme-metals.example",
    "proxy host without a scheme": "wwwgate.acme-metals.example",
    "host that needs no proxy": "payroll.acme-metals.example",
    "person in a path of Python": "brunhilde",
    "person in a folder of libraries": "kriemhild",
    "host of a setting": "asr.hospital-ward3.example",
    "mirror": "mirror.hospital-ward3.example",
    "folder of a setting": "nachlass-hoffmann",
    "folder of the model": "mandant-kessler",
    "referrer": "oncology-results",
    "place on the globe": "48.137154",
    "text of a control": "Termination of Ms Falkenberg",
    "label of a field": "Frau Falkenhayn",
    "chosen value": "Gwendolyns AirPods",
    "address in a page": "strategy-offsite-notes",
    "query of an address": "whistleblower",
    "message of a script": "Dr Sommerfeld",
    "user agent": "SommerfeldPhone",
    "doctor in the browser": "Mikrofon von Adelheid",
    "header of a proxy": "x-patient-lindqvist",
    "words of an error": "aktenzeichen-lindner",
    "words of a library": "sicherung-lindemann",
    "name in a traceback": "personalakte-lindgren",
    "line of another program": "kassenbuch-lindbergh",
    "text of another job": "tumorboard-lindholm",
    "value of an own field": "mandantin-lindauer",
    "mail": "gwen@private.example",
}
SPOKEN = {
    "mobile phone": "13912345678",
    "mobile phone with gaps": "139 8765 4321",
    "phone of a house": "010-62785001",
    "phone of another country": "+44 20 7946 0958",
    "identity card": "11010519491231002X",
    "bank card": "6222 0212 3456 7894",
    "account": "DE89 3704 0044 0532 0130 00",
    "password": "correcthorse",
    "password in Chinese": "xiaoma2049",
    "phone in Chinese words": "一三八零零一三八零零零",
    "phone in English words": "one three eight double zero one three eight",
    "number of a customer": "A20931177",
    "car": "京A12345",
    "spoken mail": "wei.zhang@private.example",
}
EDITED = (
    f"Call {SPOKEN['mobile phone']} or {SPOKEN['mobile phone with gaps']}, office {SPOKEN['phone of a house']},"
    f" London {SPOKEN['phone of another country']}. 身份证{SPOKEN['identity card']}，银行卡{SPOKEN['bank card']}。"
    f" Account {SPOKEN['account']}, my password is {SPOKEN['password']}, 密码是{SPOKEN['password in Chinese']}。"
    f" 电话{SPOKEN['phone in Chinese words']}, {SPOKEN['phone in English words']}, customer"
    f" {SPOKEN['number of a customer']}, 车牌{SPOKEN['car']}, {SPOKEN['spoken mail']}"
)


def test_forty_kinds_are_planted() -> None:
    assert len(NAMES) + len(SPOKEN) >= 40


@pytest.mark.parametrize("audio", [AudioChoice.HASH, AudioChoice.STRETCH])
@pytest.mark.parametrize("kind", ["job", "request", "preview", "preview of a request"])
def test_no_case_holds_what_was_planted(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: str, audio: AudioChoice
) -> None:
    job, cases = planted(house, monkeypatch)
    choice = CaseChoice(audio, browser=BROWSER)

    contents = CONTENTS[kind](cases, job, choice, house.folder / "case.zip")

    for what, value in {**NAMES, **SPOKEN}.items():
        for spelled in {value, value.replace("-", " "), "".join(value.split())}:
            assert not any(spelled.lower() in each.lower() for each in contents), what


def test_the_text_goes_in_as_it_is_where_that_was_chosen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job, cases = planted(house, monkeypatch)
    cases.write(job, CaseChoice(AudioChoice.HASH, keep_text=True), house.folder / "case.zip")

    assert read(house.folder / "case.zip", "result.json")["corrections"][0]["text"] == EDITED
    assert "欧阳静怡" in str(read(house.folder / "case.zip", "options.json"))
    assert "divorce" not in read(house.folder / "case.zip", "log/app.log")


def test_a_number_that_goes_on_in_the_next_segment_is_found() -> None:
    told = Redactor(PrivateValues()).pieces(["my number is 138", "0013", "8000 thank you", "in 2026"])

    assert told == ["my number is [phone]", "", " thank you", "in 2026"]


@pytest.mark.parametrize(
    "text", ["In 2026 we sold 12,500 of 3 kinds.", "2026-11-22", "二零二六年十一月", "three or four times", "1.234 %"]
)
def test_numbers_that_are_nobodys_stay(text: str) -> None:
    assert list(numbers_in(text)) == []


def test_check_digits_tell_cards() -> None:
    assert is_luhn("4111111111111111")
    assert not is_luhn("4111111111111112")
    assert is_id_card("11010519491231002X")
    assert not is_id_card("110105194912310021")


def planted(house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Cases]:
    """Return a job with everything planted around it, and who makes its cases."""
    plant_variables(monkeypatch)
    options = TranscriptionOptions(hotwords=(Hotword(NAMES["hotword"]), Hotword(NAMES["hotword in Chinese"])))
    setup_logging(house.folder / "logs", "DEBUG")
    with house.queue.receive(f"{NAMES['own former name']}.wav", 10**9) as incoming, bound(request="ab12"):
        incoming.write(talk(0.2))
        job = house.queue.submit(incoming, options, "api").id
        plant_log(job)
    with house.queue.receive(f"{NAMES['another recording']}.wav", 10**9) as incoming, bound(request="cd34"):
        incoming.write(talk(0.3))
        house.queue.submit(incoming, options, "api")
    with house.working("EchoEngine"):
        house.end_of(job)
    close_logging()
    with (house.folder / "logs" / "app.log").open("a") as file:
        file.write(f"{NAMES['line of another program']}\n")
    plant_row(house, job)
    plant_journal(house)
    return job, Cases(house.queue, lambda: replace(surroundings(house, **planted_settings()), host_names=()))


def plant_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{NAMES['proxy host']}:3128")
    monkeypatch.setenv("HTTP_PROXY", f"{NAMES['proxy host without a scheme']}:3128")
    monkeypatch.setenv("NO_PROXY", NAMES["host that needs no proxy"])
    monkeypatch.setenv("PYTHONPATH", f"/opt/{NAMES['person in a path of Python']}/lib")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/opt/{NAMES['person in a folder of libraries']}/lib")


def planted_settings() -> dict[str, str]:
    return {
        "allowed_hosts": NAMES["host of a setting"],
        "wenet_mirror": f"https://{NAMES['mirror']}/x/{{name}}",
        "import_root": f"/srv/{NAMES['folder of a setting']}",
        "model": f"/srv/{NAMES['folder of the model']}",
        "owner": NAMES["mail"],
    }


def plant_log(job: str) -> None:
    event(log, logging.INFO, "seen", item=f"{NAMES['imported folder']}/{NAMES['another recording in Chinese']}.mp3")
    event(log, logging.INFO, "request", path=f"/api/v1/{NAMES['address in a page']}?q={NAMES['query of an address']}")
    event(log, logging.INFO, "forwarded", header=NAMES["header of a proxy"], state=NAMES["value of an own field"])
    event(log, logging.INFO, "seen", job="other", error=NAMES["text of another job"], of=job)
    try:
        int(f"{NAMES['name in a traceback']}\n    {NAMES['words of an error']}\n{NAMES['mail']}")
    except ValueError:
        event(log, logging.ERROR, "failed", exc_info=True, reason=NAMES["words of an error"])


def plant_row(house: House, job: str) -> None:
    problem = NotAudio(name=NAMES["another recording"], detail=NAMES["words of a library"]).problem
    change_text(house.queue, job, 0, [Change(0, 0, (Draft(EDITED),))])
    with house.database.writing() as connection:
        transcriptions.change(
            connection,
            job,
            name=f"{NAMES['own name']}.wav",
            error=problem.to_dict(),
            warnings=[plain_reason(NAMES["words of a library"]).to_dict()],
        )


def plant_journal(house: House) -> None:
    def done(number: int, kind: str, control: str = "", value: str = "", page: str = "/") -> Entry:
        return Entry(number, "2026-11-22T18:57:01.123Z", kind, page, control, value, request="ab12")

    entries = [
        done(0, "page", page=f"/transcriptions/{NAMES['address in a page']}?from={NAMES['query of an address']}"),
        done(1, "press", NAMES["text of a control"]),
        done(2, "change", NAMES["label of a field"], NAMES["chosen value"]),
        done(3, "error", value=f"TypeError: {NAMES['message of a script']} (/static/js/pages/x.js:3)"),
        done(4, "request", f"GET /files/{NAMES['another recording']}"),
    ]
    browser = {
        "referrer": f"https://intranet.example/?q={NAMES['referrer']}",
        "geolocation": {"latitude": NAMES["place on the globe"]},
        "user_agent": f"Mozilla/5.0 ({NAMES['user agent']}) Chrome/120.0",
        "doctor": [{"id": "microphone", "status": "warning", "fact": NAMES["doctor in the browser"]}],
    }
    Journal(house.folder / "journal").write(BROWSER, browser, entries)


def in_zip(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        return [archive.read(name).decode(errors="replace") for name in archive.namelist()]


def of_job(cases: Cases, job: str, choice: CaseChoice, file: Path) -> list[str]:
    cases.write(job, choice, file)
    return in_zip(file)


def of_request(cases: Cases, _job: str, choice: CaseChoice, file: Path) -> list[str]:
    cases.write_request("ab12", choice, file)
    return in_zip(file)


CONTENTS: dict[str, Callable[[Cases, str, CaseChoice, Path], list[str]]] = {
    "job": of_job,
    "request": of_request,
    "preview": lambda cases, job, choice, _file: [each.content for each in cases.preview(job, choice).files],
    "preview of a request": lambda cases, _job, choice, _file: [
        each.content for each in cases.preview_request("ab12", choice).files
    ],
}
