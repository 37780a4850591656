"""Forty further kinds of private values, planted where clients, files, folders and variables bring them in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.routing import BaseRoute

from app.domain.hotwords import Hotword
from app.domain.options import TranscriptionOptions
from app.logging import bound, close_logging, event, setup_logging
from app.main import create_app
from app.paths import resource_dir
from app.services.transcriptions.edits import Change, Draft, change_text
from app.settings import Settings
from app.store.queries import transcriptions
from app.support.case import AudioChoice, CaseChoice
from app.support.case.allowed import model
from app.support.case.cases import Cases
from app.support.case.log import ROUTE_WORDS, route_of, told_request_id
from app.support.file_endings import ending_of
from app.support.journal import Entry, Journal
from tests.services.conftest import House, talk
from tests.support.cases import surroundings
from tests.support.test_leaks import BROWSER, CONTENTS

log = logging.getLogger("app.test")
REQUEST = "13912340099"  # a client's own id may be anything: here a phone
PLANTED = {
    "request id of a client": REQUEST,
    "ending of a file name": "hallberg",
    "hotword that ends in a number": "Stationsweg",
    "hotword with a weight": "Ingelheim",
    "phone in an address": "13800138000",
    "bank card in an address": "6222021234567894",
    "hardware address in a path": "3c-22-fb-ab-cd-ef",
    "file that is no module": "zhang-weiwei",
    "folder of a library of one's own": "kundenskripte-weber",
    "name of a function of one's own": "pruefe_akte_brandt",
    "library in a home folder": "eigene-module-vogt",
    "logger of another program": "praxis.Lehmann",
    "network address typed into a field": "192.168.77.31",
    "phone typed into a field": "13700137000",
    "request id in the journal": "weiss.13600136000",
    "ending of a chosen file": "kraus",
    "folder of the model": "mandant-fuchs",
    "file of the model": "stimmen-vorstand",
    "model that the job names": "modell-kanzlei-haas",
    "bearer token": "q8Zr5tYw2LkPm",
    "cookie": "sessid4711abcdef",
    "key in an address": "s3cr3tKeyQuery",
    "user in an address": "egon.baum",
    "password in an address": "p4ssVogel",
    "host in an intranet": "wiki.schulze.intranet",
    "IPv6 address": "2001:db8:85a3::8a2e:370:7334",
    "hardware address": "3C:22:FB:12:34:56",
    "account in small letters": "de89370400440532013000",
    "passport of Germany": "C01X00T47",
    "passport of China": "E12345678",
    "plate of Germany": "B-MW 1234",
    "plate of Britain": "AB12 CDE",
    "plate of a new kind": "沪A·D12345",
    "social security number": "123-45-6789",
    "home folder of Windows": "fritzchen",
    "home folder of macOS": "adelgunde",
    "place on the globe": "48.137154, 11.576124",
    "mail with a tag": "gerda+befund@klinik.example",
    "variable of a model hub": "hf-spiegel.kramer.example",
    "proxy of all": "socks-tor.kramer.example",
    "folder for temporary files": "temp-oberarzt-winkler",
    "folder of Python": "pfad-assistenz-scholz",
    "language of a browser": "Frau Seidel spricht",
    "window of a browser": "Fenster Pohl",
    "time zone of a browser": "Praxis/Frau_Arndt 7",
}
EDITED = (
    f"Authorization: Bearer {PLANTED['bearer token']} and Cookie: id={PLANTED['cookie']}\n"
    f" see https://wiki.example/x?key={PLANTED['key in an address']}"
    f" or https://{PLANTED['user in an address']}:{PLANTED['password in an address']}@nas.example/a"
    f" on {PLANTED['host in an intranet']} at {PLANTED['IPv6 address']} or {PLANTED['hardware address']},"
    f" account {PLANTED['account in small letters']}, passports {PLANTED['passport of Germany']} and"
    f" {PLANTED['passport of China']}, cars {PLANTED['plate of Germany']}, {PLANTED['plate of Britain']},"
    f" {PLANTED['plate of a new kind']}, number {PLANTED['social security number']},"
    rf" C:\Users\{PLANTED['home folder of Windows']}\x.wav, /Users/{PLANTED['home folder of macOS']}/x.wav,"
    f" at {PLANTED['place on the globe']}, mail {PLANTED['mail with a tag']}"
)


def test_forty_further_kinds_are_planted() -> None:
    assert len(PLANTED) >= 40


@pytest.mark.parametrize("kind", ["job", "request", "preview", "preview of a request"])
def test_no_case_holds_what_else_was_planted(house: House, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    job, cases = planted(house, monkeypatch)
    if "request" in kind:
        monkeypatch.setattr(cases, "write_request", ours(cases.write_request))
        monkeypatch.setattr(cases, "preview_request", ours(cases.preview_request))
    choice = CaseChoice(AudioChoice.STRETCH, browser=BROWSER)

    contents = CONTENTS[kind](cases, job, choice, house.folder / "case.zip")

    found = [
        what
        for what, value in PLANTED.items()
        if any(value.lower() in each.lower() for each in contents)
        or any(value.encode() in each.encode() for each in contents)
    ]
    assert found == []


def ours(method):
    """Ask for the case of the request that a client named itself."""
    return lambda _request, *rest: method(REQUEST, *rest)


def planted(house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Cases]:
    monkeypatch.setenv("HF_ENDPOINT", f"https://{PLANTED['variable of a model hub']}")
    monkeypatch.setenv("ALL_PROXY", f"socks5://{PLANTED['proxy of all']}:1080")
    monkeypatch.setenv("TMPDIR", f"/srv/{PLANTED['folder for temporary files']}")
    monkeypatch.setenv("PYTHONUSERBASE", f"/srv/{PLANTED['folder of Python']}")
    words = (Hotword(f"{PLANTED['hotword that ends in a number']} 66"), Hotword(PLANTED["hotword with a weight"], 40.0))
    setup_logging(house.folder / "logs", "DEBUG")
    with house.queue.receive(f"Befund.{PLANTED['ending of a file name']}", 10**9) as incoming, bound(request=REQUEST):
        incoming.write(talk(0.2))
        job = house.queue.submit(incoming, TranscriptionOptions(hotwords=words), "api").id
        plant_log(job)
    with house.working("EchoEngine"):
        house.end_of(job)
    close_logging()
    plant_row(house, job)
    plant_journal(house)
    folder = house.folder / PLANTED["folder of the model"]
    folder.mkdir()
    (folder / f"{PLANTED['file of the model']}.bin").write_bytes(b"x")
    spec = replace(surroundings(house).spec, model_dir=folder)
    return job, Cases(house.queue, lambda: replace(surroundings(house), host_names=(), spec=spec))


def plant_log(job: str) -> None:
    for name in ("phone in an address", "bank card in an address", "hardware address in a path"):
        event(log, logging.INFO, "request", path=f"/api/v1/transcriptions/{PLANTED[name]}", of=job)
    event(log, logging.INFO, "request", path=f"/static/js/{PLANTED['file that is no module']}.js", of=job)
    logging.getLogger(PLANTED["logger of another program"]).info("%s", job)
    for folder in (
        f"/srv/lib/{PLANTED['folder of a library of one' + chr(39) + 's own']}",
        f"/home/x/app/{PLANTED['library in a home folder']}",
    ):
        code = f"def {PLANTED['name of a function of one' + chr(39) + 's own']}():\n    raise KeyError\n\n"
        scope: dict[str, object] = {}
        exec(compile(code, f"{folder}/x.py", "exec"), scope)  # noqa: S102 - a traceback of a file that lies elsewhere
        try:
            scope[PLANTED["name of a function of one's own"]]()
        except KeyError:
            event(log, logging.ERROR, "failed", exc_info=True, of=job)


def plant_row(house: House, job: str) -> None:
    change_text(house.queue, job, 0, [Change(0, 0, (Draft(EDITED),))])
    with house.database.writing() as connection:
        transcriptions.change(connection, job, model=PLANTED["model that the job names"])


def plant_journal(house: House) -> None:
    def done(number: int, kind: str, value: str, request: str = REQUEST) -> Entry:
        return Entry(number, "2026-11-22T18:57:01.123Z", kind, "/", "Language", value, request=request)

    entries = [
        done(0, "change", PLANTED["network address typed into a field"]),
        done(1, "type", PLANTED["phone typed into a field"]),
        done(2, "files", f"1 × .{PLANTED['ending of a chosen file']}, 1234 B"),
        done(3, "press", "", PLANTED["request id in the journal"]),
    ]
    browser = {
        "languages": PLANTED["language of a browser"],
        "window": PLANTED["window of a browser"],
        "time_zone": PLANTED["time zone of a browser"],
    }
    Journal(house.folder / "journal").write(BROWSER, browser, entries)


def test_ids_of_the_program_stay_readable() -> None:
    assert told_request_id("5f0c2e9b1a44") == "5f0c2e9b1a44"
    assert (
        route_of("/api/v1/transcriptions/5f0c2e9b1a44d0e1/segments")
        == "/api/v1/transcriptions/5f0c2e9b1a44d0e1/segments"
    )
    assert route_of("/static/js/pages/live.js") == "/static/js/pages/live.js"


@pytest.mark.parametrize(
    ("name", "ending"), [("a.MP3", ".mp3"), ("Brief.Mueller", ""), ("a.wav", ".wav"), (".wav", "")]
)
def test_only_endings_of_files_are_kept(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_a_model_that_everybody_may_have_is_named() -> None:
    assert model({"name": "builtin", "folder": "/srv/x", "files": [{"name": "a"}]})["files"] == [{"name": "a"}]
    assert "Mandant" not in str(model({"name": "Mandant", "folder": "/Mandant", "files": [{"name": "Mandant.bin"}]}))


def test_a_folder_that_cannot_be_read_is_not_named(tmp_path: Path) -> None:
    told = model({"name": "x", "folder": str(tmp_path), "problem": {"code": "not_a_model", "message": str(tmp_path)}})
    assert str(tmp_path) not in str(told)


def test_the_words_of_addresses_are_those_of_the_routes(tmp_path: Path) -> None:
    """A word that is missing hides where something happened; one too many may be somebody's name."""
    app = create_app(Settings(data_dir=tmp_path / "data", log_dir=tmp_path / "logs"), start_worker=False)
    words = {word for path in paths_of(app.routes) for word in path.split("/") if word and "{" not in word}
    static = {path.name for path in resource_dir("static").rglob("*") if path.is_dir()}

    assert words - ROUTE_WORDS == set()
    assert ROUTE_WORDS - words - static == set()


def paths_of(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in routes:
        yield getattr(route, "path", "")
        yield from paths_of(getattr(route, "routes", None) or ())
