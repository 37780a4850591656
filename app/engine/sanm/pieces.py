"""Reads the pieces of a SentencePiece model: only its vocabulary is needed, as texts are not split into pieces.

A model is a Protocol Buffers message (sentencepiece_model.proto): repeated field 1 has the pieces, and field 1
of each its text. Everything else is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # wire types
PIECE_FIELD = TEXT_FIELD = 1
LONGEST_VARINT = 10  # bytes


def read_pieces(content: bytes) -> tuple[str, ...]:
    """Return the pieces in the order of their ids.

    Raises:
        ValueError: it is not a SentencePiece model, or a damaged one.
    """
    pieces = tuple(
        _text(value) for number, value in _fields(content) if number == PIECE_FIELD and isinstance(value, bytes)
    )
    if not pieces:
        raise ValueError("it holds no pieces")
    return pieces


def _text(piece: bytes) -> str:
    for number, value in _fields(piece):
        if number == TEXT_FIELD and isinstance(value, bytes):
            return value.decode("utf-8")
    raise ValueError("a piece has no text")


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield number and value of each field."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == BYTES:
            length, place = _varint(message, place)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            length = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if not number or place + length > len(message):
            raise ValueError("it ends within a field")
        yield number, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Return a number stored as seven bits per byte, lowest first, and the position after it."""
    value = 0
    for count in range(LONGEST_VARINT):
        if place + count >= len(message):
            raise ValueError("it ends within a number")
        byte = message[place + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    raise ValueError("a number has no end")
