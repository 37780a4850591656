"""How well a remembered voice is found again: what a likeness means, and where the threshold of a proposal lies.

    python benchmarks/known_voices.py SPEECH --model models/speakers

SPEECH holds sets of recordings with a table of their texts (see benchmarks/meetings.py). Each reader is remembered from
the first half of their recordings, and looked for in the second half: as it is, in a room with some noise, and on the
telephone; with as many seconds of speech as a person says in a short talk and in a long one. Readers of other sets are
strangers. For each threshold the tables say how many strangers are proposed as somebody, with all the others known,
and how many known ones are missed.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from meetings import decoded, readers, telephone

from app.domain.speakers.known_voices import FULL_BAND, MIXED, TELEPHONE, Scale
from app.engine import SAMPLE_RATE, Waveform
from app.engine.speakers import Embeddings, SpeakerModel
from app.engine.speakers.model import load_speaker_model
from app.engine.speakers.voices import voice_of

STRANGERS = "zh-train-cv"  # single sentences of mostly different people
SESSIONS = "en-train-lj"  # one reader, in recordings of many days
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.83, 0.86, 0.89)
KINDS = ("plain", "room", "telephone")
ROOM_SECONDS, ROOM_NOISE_DB = 0.4, 20.0
LINE_HZ = 4000.0
PIECE_SECONDS = 6.0  # of one turn


@dataclass(frozen=True, slots=True)
class Speech:
    """What one person says, as one waveform."""

    reader: str
    waveform: Waveform


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="folder with both networks")
    parser.add_argument("--seconds", type=float, nargs="+", default=[8.0, 45.0], help="of speech in the new recording")
    parser.add_argument("--strangers", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = load_speaker_model(given.model)
    readers_of = dict(readers(given.speech)) | {"LJ": _files(given.speech, SESSIONS)}
    first = [_joined(reader, files[: len(files) // 2], 60.0) for reader, files in readers_of.items()]
    known = {kind: _voices(first, kind, model) for kind in ("plain", "telephone")}
    others = _files(given.speech, STRANGERS)
    others = others[:: max(1, len(others) // given.strangers)][: given.strangers]
    strangers = [Speech(file.stem, decoded(file)) for file in others]
    unknown = {kind: _voices(strangers, kind, model) for kind in KINDS}
    for seconds in given.seconds:
        later = [_joined(reader, files[len(files) // 2 :], seconds) for reader, files in readers_of.items()]
        for kind in KINDS:
            heard = _voices(later, kind, model)
            for remembered, voices in known.items():
                print(f"\nremembered: {remembered}; new recording: {kind}, {seconds:.0f} s of each person", flush=True)
                _print(heard @ voices.T, unknown[kind] @ voices.T, _scale(remembered, kind))


def _scale(remembered: str, kind: str) -> Scale:
    if (remembered == "telephone") != (kind == "telephone"):
        return MIXED
    return TELEPHONE if kind == "telephone" else FULL_BAND


def _print(found: Embeddings, unknown: Embeddings, scale: Scale) -> None:
    same = np.diag(found)
    others = found[~np.eye(len(found), dtype=np.bool_)]
    best_other = np.where(np.eye(len(found), dtype=np.bool_), -1.0, found).max(1)
    strangers = np.concatenate([best_other, unknown.max(1)])
    print(f"  same voice:  least {same.min():.2f}, 5 % {np.quantile(same, 0.05):.2f}, median {np.median(same):.2f}")
    print(
        f"  other voice: median {np.median(others):.2f}, 99 % {np.quantile(others, 0.99):.2f}, most {others.max():.2f}"
    )
    print(f"  nearest known is another: {(best_other > same).sum()} of {len(same)}")
    print("  threshold   strangers proposed   known missed")
    for threshold in THRESHOLDS:
        mark = " <-" if threshold == scale.least else ""
        print(f"  {threshold:9.2f} {(strangers >= threshold).mean():20.1%} {(same < threshold).mean():14.1%}{mark}")


def _voices(all_of_them: Sequence[Speech], kind: str, model: SpeakerModel) -> Embeddings:
    return np.stack([_voice(speech, kind, model) for speech in all_of_them])


def _voice(speech: Speech, kind: str, model: SpeakerModel) -> Embeddings:
    waveform = _heard(speech.waveform, kind)
    seconds = len(waveform) / SAMPLE_RATE
    starts = np.arange(0, max(0.1, seconds - 1), PIECE_SECONDS).tolist()
    spans = [(start, min(seconds, start + PIECE_SECONDS)) for start in starts]

    def read(start: float, end: float) -> Waveform:
        return waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]

    voice = voice_of(read, spans, model)
    assert voice is not None, speech.reader
    return voice.unit


def _heard(waveform: Waveform, kind: str) -> Waveform:
    if kind == "telephone":
        return _below_4khz(telephone(waveform))
    return _in_room(waveform) if kind == "room" else waveform


def _below_4khz(waveform: Waveform) -> Waveform:
    """Return the sound as a line with 8000 samples a second leaves it."""
    spectrum = np.fft.rfft(waveform)
    spectrum[np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE) > LINE_HZ] = 0
    cut: Waveform = np.fft.irfft(spectrum, len(waveform)).astype(np.float32)
    return cut


def _in_room(waveform: Waveform) -> Waveform:
    """Return the sound in a room with echoes and some noise."""
    random = np.random.default_rng(1)
    times = np.arange(int(ROOM_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = random.standard_normal(len(times)) * np.exp(-6.9 * times / ROOM_SECONDS) * 0.05
    echoes[0] = 1.0
    size = len(waveform) + len(echoes)
    wet = np.fft.irfft(np.fft.rfft(waveform, size) * np.fft.rfft(echoes, size), size)[: len(waveform)]
    level = float(np.sqrt(np.mean(wet**2))) * 10 ** (-ROOM_NOISE_DB / 20)
    noisy: Waveform = (wet + random.normal(0, level, len(wet))).astype(np.float32)
    return noisy


def _joined(reader: str, files: Sequence[Path], seconds: float) -> Speech:
    pieces: list[Waveform] = []
    for file in files:
        pieces.append(decoded(file))
        if sum(map(len, pieces)) >= seconds * SAMPLE_RATE:
            break
    return Speech(reader, np.concatenate(pieces)[: round(seconds * SAMPLE_RATE)])


def _files(speech: Path, name: str) -> list[Path]:
    with (speech / f"{name}.tsv").open(encoding="utf-8") as table:
        return [speech / row["path"] for row in csv.DictReader(table, delimiter="\t")]


if __name__ == "__main__":
    main()
