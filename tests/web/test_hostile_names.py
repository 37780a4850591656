"""Names and stored JSON of every kind, by a seed: no name leads anywhere, no stored text ends in a traceback."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from pathlib import Path

import pytest

from app.formats.archive import _Names
from app.support.journal import Entry, Journal
from app.web.forms.file_names import clean_path, content_disposition, display_name, export_name

NAMES, LINES, SEED = 3000, 400, 20261130
PIECES = (
    *(
        "..",
        ".",
        "/",
        "\\",
        "a",
        "会议",
        "CON",
        "nul",
        "com1",
        "lpt9.x",
        ".wav",
        ".MP3",
        " ",
        "\t",
        "\r\n",
        "\0",
        "\x7f",
    ),
    *(
        "%2e%2e%2f",
        "\u202e",
        "\u2028",
        "\ud800",
        "\U0001f4a9",
        "e\u0301",
        "'",
        '"',
        "`",
        "$(x)",
        "|",
        ";",
        "*",
        "?",
        "<b>",
    ),
    *(
        "~",
        "-rf",
        "C:",
        "//host",
        "=1+1",
        "@SUM",
        "\ufeff",
        "\u200b",
        "x" * 300,
        "名" * 90,
        "{{7*7}}",
        "${x}",
        "é" * 120,
    ),
)
DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
BROWSER = "4f1c9a2b7d3e5f60"


def names() -> list[str]:
    chance = random.Random(SEED)
    return ["".join(chance.choices(PIECES, k=chance.randint(1, 7))) for _ in range(NAMES)]


@pytest.mark.parametrize("clean", [display_name, clean_path])
def test_no_name_leads_anywhere(clean) -> None:
    for name in names():
        shown = clean(name)
        parts = shown.split("/")
        assert shown.strip(), name
        assert ".." not in parts, name
        assert not shown.startswith("/"), name
        assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown), name
        assert len(parts[-1]) <= 255, name


def test_every_name_can_be_sent_as_a_header() -> None:
    for name in names():
        header = content_disposition("attachment", export_name(display_name(name), "srt"))
        header.encode("latin-1")
        assert not re.search(r"[\r\n\0]", header), name
        assert header.count('"') == 2, name


def test_every_name_is_one_file_of_an_archive() -> None:
    taken = _Names()
    for name in names():
        path = taken.free(clean_path(name), "txt")
        parts = path.split("/")
        assert not path.startswith(("/", "\\")), name
        assert not {"", ".", ".."} & set(parts), name
        assert not any(re.search(r'[\\:*?"<>|\x00-\x1f]', part) or DEVICE.fullmatch(part) for part in parts), name
        assert all(len(part.encode()) <= 255 for part in parts), name
    assert len(taken.taken) == NAMES


def test_a_journal_whose_lines_were_changed_can_be_read(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    line = json.dumps({"number": 1, "at": "2026", "kind": "press", "value": "x", "more": [1, {"a": None}]})
    values = (
        "null",
        "[" * 500,
        "{}",
        "1e999",
        '"\\ud800"',
        "-1",
        "true",
        '"' + "x" * 9000 + '"',
        str(2**70),
        "\u2028",
        "",
    )
    lines = []
    for _ in range(LINES):
        at = chance.randrange(len(line))
        lines.append(line[:at] + chance.choice(values) + line[at + chance.randrange(5) :])
    journal = Journal(tmp_path)
    journal.write(BROWSER, {}, [Entry(0, "", "press")])
    file = tmp_path / f"{BROWSER}.jsonl"
    for first in ("{}", *lines[:20]):
        file.write_text("\n".join((first, *lines)), encoding="utf-8", errors="surrogatepass")
        journal.read(BROWSER)
    journal.write(BROWSER, {}, [Entry(2**40, "", "press")])

    assert journal.read(BROWSER).entries[-1].number == 2**40
