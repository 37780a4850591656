"""The header of CTranslate2's `model.bin`: the network type, and whether the file is complete. No weights are read.

Format (little-endian): uint32 version; string specification; uint32 revision; uint32 number of variables; of each:
string name, uint8 rank, uint32 for each dimension, uint8 type, uint32 bytes, data; then uint32 number of aliases, each
two strings. A string is its length with the closing zero as uint16, then the bytes.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileUnreadable, ModelWeightsMismatch

WEIGHTS_FILE = "model.bin"
WHISPER = "WhisperSpec"
LONGEST_NAME = 1000
MOST_VARIABLES = 100_000
MOST_DIMENSIONS = 8
NOT_WHOLE = N_("it is cut off or damaged")
FOREIGN = N_("it is no model of CTranslate2")
NO_WHISPER = N_("its network is not Whisper")


@dataclass(frozen=True, slots=True)
class WeightsFacts:
    """Facts derived from the shapes of the weights."""

    vocabulary_size: int
    mel_bins: int
    parameters: int


def read_facts(folder: Path) -> WeightsFacts:
    """Scan the table of weights.

    Raises:
        ModelFileUnreadable: it is truncated, damaged, or not a CTranslate2 file.
        ModelWeightsMismatch: the network is not Whisper.
    """
    file = folder / WEIGHTS_FILE
    try:
        with file.open("rb") as stream:
            shapes = _shapes(stream, file)
    except OSError as error:
        raise ModelFileUnreadable(file=str(file), reason=error.strerror or str(error)) from error
    embeddings = shapes.get("decoder/embeddings/weight", ())
    convolution = shapes.get("encoder/conv1/weight", ())
    if len(embeddings) != 2 or len(convolution) != 3:
        raise ModelWeightsMismatch(file=str(file), reason=NO_WHISPER)
    return WeightsFacts(
        vocabulary_size=embeddings[0],
        mel_bins=convolution[1],
        parameters=sum(prod(shape) for shape in shapes.values()),
    )


def _shapes(stream: BinaryIO, file: Path) -> dict[str, tuple[int, ...]]:
    size = os.fstat(stream.fileno()).st_size
    reader = _Reader(stream, file)
    version = reader.number("I")
    specification = reader.text() if 2 <= version <= 100 else ""
    if not specification:
        raise ModelFileUnreadable(file=str(file), reason=FOREIGN)
    if specification != WHISPER:
        raise ModelWeightsMismatch(file=str(file), reason=NO_WHISPER)
    reader.number("I")  # revision
    count = reader.number("I")
    shapes: dict[str, tuple[int, ...]] = {}
    for _ in range(min(count, MOST_VARIABLES)):
        name = reader.text()
        rank = reader.number("B")
        if rank > MOST_DIMENSIONS:
            raise ModelFileUnreadable(file=str(file), reason=NOT_WHOLE)
        shapes[name] = tuple(reader.number("I") for _ in range(rank))
        reader.number("B")  # type
        data_bytes = reader.number("I")
        if stream.tell() + data_bytes > size:
            raise ModelFileUnreadable(file=str(file), reason=NOT_WHOLE)
        stream.seek(data_bytes, os.SEEK_CUR)
    return shapes


@dataclass(frozen=True, slots=True)
class _Reader:
    stream: BinaryIO
    file: Path

    def number(self, form: str) -> int:
        return int(struct.unpack(f"<{form}", self._bytes(struct.calcsize(form)))[0])

    def text(self) -> str:
        length = self.number("H")
        if not 0 < length <= LONGEST_NAME:
            raise ModelFileUnreadable(file=str(self.file), reason=FOREIGN)
        return self._bytes(length)[:-1].decode("utf-8", "replace")

    def _bytes(self, count: int) -> bytes:
        found = self.stream.read(count)
        if len(found) != count:
            raise ModelFileUnreadable(file=str(self.file), reason=NOT_WHOLE)
        return found
