"""Joins meetings from single recordings of readers: who speaks when is known to the sample. Not a program by itself.

A meeting has several speakers, turns of chosen lengths, pauses or overlaps between them, loudness of their own, some
noise, and optionally music in between or the band of a telephone. The same seed gives the same meeting.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.decoding import decode, read_waveform
from app.engine.audio.facts import DecodeLimits

Turn: TypeAlias = tuple[float, float, str]
"""Start and end in seconds, and the speaker."""

SPEECH_SETS = ("en-train-libri", "en-dev", "zh-train-aishell")  # those whose file names say who speaks
LEVEL = 0.05  # root mean square of a turn
NOISE = 0.0005
FRAME = SAMPLE_RATE // 100
SILENT = 0.06  # of a turn's loudest frames: a frame below is silence
LONGEST_PAUSE = 0.5  # seconds of silence that stay inside a turn of the reference
TELEPHONE_HZ = (300.0, 3400.0)


@dataclass(frozen=True, slots=True)
class Kind:
    """How the turns of a meeting follow each other."""

    name: str
    turn_seconds: tuple[float, float]
    overlap_share: float = 0.0
    """Of turns that begin before the last has ended."""
    music_share: float = 0.0
    """Of turns with music before them."""
    is_telephone: bool = False


KINDS = (
    Kind("plain", (2.0, 12.0)),
    Kind("short", (0.8, 3.5)),
    Kind("overlap", (2.0, 10.0), overlap_share=0.4),
    Kind("music", (2.0, 12.0), music_share=0.2),
    Kind("telephone", (1.5, 8.0), is_telephone=True),
)


@dataclass(frozen=True, slots=True)
class Meeting:
    name: str
    waveform: Waveform
    turns: tuple[Turn, ...]
    """The reference: speech without its longer pauses."""
    speakers: int


def meeting_arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows which meetings to make, and the model that hears them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("speech", type=Path)
    parser.add_argument("music", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="folder with both networks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--counts", type=int, nargs="+", default=[2, 3, 5, 8])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def readers(speech: Path) -> Mapping[str, list[Path]]:
    """Return the recordings of each reader in a folder of speech sets."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for name in SPEECH_SETS:
        with (speech / f"{name}.tsv").open(encoding="utf-8") as table:
            for row in csv.DictReader(table, delimiter="\t"):
                found[_reader_of(Path(row["path"]).stem)].append(speech / row["path"])
    return {reader: files for reader, files in sorted(found.items()) if len(files) > 5}


def _reader_of(stem: str) -> str:
    return stem[:11] if stem.startswith("BAC") else stem.partition("-")[0]


def meetings(speech: Path, music: Path, seed: int, counts: Sequence[int], seconds: float) -> Iterator[Meeting]:
    """Yield a meeting of every kind for every number of speakers."""
    voices = readers(speech)
    for number, count in enumerate(counts):
        for place, kind in enumerate(KINDS):
            maker = MeetingMaker(voices, sorted(music.glob("*.flac")), np.random.default_rng((seed, number, place)))
            yield maker.meeting(kind, count, seconds)


