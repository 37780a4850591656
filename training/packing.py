"""Utterances packed into one flat file of int16 samples with an index: appended once, read by memory map."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
TIMES_SUFFIX = ".times"
Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Utterance:
    """Where one utterance lies (in samples) and what is said; `text` is normal text, "" where nobody speaks."""

    start: int
    count: int
    text: str
    language: str
    condition: str
    syllables: str = ""
    spans_ms: tuple[int, ...] = ()
    """Start and end of each token of the text, one after the other, where the synthesiser told them."""

    @property
    def seconds(self) -> float:
        return self.count / SAMPLE_RATE


class PackWriter:
    """Appends utterances to a pack that is being written."""

    def __init__(self, samples: BinaryIO, index: TextIO) -> None:
        self._samples, self._index, self._start = samples, index, 0

    def add(
        self,
        samples: Samples,
        *,
        text: str,
        language: str,
        condition: str,
        syllables: str = "",
        spans_ms: tuple[int, ...] = (),
    ) -> None:
        """16 kHz mono samples of one utterance."""
        utterance = Utterance(self._start, len(samples), text, language, condition, syllables, spans_ms)
        self._samples.write(samples.astype("<i2").tobytes())
        self._index.write(json.dumps(asdict(utterance), ensure_ascii=False) + "\n")
        self._start += len(samples)


@contextmanager
def writing(pack: Path) -> Iterator[PackWriter]:
    """`PACK.s16` and `PACK.jsonl`; they get these names only when all of it is written."""
    pack.parent.mkdir(parents=True, exist_ok=True)
    parts = [pack.with_suffix(suffix + ".part") for suffix in (".s16", ".jsonl")]
    with parts[0].open("wb") as samples, parts[1].open("w", encoding="utf-8") as index:
        yield PackWriter(samples, index)
    for part in parts:
        part.rename(part.with_suffix(""))


class Pack:
    """A finished pack, read on demand through the page cache."""

    def __init__(self, pack: Path) -> None:
        lines = pack.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
        self.utterances = tuple(Utterance(**json.loads(line)) for line in lines)
        self.unit_times_ms = _unit_times(pack.with_suffix(TIMES_SUFFIX), len(self.utterances))
        """The middle of each unit of each utterance, where `training.unit_times` told them."""
        self._samples = np.memmap(pack.with_suffix(".s16"), dtype="<i2", mode="r")

    def samples(self, utterance: Utterance) -> Samples:
        return np.asarray(self._samples[utterance.start : utterance.start + utterance.count])


def _unit_times(path: Path, count: int) -> list[tuple[int, ...]]:
    if not path.exists():
        return [()] * count
    return [tuple(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
