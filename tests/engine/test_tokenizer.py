"""From token ids to readable text."""

import pytest

from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable
from app.engine.tokens.tokenizer import Tokenizer

UNITS = (
    "<blank>",
    "<unk>",
    *"你好用",
    "\u2581hello",
    "\u2581wor",
    "ld",
    "\u2581",
    "h",
    "i",
    "<space>",
    "3",
    "<sos/eos>",
)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ("你 好", "你好"),
        ("\u2581hello \u2581wor ld", "hello world"),
        ("你 好 \u2581hello \u2581wor ld 你 好", "你好 hello world 你好"),
        ("用 h i 用", "用 hi 用"),
        ("你 \u2581 好", "你好"),
        ("h i <space> h i", "hi hi"),
        ("\u2581 h i \u2581 \u2581 h i \u2581", "hi hi"),
        ("你 3 好", "你3好"),
        ("<blank> 你 <unk> 好 <sos/eos>", "你好"),
        ("<unk> <sos/eos>", ""),
        ("", ""),
    ],
)
def test_units_become_text(pieces, text):
    assert Tokenizer(UNITS).decode(UNITS.index(piece) for piece in pieces.split()) == text


def test_the_units_of_each_script_are_known():
    tokenizer = Tokenizer(UNITS)
    assert {UNITS[i] for i in tokenizer.han_ids} == set("你好用")
    assert {UNITS[i] for i in tokenizer.latin_ids} == {"\u2581hello", "\u2581wor", "ld", "h", "i"}
    assert tokenizer.languages == ("zh", "en")
    assert Tokenizer(("<blank>", "好")).languages == ("zh",)


def test_units_are_read_in_the_order_of_their_ids(tmp_path):
    (tmp_path / "units.txt").write_text("好 1\n<blank> 0\n\u2581a 2\n", encoding="utf-8")
    assert Tokenizer.from_folder(tmp_path).units == ("<blank>", "好", "\u2581a")


def test_a_missing_list_is_refused(tmp_path):
    with pytest.raises(ModelFileMissing, match=r"units\.txt"):
        Tokenizer.from_folder(tmp_path)


@pytest.mark.parametrize("content", ["好\n", "a 0\nb 0\n", "a 0\nb 2\n", "a x\n"])
def test_a_list_without_proper_ids_is_refused(tmp_path, content):
    (tmp_path / "units.txt").write_text(content, encoding="utf-8")
    with pytest.raises(ModelFileUnreadable, match=r"units\.txt"):
        Tokenizer.from_folder(tmp_path)


def test_a_list_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "units.txt").write_bytes("好 0\n".encode("gbk"))
    with pytest.raises(ModelFileUnreadable, match=r"units\.txt"):
        Tokenizer.from_folder(tmp_path)
