"""CER and WER of recordings with known texts, through the product's own command line.

Run: python -m benchmarks.accuracy TSV [TSV ...] [--model DIR ...] [--most N] [--through telephone ...] [--music FILE]. A TSV
has the columns `path` (beside the TSV), `seconds`, `text` and `language`. Chinese and Japanese count by characters,
everything else by words; capitals, punctuation and spaces do not count, digits are spelled out, traditional characters are
simplified on both sides. With conditions, `changed` says how much of the text differs from that of the recordings as they
are. Noise is pink; it and the music stand 10 dB below the recording.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import resource
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jiwer

from app.engine.whisper.candidates import spelled_number
from app.engine.whisper.script import convert

ENGLISH = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
ENGLISH += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
BY_CHARACTERS = ("zh", "ja")
THROUGH = {
    "telephone": ("wav", "-ar 8000 -c:a pcm_mulaw"),
    "mp3": ("mp3", "-ar 16000 -c:a libmp3lame -b:a 32k"),
    "aac": ("m4a", "-ar 16000 -c:a aac -b:a 24k"),
    "opus": ("opus", "-c:a libopus -b:a 12k"),
    "wma": ("wma", "-ar 16000 -c:a wmav2 -b:a 32k"),
    "mp3-64k": ("mp3", "-ar 16000 -c:a libmp3lame -b:a 64k"),
    "aac-64k": ("m4a", "-ar 48000 -c:a aac -b:a 64k"),
    "opus-24k": ("opus", "-c:a libopus -b:a 24k"),
    "wma-64k": ("wma", "-ar 48000 -c:a wmav2 -b:a 64k"),
}
"""What recordings may be sent through before they are read: the kind of file, and how FFmpeg writes it.

