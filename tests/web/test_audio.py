import pytest

from app.domain.errors.requests import RangeNotSatisfiable
from app.web.audio import media_type, wants_range


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\n\x00\x00WAVEfmt ", "audio/wav"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"fLaC\x00", "audio/flac"),
        (b"OggS\x00", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"FORM\x00\x00\x00\x00AIFF", "audio/aiff"),
        (b"<html><script>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_the_type_is_told_by_the_first_bytes(head: bytes, kind: str) -> None:
    assert media_type(head) == kind


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=99-", "bytes=-1", "bytes=-500", "bytes=5-500"])
def test_one_range_inside_the_file_is_given(header: str) -> None:
    assert wants_range(header, size=100)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=-", "bytes=a-b", "lines=0-5", "bytes=5-1", "bytes=0-1,5-6", f"bytes={'9' * 5000}-"],
)
def test_what_is_not_one_range_is_ignored(header: str | None) -> None:
    assert not wants_range(header, size=100)


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        wants_range(header, size=100)


def test_no_range_of_an_empty_file_can_be_given() -> None:
    with pytest.raises(RangeNotSatisfiable):
        wants_range("bytes=0-", size=0)
