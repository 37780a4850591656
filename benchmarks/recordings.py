"""Read every recording of a folder as the command line does and compare texts.

    python benchmarks/recordings.py FOLDER [--model DIR] [--device cpu]

FOLDER holds `manifest.tsv` (path, text, language) and the recordings. Printed are the character error rate of each
recording, the rate between the encodings of one recording (against its first), and text found where nobody speaks.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jiwer
from tqdm import tqdm

from app.composition import decode_limits, engine_spec, vad_options
from app.domain.options import TranscriptionOptions
from app.services.transcriptions.direct import direct_transcriber
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one recording."""

    path: str
    expected: str
    text: str
    seconds: float
    computing_seconds: float


def main() -> None:
    options = _parse()
    given = {name: value for name, value in vars(options).items() if value is not None and name != "folder"}
    readings = list(read_all(options.folder, Settings(**given)))
    print_readings(readings)
    print_encodings(readings)
    print_nonspeech(readings)


def read_all(folder: Path, settings: Settings) -> Iterator[Reading]:
    with (folder / "manifest.tsv").open(encoding="utf-8") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE))
    options = TranscriptionOptions(itn=False, vad=vad_options(settings))
    with direct_transcriber(engine_spec(settings), options, decode_limits(settings)) as transcriber:
        for row in rows:
            started = time.perf_counter()
            with tqdm(disable=True) as bar:
                transcript = transcriber.run(folder / row["path"], bar).transcript
            elapsed = time.perf_counter() - started
            yield Reading(row["path"], row["text"], transcript.text_raw, transcript.duration, elapsed)


def print_readings(readings: list[Reading]) -> None:
    print(f"{'CER':>7}  {'RTF':>6}  recording")
    for reading in readings:
        rate = error_rate(reading.expected, reading.text)
        print(f"{rate:7.1%}  {reading.computing_seconds / reading.seconds:6.3f}  {reading.path}: {reading.text}")


def print_encodings(readings: list[Reading]) -> None:
    """Compare the encodings of one recording with the first of them."""
    groups: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        if reading.path.startswith("codecs/") and reading.expected:
            groups[reading.expected].append(reading)
    for group in (group for group in groups.values() if len(group) > 1):
        first, *others = group
        print(f"\nEncodings against {first.path}")
        for other in others:
            print(f"{error_rate(first.text, other.text):7.1%}  {other.path}")


def print_nonspeech(readings: list[Reading]) -> None:
    print("\nText where nobody speaks")
    for reading in readings:
        if not reading.expected:
            print(f"{len(reading.text):5} characters  {reading.path}  {reading.text[:60]}")


def error_rate(expected: str, text: str) -> float:
    """Character error rate without case, spaces and punctuation."""
    expected, text = _letters(expected), _letters(text)
    if not expected:
        return float(bool(text))
    return float(jiwer.cer(expected, text)) if text else 1.0


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--device")
    return parser.parse_args()


if __name__ == "__main__":
    main()