Without a rate in its name a codec is at its lowest that people use; with one at the rate of usual recordings of speech."""
AS_IT_IS = "as it is"
MIXED = {"noise": "anoisesrc=color=pink:sample_rate=16000:seed=1", "music": ""}
"""What may lie beneath them, 10 dB lower: a source of FFmpeg, or a file."""
FILTERS = {"slow": "atempo=0.8", "fast": "atempo=1.25", "shifted": "adelay=10"}
"""What FFmpeg does to them: another pace, or 10 ms of silence before, as codecs bring: what changes in the text by chance."""
CONDITIONS = (AS_IT_IS, *THROUGH, *MIXED, *FILTERS)
BENEATH_DB = 10.0
LEVEL = re.compile(r"mean_volume: (-?[0-9.]+) dB")


@dataclass(frozen=True)
class Clip:
    """One recording and what is said in it."""

    path: Path
    seconds: float
    text: str
    language: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, nargs="*", help="folders; the chosen model without it")
    parser.add_argument("--most", type=int, default=10_000, help="clips of each table, evenly spread")
    parser.add_argument("--language", help="asked of the recogniser; auto without it")
    parser.add_argument("--quality", default="accurate")
    parser.add_argument("--through", nargs="*", choices=CONDITIONS, default=[], help="how each recording is changed")
    parser.add_argument("--music", type=Path, help="what is played beneath them with --through music")
    parser.add_argument("--show", type=int, default=0, help="texts to print, the worst first")
    arguments = parser.parse_args()
    if "music" in arguments.through and not arguments.music:
        parser.error("--through music needs --music FILE")
    print(
        "| table | model | condition | clips | without text | errors | changed | CPU s/s |\n|---|---|---|---|---|---|---|---|"
    )
    for table in arguments.tables:
        clips = spread(list(read_table(table)), arguments.most)
        for model in arguments.model or [None]:
            _measure(table.stem, clips, model, arguments)


def _measure(name: str, clips: Sequence[Clip], model: Path | None, arguments: argparse.Namespace) -> None:
    options = ["--quality", arguments.quality, "--language", arguments.language or "auto"]
    options += ["--model", str(model)] if model else []
    plain: list[str] = []
    for condition in dict.fromkeys((AS_IT_IS, *arguments.through)):
        with changed(clips, condition, arguments.music) as files:
            heard, cpu_seconds = transcribe(files, options)
        plain = plain or heard
        told = (name, model.name if model else "chosen", condition)
        print(_row(told, clips, heard, cpu_seconds, plain), flush=True)
        for clip, text in _worst(clips, heard)[: arguments.show]:
            print(f"    {clip.text}\n    {text}\n")


def read_table(table: Path) -> Iterator[Clip]:
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            language = row["language"].partition("-")[0]
            yield Clip(table.parent / row["path"], float(row["seconds"]), row["text"], language)


def spread(clips: list[Clip], most: int) -> list[Clip]:
    """Return at most so many, from the beginning to the end of the table."""
    step = max(1.0, len(clips) / most)
    return [clips[int(step * number)] for number in range(min(most, len(clips)))]


@contextmanager
def changed(clips: Sequence[Clip], condition: str, music: Path | None = None) -> Iterator[list[Path]]:
    """Return the recordings as they are, or changed for the time of the block."""
    if condition == AS_IT_IS:
        yield [clip.path for clip in clips]
        return
    suffix, options = THROUGH.get(condition, ("wav", "-ar 16000"))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.{suffix}") for number in range(len(clips))]
        for clip, file in zip(clips, files, strict=True):
            added = _added(clip.path, condition, music)
            command = ["ffmpeg", "-v", "error", "-i", str(clip.path), *added, "-ac", "1", *options.split(), str(file)]
            subprocess.run(command, check=True)
        yield files


def _added(path: Path, condition: str, music: Path | None) -> list[str]:
    """Return the arguments of FFmpeg for what lies beneath a recording, or for what is done to it."""
    if condition in FILTERS:
        return ["-filter:a", FILTERS[condition]]
    if condition not in MIXED:
        return []
    source = ["-f", "lavfi", "-i", MIXED[condition]] if MIXED[condition] else ["-stream_loop", "-1", "-i", str(music)]
    gain = _level(["-i", str(path)]) - _level([*source, "-t", "20"]) - BENEATH_DB
    mixed = f"[1]volume={gain:.2f}dB[beneath];[0][beneath]amix=inputs=2:duration=first:normalize=0"
    return [*source, "-filter_complex", mixed]


def _level(source: Sequence[str]) -> float:
    """Return the mean level of what FFmpeg reads, in dB."""
    command = ["ffmpeg", "-hide_banner", *source, "-ac", "1", "-af", "volumedetect", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = LEVEL.search(told)
    assert found, told
    return float(found[1])


def transcribe(files: Sequence[Path], options: Sequence[str]) -> tuple[list[str], float]:
    """Return the texts of the files, and the CPU seconds that the command and its children took."""
    before = _cpu_of_children()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "transcribe", *map(str, files), "--format", "json"]
        command += ["--output", folder, "--no-itn", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        outputs = [Path(folder) / f"{file.name}.json" for file in files]
        texts = [json.loads(output.read_text(encoding="utf-8"))["text_raw"] for output in outputs]
    return texts, _cpu_of_children() - before


def error_rate(said: Sequence[str], heard: Sequence[str], language: str) -> float:
    """Return the errors as a share of characters or words."""
    pairs = [(comparable(a, language), comparable(b, language)) for a, b in zip(said, heard, strict=True)]
    measure = jiwer.cer if language in BY_CHARACTERS else jiwer.wer
    return float(measure([a for a, _ in pairs], [b for _, b in pairs]))


def comparable(text: str, language: str) -> str:
    """Return what is compared."""
    [text] = convert([unicodedata.normalize("NFKC", text).lower().replace("’", "'")], "zh")
    if language in BY_CHARACTERS:
        return re.sub(r"[\W_]", "", re.sub(r"\d+", lambda found: spelled_number(found[0]), text))
    text = re.sub(r"(\d+)(?:st|nd|rd|th)\b", lambda found: f" {english_ordinal(int(found[1]))} ", text)
    text = re.sub(r"\d+", lambda found: f" {english_number(int(found[0]))} ", text.replace(",", ", "))
    return " ".join(re.sub(r"[^\w' ]", " ", text).split())


def english_number(number: int) -> str:
    """Spell a number as it is read in running text; years as two halves."""
    if number < 20:
        return ENGLISH[number]
    if number < 100:
        return " ".join(filter(None, (TENS[number // 10], ENGLISH[number % 10] if number % 10 else "")))
    if 1100 <= number < 2000:
        rest = english_number(number % 100) if number % 100 else "hundred"
        return f"{english_number(number // 100)} {rest}"
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = english_number(number % size) if number % size else ""
            return f"{english_number(number // size)} {name} {rest}".strip()
    raise AssertionError


def english_ordinal(number: int) -> str:
    """Spell first, twentieth, twenty first."""
    *first, last = english_number(number).split()
    irregular = {
        "one": "first",
        "two": "second",
        "three": "third",
        "five": "fifth",
        "eight": "eighth",
        "nine": "ninth",
    }
    irregular["twelve"] = "twelfth"
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return " ".join([*first, irregular.get(last, regular)])


def _worst(clips: Sequence[Clip], heard: Sequence[str]) -> list[tuple[Clip, str]]:
    pairs = list(zip(clips, heard, strict=True))
    return sorted(pairs, key=lambda pair: -error_rate([pair[0].text], [pair[1]], pair[0].language))


def _row(
    told: Sequence[str], clips: Sequence[Clip], heard: Sequence[str], cpu_seconds: float, plain: Sequence[str]
) -> str:
    language = clips[0].language
    rate = error_rate([clip.text for clip in clips], heard, language)
    unit = "CER" if language in BY_CHARACTERS else "WER"
    silent = sum(not text for text in heard)
    pairs = [(a, b) for a, b in zip(plain, heard, strict=True) if comparable(a, language)]
    difference = error_rate([a for a, _ in pairs], [b for _, b in pairs], language)
    cost = cpu_seconds / sum(clip.seconds for clip in clips)
    facts = (str(len(clips)), str(silent), f"{unit} {100 * rate:.2f} %", f"{100 * difference:.1f} %", f"{cost:.3f}")
    return f"| {' | '.join((*told, *facts))} |"


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
