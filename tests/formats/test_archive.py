"""Many transcripts in one file, opened with common tools."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors.requests import UnknownFormat
from app.domain.transcript import Segment, Transcript
from app.formats.archive import Member, find_archive_format
from app.formats.reader import Reader
from app.i18n import translator

THEN = datetime(2026, 11, 22, 18, 57, 1, tzinfo=UTC)


def member(name: str, text: str = "今天天气很好。") -> Member:
    segments = (Segment(0.42, 3.18, text, text, 0.9),)
    return Member(name, "succeeded", THEN, Transcript(segments, "zh", 3.5, "builtin", "cpu"))


def written(format: str, *members: Member) -> bytes:
    return b"".join(find_archive_format(format).write(members))


def unzipped(format: str, *members: Member) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(written(format, *members))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def test_a_zip_holds_a_file_of_each_transcript() -> None:
    files = unzipped("srt", member("会议.mp3"), member("lecture.wav", "Hello."))

    assert list(files) == ["会议.srt", "lecture.srt"]
    assert "今天天气很好。" in files["会议.srt"]


def test_recordings_of_one_name_get_a_file_each() -> None:
    files = unzipped("txt.zip", member("a.mp3", "one"), member("a.wav", "two"), member("A.MP3", "three"))

    assert list(files) == ["a.txt", "a (2).txt", "A (3).txt"]
    assert list(files.values()) == ["one\n", "two\n", "three\n"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/passwd", "etc/passwd.txt"),
        ("/root/a.wav", "root/a.txt"),
        ("C:\\x<y>.wav", "C__x_y_.txt"),
        ("...", "recording.txt"),
        ("周会/第一场.wav", "周会/第一场.txt"),
        ("长" * 250 + ".wav", "长" * 60 + ".txt"),
    ],
)
def test_no_name_leads_out_of_the_folder_or_breaks_the_unpacking(name: str, path: str) -> None:
    assert list(unzipped("txt", member(name))) == [path]


def test_what_has_no_text_is_told_beside_the_others() -> None:
    failed = Member("silent.wav", "failed", THEN, None, "This file holds no sound.")
    files = unzipped("txt", member("a.wav"), failed)

    assert set(files) == {"a.txt", "README.txt"}
    assert "silent.wav\tfailed\tThis file holds no sound." in files["README.txt"]


def test_a_table_for_a_person_has_their_words_and_the_time_of_their_clock() -> None:
    reader = Reader(translator("zh"), {"succeeded": "完成"}, {"zh": "中文"}, ZoneInfo("Asia/Shanghai"))
    table = b"".join(find_archive_format("csv").write([member("会议.mp3")], reader)).decode("utf-8-sig")
    headings, row = csv.reader(io.StringIO(table))

    assert headings == [
        "名称",
        "状态",
        "语言",
        "时长（秒）",
        "创建时间（本地）",
        "创建时间（UTC）",
        "文字",
        "逐字稿",
        "问题",
    ]
    assert row[1:6] == ["完成", "中文", "3.5", "2026-11-23 02:57:01+08:00", "2026-11-22 18:57:01"]


def test_a_table_opens_in_a_spreadsheet_and_computes_nothing() -> None:
    table = written("csv", member("会议.mp3"), member("=cmd()", "+1"))
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))

    assert table.startswith(b"\xef\xbb\xbf")
    assert (rows[0]["name"], rows[0]["text"], rows[0]["duration_s"]) == ("会议.mp3", "今天天气很好。", "3.5")
    assert rows[0]["created_at"] == "2026-11-22T18:57:01Z"
    assert (rows[1]["name"], rows[1]["text"]) == ("'=cmd()", "'+1")


def test_a_list_has_the_segments() -> None:
    first, second = json.loads(written("json", member("a.wav"), Member("b.wav", "queued", THEN, None)))

    assert first["segments"][0]["start"] == 0.42
    assert (second["state"], second["text"], second["segments"]) == ("queued", "", [])
    assert json.loads(written("json")) == []


def test_a_transcript_is_read_when_its_turn_has_come() -> None:
    asked: list[str] = []

    def members() -> object:
        for name in ("a", "b"):
            asked.append(name)
            yield member(name)

    pieces = find_archive_format("txt").write(members())  # type: ignore[arg-type]
    assert next(pieces)
    assert asked == ["a"]


def test_an_unknown_format_says_which_there_are() -> None:
    with pytest.raises(UnknownFormat) as refusal:
        find_archive_format("mp3")

    assert "srt.zip" in str(refusal.value.problem.params["known"])


def test_no_name_in_a_zip_is_a_device_of_windows() -> None:
    names = [
        "CON.wav",
        "aux",
        "nul.tar.wav",
        "COM1.mp3",
        "lpt9",
        "prn/CLOCK$.wav",
        "com² .wav",
        "CONcert.wav",
        "com10.wav",
    ]
    files = [name.casefold() for name in unzipped("txt", *map(member, names))]

    assert files == [
        *("_con.txt", "_aux.txt", "_nul.tar.txt", "_com1.txt", "_lpt9.txt"),
        *("_prn/_clock$.txt", "_com².txt", "concert.txt", "com10.txt"),
    ]
