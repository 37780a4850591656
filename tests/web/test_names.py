import pytest

from app.web.forms.file_names import clean_name, content_disposition, display_name, export_name


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("会议 (1).MP3", "会议 (1).MP3"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\Li\a b.wav", "a b.wav"),
        ("/", "recording"),
        ("..", "recording"),
        ("", "recording"),
        ("no extension", "no extension"),
        ("line\nbreak\ttab\x00nul\x7f.wav", "line break tab nul .wav"),
        ("gpj.\u202e3pm", "gpj.3pm"),
        ("half \ud83d a pair.mp3", "half a pair.mp3"),
        ("e\u0301.mp3", "é.mp3"),
        ("👨‍👩‍👧.mp3", "👨‍👩‍👧.mp3"),
    ],
)
def test_a_display_name_stays_near_what_was_sent(sent: str, shown: str) -> None:
    assert display_name(sent) == shown


def test_a_name_of_300_characters_is_cut_and_keeps_its_ending() -> None:
    name = display_name("长" * 296 + ".mp3")

    assert len(name) == 255
    assert name.endswith("长.mp3")


def test_a_rename_may_contain_slashes_because_it_is_no_path() -> None:
    assert clean_name(" 2026/11 会议 ") == "2026/11 会议"


@pytest.mark.parametrize(
    ("name", "exported"),
    [("会议 (1).MP3", "会议 (1).srt"), ("v1.2 of it", "v1.2 of it.srt"), (".mp3", ".mp3.srt")],
)
def test_an_export_is_named_after_its_recording(name: str, exported: str) -> None:
    assert export_name(name, "srt") == exported


def test_the_name_of_an_export_fits_every_file_system() -> None:
    exported = export_name("长" * 255, "json")

    assert len(exported.encode()) <= 255
    assert exported.endswith("长.json")


def test_a_download_has_an_ascii_and_a_utf8_name() -> None:
    header = content_disposition("attachment", '会议 "1"/2.txt')

    assert header == "attachment; filename=\"__ _1__2.txt\"; filename*=UTF-8''%E4%BC%9A%E8%AE%AE%20_1__2.txt"


@pytest.mark.parametrize(
    "name", ["a\nb.wav", "a\r\nx-evil: 1.wav", "a\x00b.wav", "a\ud800b.wav", "a\u2028b.wav", "a\x85b.wav"]
)
def test_a_name_never_ends_the_line_of_a_header(name: str) -> None:
    header = content_disposition("inline", name)

    assert header.isprintable()
    header.encode("latin-1")
