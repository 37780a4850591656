"""Transcripts as files."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime

import pytest
from docx import Document

from app.domain.errors.requests import UnknownFormat
from app.domain.reasons import plain_reason
from app.domain.transcript import Applied, Segment, Transcript, Word, detect_language, join_texts
from app.formats import FORMATS, find_format
from app.formats.reader import Reader
from app.formats.subtitles import timestamp
from app.i18n import translator

CHINESE = Reader(translator("zh"), languages={"zh-en": "中文和英文"})
WORDS = (Word("下", 0.5, 0.7, 0.9),)  # of a whole segment there would be more


@pytest.fixture(name="transcript")
def _transcript() -> Transcript:
    return Transcript(
        segments=(
            Segment(0.5, 2.25, "下午2点半开会", "下午两点半开会", 0.91234, WORDS),
            Segment(3.0, 3.5, "", "", None),
            Segment(3599.9996, 3661.5, "a < b & c", "a < b & c", 0.5),
        ),
        language="zh-en",
        duration=3662.0,
        model="builtin",
        device="cpu",
        receipt=(Applied("device", "auto", "cpu", plain_reason("no GPU was found")),),
    )


def text_of(format: str, transcript: Transcript) -> str:
    return find_format(format).content(transcript).decode()


def test_plain_text_has_one_line_for_each_segment_that_has_text(transcript: Transcript) -> None:
    assert text_of("txt", transcript) == "下午2点半开会\na < b & c\n"


def test_srt_numbers_its_cues_and_uses_a_comma(transcript: Transcript) -> None:
    assert text_of("srt", transcript) == (
        "1\n00:00:00,500 --> 00:00:02,250\n下午2点半开会\n\n2\n01:00:00,000 --> 01:01:01,500\na < b & c\n"
    )


def test_vtt_escapes_markup_and_uses_a_point(transcript: Transcript) -> None:
    assert text_of("vtt", transcript) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.250\n下午2点半开会\n\n01:00:00.000 --> 01:01:01.500\na &lt; b &amp; c\n"
    )


def test_a_time_that_rounds_up_carries_into_the_next_second() -> None:
    assert timestamp(59.9996, ".") == "00:01:00.000"


def test_json_has_the_names_that_programs_rely_on(transcript: Transcript) -> None:
    content = json.loads(text_of("json", transcript))

    assert content["text"] == "下午2点半开会 a < b & c"
    assert content["text_raw"] == "下午两点半开会 a < b & c"
    assert content["segments"][0] == {
        "start": 0.5,
        "end": 2.25,
        "text": "下午2点半开会",
        "text_raw": "下午两点半开会",
        "confidence": 0.9123,
        "words": [{"text": "下", "start": 0.5, "end": 0.7, "confidence": 0.9, "raw": ""}],
        "channel": None,
        "emotion": "",
        "events": [],
        "language": "",
    }
    assert content["confidence"] == pytest.approx((7 * 0.91234 + 3 * 0.5) / 10, abs=1e-4)
    assert {"language", "duration", "model", "device", "receipt"} <= content.keys()


def test_csv_opens_in_a_spreadsheet_with_its_chinese_intact(transcript: Transcript) -> None:
    written = text_of("csv", transcript)

    assert written.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"))))
    assert rows[0]["text"] == "下午2点半开会"
    assert rows[1]["confidence"] == ""


def test_csv_never_gives_a_spreadsheet_a_formula_to_compute() -> None:
    hostile = Transcript((Segment(0, 1, "=1+1", "=1+1"),), "en", 1.0, "m", "cpu")

    assert ",'=1+1," in text_of("csv", hostile)


def test_a_transcript_without_speech_is_a_valid_file_in_every_format() -> None:
    empty = Transcript((), "none", 20.0, "builtin", "cpu")

    assert text_of("vtt", empty) == "WEBVTT\n"
    assert text_of("srt", empty) == ""
    assert json.loads(text_of("json", empty))["text"] == ""


def test_an_unknown_format_says_which_ones_there_are() -> None:
    with pytest.raises(UnknownFormat) as error:
        find_format("pdf")

    assert error.value.problem.explained()["advice"] == f"Choose one of: {', '.join(FORMATS)}."


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["你好", "世界"], "你好世界"),
        (["good morning", "everyone"], "good morning everyone"),
        (["用", "python", "写"], "用 python 写"),
        (["有", "35", "行"], "有35行"),
        (["涨了", "35%", "了"], "涨了35%了"),
        (["用", "A4", "纸"], "用 A4 纸"),
        (["好，", "ok,", "那", "go。", "Yes"], "好，ok, 那 go。Yes"),
        (["about", "$5", "or", "-3", "(net)", "!"], "about $5 or -3 (net)!"),
        (["", " a ", ""], "a"),
        (["first.", "Second"], "first. Second"),
    ],
)
def test_texts_are_joined_as_their_script_is_written(texts: list[str], joined: str) -> None:
    assert join_texts(texts) == joined


@pytest.mark.parametrize(
    ("text", "language"),
    [("你好", "zh"), ("hello", "en"), ("用 python", "zh-en"), ("12", "none"), ("", "none")],
)
def test_the_language_is_read_from_the_script(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.fixture(name="call")
def _call() -> Transcript:
    """Two people, each on a channel, the second one interrupting."""
    segments = (
        Segment(0.5, 2.25, "喂，你好", "喂你好", 0.9, channel=1),
        Segment(2.0, 3.0, "你好", "你好", 0.9, channel=2),
    )
    return Transcript(segments, "zh", 4.0, "builtin", "cpu", channel_name="声道 {number}")


def test_plain_text_and_srt_name_the_channel_before_what_was_said(call: Transcript) -> None:
    assert text_of("txt", call) == "声道 1: 喂，你好\n声道 2: 你好\n"
    assert "00:00:02,000 --> 00:00:03,000\n声道 2: 你好\n" in text_of("srt", call)


def test_vtt_names_the_channel_as_a_voice(call: Transcript) -> None:
    assert "\n<v 声道 1>喂，你好\n" in text_of("vtt", call)


def test_tables_have_a_column_of_channels_only_where_there_are_any(call: Transcript, transcript: Transcript) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of("csv", call).removeprefix("\ufeff"))))

    assert [row["channel"] for row in rows] == ["声道 1", "声道 2"]
    assert "channel" not in text_of("csv", transcript).splitlines()[0]


def test_json_tells_the_channel_of_each_segment(call: Transcript) -> None:
    content = json.loads(text_of("json", call))

    assert [segment["channel"] for segment in content["segments"]] == [1, 2]


def test_a_word_document_has_title_facts_and_paragraphs_with_times(transcript: Transcript) -> None:
    written = Document(io.BytesIO(find_format("docx").content(transcript, "周会 & <1>.wav", CHINESE)))

    assert [paragraph.text for paragraph in written.paragraphs] == [
        "周会 & <1>",
        "1:01:02 · 中文和英文",
        "0:00  下午2点半开会",
        "59:59  a < b & c",
    ]
    assert written.paragraphs[0].style.name == "Heading 1"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("访谈.opus", "访谈"),
        ("calls/north/a.b.m4a", "a.b"),
        ("video.3gp", "video"),
        ("录音 13.05", "录音 13.05"),
        ("release v1.2", "release v1.2"),
        (".wav", ".wav"),
    ],
)
def test_the_title_of_a_word_document_is_a_name_not_a_file(transcript: Transcript, name: str, title: str) -> None:
    written = Document(io.BytesIO(find_format("docx").content(transcript, name)))

    assert written.paragraphs[0].text == written.core_properties.title == title
    assert written.paragraphs[1].text == "1:01:02"


def test_a_word_document_says_nothing_of_the_library_that_made_it(transcript: Transcript) -> None:
    content = find_format("docx").content(transcript, "a.wav")
    properties = Document(io.BytesIO(content)).core_properties

    assert (properties.author, properties.comments, properties.last_modified_by) == ("", "", "")
    assert properties.created.date() == properties.modified.date() == datetime.now(UTC).date()
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not [name for name in parts.namelist() if b"python-docx" in parts.read(name)]


def test_a_table_for_a_person_has_headings_in_their_language(call: Transcript) -> None:
    table = find_format("csv").content(call, reader=CHINESE).decode("utf-8-sig")

    assert table.splitlines()[0] == "开始（秒）,结束（秒）,文字,逐字稿,置信度,声道"


def test_a_word_document_leaves_out_what_xml_cannot_hold() -> None:
    hostile = Transcript((Segment(0, 1, "a\x00\x0bb\ufffe", "a"),), "en", 1.0, "m", "cpu")

    written = Document(io.BytesIO(find_format("docx").content(hostile, "t\x01")))

    assert [paragraph.text for paragraph in written.paragraphs][::2] == ["t", "0:00  ab"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_export_is_in_the_order_of_time(name: str) -> None:
    """Two people speak at once on two channels, and what is stored comes channel by channel."""
    long = Segment(
        0.0, 30.0, "甲" * 120, "甲" * 120, 0.9, tuple(Word("甲", at / 4, at / 4 + 0.2, 0.9) for at in range(120)), 1
    )
    spoken = (long, Segment(31.0, 32.0, "丙", "丙", 0.9, channel=1), Segment(2.0, 3.0, "乙", "乙", 0.9, channel=2))
    content = find_format(name).content(Transcript(spoken, "zh", 40.0, "builtin", "cpu"))
    if name in ("srt", "vtt"):
        starts = re.findall(rb"(\S+) -->", content)
        assert starts == sorted(starts)
        assert len(starts) > 3
    elif name != "docx":
        text = content.decode()
        assert text.rindex("甲") < text.rindex("乙") < text.rindex("丙")
