"""Who spoke when, in meetings joined from single recordings: error rate, number of speakers, time.

    python benchmarks/diarization.py SPEECH MUSIC --model models/speakers

SPEECH holds sets of recordings with a table of their texts, MUSIC some flac files (see benchmarks/meetings.py).
Beside it stands a plain baseline on the same embeddings: windows of the voice activity detection, joined by average
similarity down to a cosine of 0.5.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from diarization_error import DiarizationError, diarization_error, pooled
from meetings import Meeting, Turn, decoded, meeting_arguments, meetings

from app.domain.options import VadOptions
from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.samples import FULL_SCALE
from app.engine.speakers import Embeddings, SpeakerModel
from app.engine.speakers.diarizer import diarize
from app.engine.speakers.frames import Span
from app.engine.speakers.model import load_speaker_model
from app.engine.vad.vad import find_speech

COLLARS = (0.5, 0.25, 0.0)  # seconds around an edge of the reference: half of them on each side
MOST_SPEECH = 0.2  # of what is played as music: instruments are taken for speech now and then
BASELINE_WINDOW, BASELINE_STEP, BASELINE_COSINE = 1.5, 0.75, 0.5

Outcome: TypeAlias = tuple[list[Turn], float]
"""The turns that were found, and the seconds it took."""


@dataclass(frozen=True, slots=True)
class Row:
    """One meeting as read by one way."""

    speakers: int
    found: int
    errors: tuple[DiarizationError, ...]
    """For each of COLLARS."""
    rtf: float


def main() -> None:
    parser = meeting_arguments(__doc__)
    parser.add_argument("--known", action="store_true", help="tell the number of speakers")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = load_speaker_model(given.model)
    _warn_of_speech(given.music)
    ours, baseline = [], []
    for meeting in meetings(given.speech, given.music, given.seed, given.counts, given.seconds):
        spans = found_speech(meeting.waveform)
        wanted = meeting.speakers if given.known else None
        ours.append(_row(meeting, _diarized(meeting.waveform, spans, model, wanted)))
        baseline.append(_row(meeting, _baseline(meeting.waveform, spans, model)))
        print(f"{meeting.name:24}{_told(ours[-1])}   baseline {_told(baseline[-1])}", flush=True)
    print(f"{'all':24}{_summary(ours)}   baseline {_summary(baseline)}")


def _warn_of_speech(music: Path) -> None:
    """Name the music in which somebody speaks: that is a speaker, whom the reference does not know."""
    for file in sorted(music.glob("*.flac")):
        sound = decoded(file)
        if sum(end - start for start, end in found_speech(sound)) > MOST_SPEECH * len(sound) / SAMPLE_RATE:
            print(f"somebody speaks in {file}: counts and rates of meetings with music are wrong", file=sys.stderr)


def found_speech(waveform: Waveform) -> list[Span]:
    """Return where somebody speaks."""
    with tempfile.TemporaryDirectory() as folder:
        pcm = Path(folder) / "samples.pcm"
        (waveform * (FULL_SCALE - 1)).astype("<i2").tofile(pcm)
        return [(span.start, span.end) for span in find_speech(pcm, VadOptions()).spans]


def _diarized(waveform: Waveform, spans: Sequence[Span], model: SpeakerModel, wanted: int | None) -> Outcome:
    def read(start: float, end: float) -> Waveform:
        return waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]

    began = time.perf_counter()
    turns = diarize(read, len(waveform) / SAMPLE_RATE, spans, model, wanted).turns
    return [(turn.start, turn.end, str(turn.speaker)) for turn in turns], time.perf_counter() - began


def _baseline(waveform: Waveform, spans: Sequence[Span], model: SpeakerModel) -> Outcome:
    began = time.perf_counter()
    windows = [window for span in spans for window in _windows(span)]
    pieces = [waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] for start, end in windows]
    vectors = np.concatenate([model.embeddings(pieces[first : first + 16]) for first in range(0, len(pieces), 16)])
    labels = _average_linkage(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    turns = [
        (start, min(end, start + BASELINE_STEP) if end - start > BASELINE_STEP else end, label)
        for (start, end), label in zip(windows, labels, strict=True)
    ]
    return turns, time.perf_counter() - began


def _windows(span: Span) -> list[Span]:
    starts = np.arange(span[0], max(span[0] + 0.1, span[1] - BASELINE_STEP), BASELINE_STEP).tolist()
    return [(start, min(start + BASELINE_WINDOW, span[1])) for start in starts]


def _average_linkage(units: Embeddings) -> list[str]:
    similarity = (units @ units.T).astype(np.float64)
    np.fill_diagonal(similarity, -np.inf)
    sizes, members = np.ones(len(units)), [[place] for place in range(len(units))]
    while len(members) > 1:
        first, second = np.unravel_index(similarity.argmax(), similarity.shape)
        if similarity[first, second] < BASELINE_COSINE:
            break
        total = sizes[first] + sizes[second]
        joined = (similarity[first] * sizes[first] + similarity[second] * sizes[second]) / total
        similarity[first], similarity[:, first] = joined, joined
        similarity[first, first] = -np.inf
        similarity[second], similarity[:, second] = -np.inf, -np.inf
        sizes[first] = total
        members[first] += members[second]
        members[second] = []
        if not np.isfinite(similarity).any():
            break
    labels = [""] * len(units)
    for number, places in enumerate(members):
        for place in places:
            labels[place] = str(number)
    return labels


def _row(meeting: Meeting, outcome: Outcome) -> Row:
    turns, seconds = outcome
    errors = tuple(diarization_error(meeting.turns, turns, collar) for collar in COLLARS)
    return Row(
        meeting.speakers,
        len({speaker for _, _, speaker in turns}),
        errors,
        seconds * SAMPLE_RATE / len(meeting.waveform),
    )


def _told(row: Row) -> str:
    rates = " / ".join(f"{error.rate:5.1%}" for error in row.errors)
    return f"found {row.found:2}  DER {rates}  RTF {row.rtf:.3f}"


def _summary(rows: Sequence[Row]) -> str:
    rates = " / ".join(f"{pooled([row.errors[place] for row in rows]):5.1%}" for place in range(len(COLLARS)))
    right = sum(row.found == row.speakers for row in rows)
    return f"right {right}/{len(rows)}  DER {rates}  RTF {sum(row.rtf for row in rows) / len(rows):.3f}"


if __name__ == "__main__":
    main()