@dataclass(frozen=True, slots=True)
class MeetingMaker:
    voices: Mapping[str, list[Path]]
    music: Sequence[Path]
    random: np.random.Generator

    def meeting(self, kind: Kind, count: int, seconds: float) -> Meeting:
        people = self.random.choice(sorted(self.voices), count, replace=False).tolist()
        gains = dict(zip(people, 10 ** (self.random.uniform(-5, 5, count) / 20), strict=True))
        mixed = np.zeros(round((seconds + 60) * SAMPLE_RATE), dtype=np.float32)
        turns: list[Turn] = []
        at, last, unheard = 1.0, "", list(people)
        while at < seconds or unheard:
            if self.random.random() < kind.music_share:
                at = self._play(mixed, at)
            speaker = str(self.random.choice([each for each in unheard or people if each != last] or people))
            unheard = [each for each in unheard if each != speaker]
            piece = self._piece(speaker, kind) * gains[speaker]
            begin = self._begin(at, turns, kind)
            first = round(begin * SAMPLE_RATE)
            mixed[first : first + len(piece)] += piece
            turns += [(begin + start, begin + end, speaker) for start, end in _speech_in(piece)]
            at, last = begin + len(piece) / SAMPLE_RATE, speaker
        mixed = mixed[: round((at + 1) * SAMPLE_RATE)]
        mixed += self.random.normal(0, NOISE, len(mixed)).astype(np.float32)
        heard = telephone(mixed) if kind.is_telephone else mixed
        name = f"{count} speakers, {kind.name}"
        return Meeting(name, np.clip(heard, -1, 1).astype(np.float32), tuple(sorted(turns)), count)

    def _begin(self, at: float, turns: Sequence[Turn], kind: Kind) -> float:
        if turns and self.random.random() < kind.overlap_share:
            return max(turns[-1][0], at - self.random.uniform(0.5, 2.0))
        return at + self.random.uniform(0.05, 0.9)

    def _piece(self, speaker: str, kind: Kind) -> Waveform:
        """Return speech of one person, cut at its quietest point near the wanted length."""
        wanted = round(self.random.uniform(*kind.turn_seconds) * SAMPLE_RATE)
        files = self.voices[speaker]
        sound = _trimmed(decoded(files[self.random.integers(len(files))]))
        while len(sound) < wanted // 2:
            sound = np.concatenate([sound, _trimmed(decoded(files[self.random.integers(len(files))]))])
        begin = int(self.random.integers(max(1, len(sound) - wanted)))
        begin = _quietest(sound, begin) if begin > SAMPLE_RATE // 2 else 0
        end = begin + wanted
        end = _quietest(sound, end) if end < len(sound) - SAMPLE_RATE // 2 else len(sound)
        piece = _trimmed(sound[begin:end])
        return piece * np.float32(LEVEL / max(1e-4, float(np.sqrt(np.mean(piece**2)))))

    def _play(self, mixed: Waveform, at: float) -> float:
        sound = decoded(self.music[int(self.random.integers(len(self.music)))])
        length = round(self.random.uniform(3, 8) * SAMPLE_RATE)
        begin = int(self.random.integers(max(1, len(sound) - length)))
        piece = sound[begin : begin + length]
        piece = piece * np.float32(LEVEL / max(1e-4, float(np.sqrt(np.mean(piece**2)))))
        first = round((at + 0.5) * SAMPLE_RATE)
        mixed[first : first + len(piece)] += piece
        return at + 1.0 + len(piece) / SAMPLE_RATE


def decoded(file: Path) -> Waveform:
    with tempfile.TemporaryDirectory() as folder:
        pcm = Path(folder) / "samples.pcm"
        facts = decode(file, pcm, DecodeLimits(3600, 600, 2048))
        return read_waveform(pcm, 0.0, facts.duration)


def _levels(sound: Waveform) -> npt.NDArray[np.float32]:
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    levels: npt.NDArray[np.float32] = np.sqrt(np.mean(frames**2, axis=1))
    return levels


def _is_speech(sound: Waveform) -> npt.NDArray[np.bool_]:
    levels = _levels(sound)
    speech: npt.NDArray[np.bool_] = levels > SILENT * np.quantile(levels, 0.95)
    return speech


def _trimmed(sound: Waveform) -> Waveform:
    places = np.flatnonzero(_is_speech(sound))
    return sound[places[0] * FRAME : (places[-1] + 1) * FRAME] if len(places) else sound


def _quietest(sound: Waveform, near: int) -> int:
    reach = SAMPLE_RATE // 2
    first = max(0, near - reach) // FRAME
    levels = _levels(sound)[first : (near + reach) // FRAME]
    return int((first + np.argmin(levels)) * FRAME)


def _speech_in(piece: Waveform) -> Iterator[tuple[float, float]]:
    """Yield where somebody speaks, without pauses over LONGEST_PAUSE."""
    places = np.flatnonzero(_is_speech(piece))
    gaps = np.flatnonzero(np.diff(places) > LONGEST_PAUSE * SAMPLE_RATE / FRAME)
    for part in np.split(places, gaps + 1):
        if len(part):
            yield part[0] * FRAME / SAMPLE_RATE, (part[-1] + 1) * FRAME / SAMPLE_RATE


def telephone(sound: Waveform) -> Waveform:
    """Return the band of a telephone with the steps of its 8-bit coding."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    spectrum[(hertz < TELEPHONE_HZ[0]) | (hertz > TELEPHONE_HZ[1])] = 0
    band = np.fft.irfft(spectrum, len(sound))
    companded = np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256)
    coded = np.round(companded * 127) / 127
    expanded: Waveform = (np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255).astype(np.float32)
    return expanded
