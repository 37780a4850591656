import pytest

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import NoFile, UploadInterrupted
from app.web.forms.multipart import MultipartReader, part_names

FORM = "multipart/form-data; boundary=XyZ"


class Parts:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str | None, bytes]] = []
        self.ended = 0

    def begin_part(self, name: str, file_name: str | None, _content_type: str) -> None:
        self.parts.append((name, file_name, b""))

    def part_data(self, data: bytes) -> None:
        name, file_name, value = self.parts[-1]
        self.parts[-1] = (name, file_name, value + data)

    def end_part(self) -> None:
        self.ended += 1


def body(*parts: tuple[bytes, bytes]) -> bytes:
    texts = [
        b"--XyZ\r\nContent-Disposition: form-data; " + names + b"\r\n\r\n" + value + b"\r\n" for names, value in parts
    ]
    return b"".join(texts) + b"--XyZ--\r\n"


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_parts_are_the_same_however_the_bytes_are_cut(step: int) -> None:
    sink = Parts()
    reader = MultipartReader(FORM, sink)
    whole = body((b'name="language"', b"zh"), (b'name="file"; filename="a.wav"', b"\r\n--XyQ\r\n\x00" * 50))
    for start in range(0, len(whole), step):
        reader.feed(whole[start : start + step])
    reader.finish()

    assert sink.parts == [("language", None, b"zh"), ("file", "a.wav", b"\r\n--XyQ\r\n\x00" * 50)]
    assert sink.ended == 2


def test_a_form_without_its_last_line_was_interrupted() -> None:
    reader = MultipartReader(FORM, Parts())
    reader.feed(body((b'name="file"; filename="a.wav"', b"sound"))[:-8])

    with pytest.raises(UploadInterrupted):
        reader.finish()


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "audio/wav"])
def test_another_kind_of_body_carries_no_file(content_type: str) -> None:
    with pytest.raises(NoFile):
        MultipartReader(content_type, Parts())


@pytest.mark.parametrize("garbage", [b"garbage", b"--XyZ\r\n" + b"X" * 10_000, b"--XyZ\r\n: no name\r\n\r\n"])
def test_garbage_is_told_as_such(garbage: bytes) -> None:
    reader = MultipartReader(FORM, Parts())

    with pytest.raises(InvalidParameter):
        reader.feed(garbage)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('filename="a.wav"', "a.wav"),
        ("filename=a.wav", "a.wav"),
        ('filename="会议 (1).MP3"', "会议 (1).MP3"),
        ('filename="say %22hi%22.wav"', 'say "hi".wav'),
        (r'filename="say \"hi\".wav"', 'say "hi".wav'),
        ('filename="a;b=c.wav"', "a;b=c.wav"),
        ("filename*=UTF-8''%E4%BC%9A%E8%AE%AE.mp3", "会议.mp3"),
        ("filename=\"hui.mp3\"; filename*=UTF-8''%E4%BC%9A.mp3", "会.mp3"),
        ("filename*=UTF-8''%E4%BC%9A.mp3; filename=\"hui.mp3\"", "会.mp3"),
        ("filename*0*=UTF-8''%E4%BC%9A; filename*1*=%E8%AE%AE.mp3", "会议.mp3"),
        ("filename*=no-such-charset''a%20b.mp3", "a b.mp3"),
        ('filename=""', ""),
    ],
)
def test_file_names_are_read_in_all_the_ways_they_are_sent(header: str, name: str) -> None:
    assert part_names(f'form-data; name="file"; {header}'.encode()) == ("file", name)


def test_a_name_in_gbk_is_read() -> None:
    raw = b'form-data; name="file"; filename="' + "会议".encode("gbk") + b'.mp3"'

    assert part_names(raw) == ("file", "会议.mp3")


def test_a_part_without_a_file_name_has_none() -> None:
    assert part_names(b'form-data; name="itn"') == ("itn", None)
    assert part_names(b"") == ("", None)
