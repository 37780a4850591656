"""How much a person's decisions about doubtful turns mend, in meetings joined from single recordings.

    python benchmarks/speaker_decisions.py SPEECH MUSIC --model models/speakers

The person knows who speaks, decides the first doubtful turn of the queue, and the next one, up to `--decisions`. It is
measured with the number of speakers found, and with a wrong number asked for, one too few and two too many: then there
is much to mend. Beside it stands the same number of decisions that no other turn follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import torch
from diarization import found_speech
from diarization_error import DiarizationError, diarization_error, pooled
from meetings import Meeting, Turn, meeting_arguments, meetings

from app.domain.speakers import Speakers, SpeakerTurn
from app.engine import SAMPLE_RATE, Waveform
from app.engine.speakers import Activity, Embeddings, SpeakerModel, SpeakerModelInfo
from app.engine.speakers.diarizer import Diarization, diarize
from app.engine.speakers.doubts import assigned_anew, doubtful_turns
from app.engine.speakers.frames import Span
from app.engine.speakers.model import load_speaker_model

COLLAR = 0.25
ASKED = {"found": None, "one too few": -1, "two too many": 2}


@dataclass(frozen=True, slots=True)
class RememberingModel:
    """Hears everything once: the same sounds are asked for with each number of speakers."""

    model: SpeakerModel
    seen: dict[bytes, list[Activity]] = field(default_factory=dict)
    heard: dict[bytes, Embeddings] = field(default_factory=dict)

    @property
    def info(self) -> SpeakerModelInfo:
        return self.model.info

    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        key = _key(windows)
        if key not in self.seen:
            self.seen[key] = self.model.activity(windows)
        return self.seen[key]

    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        key = _key(waveforms)
        if key not in self.heard:
            self.heard[key] = self.model.embeddings(waveforms)
        return self.heard[key]


def _key(waveforms: Sequence[Waveform]) -> bytes:
    return sha256(b"".join(waveform.tobytes() for waveform in waveforms)).digest()


class Person:
    """Knows who speaks; keeps to the speaker of each label that has most of them."""

    def __init__(self, meeting: Meeting, turns: Sequence[SpeakerTurn]) -> None:
        self._meeting = meeting
        shared: defaultdict[tuple[int, str], float] = defaultdict(float)
        for turn in turns:
            if (name := self._name(turn)) is not None:
                shared[turn.speaker, name] += turn.end - turn.start
        self._labels: dict[str, int] = {}
        for label, name in sorted(shared, key=shared.__getitem__, reverse=True):
            if name not in self._labels and label not in self._labels.values():
                self._labels[name] = label

    def label(self, turn: SpeakerTurn, speakers: Speakers) -> int:
        """Return who speaks in a turn; a new speaker for somebody who has no label yet."""
        name = self._name(turn)
        if name is None:  # nobody: a noise stays where it is
            return turn.speaker
        return self._labels.setdefault(name, max(*speakers.numbers, *self._labels.values()) + 1)

    def _name(self, turn: SpeakerTurn) -> str | None:
        shared: defaultdict[str, float] = defaultdict(float)
        for start, end, name in self._meeting.turns:
            shared[name] += max(0.0, min(end, turn.end) - max(start, turn.start))
        return max(shared, key=shared.__getitem__) if any(shared.values()) else None


@dataclass(frozen=True, slots=True)
class Checked:
    speakers: Speakers
    decided: int
    wrong: int


def main() -> None:
    parser = meeting_arguments(__doc__)
    parser.add_argument("--decisions", type=int, nargs="+", default=[5, 10])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = load_speaker_model(given.model)
    made = []
    for meeting in meetings(given.speech, given.music, given.seed, given.counts, given.seconds):
        made.append((meeting, _diarized(meeting, model)))
        print(meeting.name, flush=True)
    for asked in ASKED:
        _tell(asked, [(meeting, diarized[asked]) for meeting, diarized in made], given.decisions)


def _diarized(meeting: Meeting, model: SpeakerModel) -> dict[str, Diarization]:
    def read(start: float, end: float) -> Waveform:
        return meeting.waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]

    remembering = RememberingModel(model)
    spans: list[Span] = found_speech(meeting.waveform)
    duration = len(meeting.waveform) / SAMPLE_RATE
    return {
        asked: diarize(read, duration, spans, remembering, None if more is None else max(1, meeting.speakers + more))
        for asked, more in ASKED.items()
    }


def _tell(asked: str, made: Sequence[tuple[Meeting, Diarization]], decisions: Sequence[int]) -> None:
    before = [_error(meeting, found.turns) for meeting, found in made]
    print(f"number {asked}: DER {pooled(before):.1%} before")
    for most in decisions:
        checked = [_checked(meeting, found, most, is_followed=True) for meeting, found in made]
        alone = [_checked(meeting, found, most, is_followed=False) for meeting, found in made]
        wrong, decided = sum(each.wrong for each in checked), sum(each.decided for each in checked)
        after = _rate(made, checked)
        print(
            f"  {most} decisions: {wrong} of {decided} were wrong, DER {after:.1%}; without following {_rate(made, alone):.1%}"
        )


def _checked(meeting: Meeting, found: Diarization, most: int, *, is_followed: bool) -> Checked:
    speakers, person, wrong = Speakers(found.turns), Person(meeting, found.turns), 0
    for decided in range(most):
        doubts = doubtful_turns(speakers, found.embeddings)
        if not doubts:
            return Checked(speakers, decided, wrong)
        turn = doubts[0].turn
        label = person.label(turn, speakers)
        wrong += label != turn.speaker
        before, speakers = speakers, speakers.decided(speakers.turns.index(turn), label)
        if is_followed and found.embeddings:
            speakers = assigned_anew(before, speakers, found.embeddings)
    return Checked(speakers, most, wrong)


def _rate(made: Sequence[tuple[Meeting, Diarization]], checked: Sequence[Checked]) -> float:
    return pooled([_error(meeting, each.speakers.turns) for (meeting, _), each in zip(made, checked, strict=True)])


def _error(meeting: Meeting, turns: Sequence[SpeakerTurn]) -> DiarizationError:
    found: list[Turn] = [(turn.start, turn.end, str(turn.speaker)) for turn in turns]
    return diarization_error(meeting.turns, found, COLLAR)


if __name__ == "__main__":
    main()
