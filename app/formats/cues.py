"""Splits segments into subtitle cues: between words, preferably after punctuation or at a pause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.transcript import Segment, Transcript, Word, is_wide, join_texts

MOST_COLUMNS = 42  # of a line read at a glance; a Chinese character takes two
MOST_SECONDS = 7.0
SENTENCE_MARKS = frozenset(".!?。！？…")
CLAUSE_MARKS = frozenset(",;:，；：、")
PAUSE_STEP = 0.05  # seconds; smaller differences between pauses mean nothing
NEVER_FIRST = frozenset("了着过的地得们吗呢吧啊呀嘛么")  # belong to the word before them
NEVER_LAST = frozenset("第很不没最更太被把在和与跟从对向这那哪")  # belong to the word after them
NUMERALS = frozenset("0123456789零〇一二两三四五六七八九十百千万亿几")  # so do numerals: 三 个, 二 百


@dataclass(frozen=True, slots=True)
class Cue:
    """A text, and when it is shown, in seconds."""

    start: float
    end: float
    text: str
    voice: str = ""
    """Name of the channel; empty if the channels were mixed."""


def cues(transcript: Transcript) -> list[Cue]:
    """Return the cues of all segments with text sorted by start, as players require."""
    return sorted(_cues_by_segment(transcript), key=lambda cue: cue.start)


def _cues_by_segment(transcript: Transcript) -> Iterator[Cue]:
    """Yield the cues of each segment; one without words stays whole."""
    for segment in transcript.segments:
        if segment.text:
            voice = transcript.channel_of(segment)
            yield from (replace(cue, voice=voice) for cue in _cut(segment))


def _cut(segment: Segment) -> Iterator[Cue]:
    if not segment.words or _fits(segment.start, segment.end, segment.text):
        yield Cue(segment.start, segment.end, segment.text)
        return
    words = [*segment.words]
    words[0] = replace(words[0], start=segment.start)
    words[-1] = replace(words[-1], end=segment.end)
    while words:
        count = _count(words)
        yield Cue(words[0].start, words[count - 1].end, join_texts(word.text for word in words[:count]))
        words = words[count:]


def _count(words: Sequence[Word]) -> int:
    """Return how many words the next cue takes: as many as fit, or fewer if a better boundary is near."""
    most = _most(words)
    if most == len(words):
        return most
    is_last_but_one = most + _most(words[most:]) == len(words)
    wanted = len(words) / 2 if is_last_but_one else most  # two halves rather than a line and a single word

    def merit(count: int) -> tuple[float, ...]:
        return (*_border(words[count - 1], words[count]), -abs(count - wanted))

    half, quarter = (most + 1) // 2, (most + 3) // 4
    best = max(range(half, most + 1), key=merit)
    if _is_told(words, best):
        return best
    return max((count for count in range(quarter, half) if _is_told(words, count)), key=merit, default=best)


def _is_told(words: Sequence[Word], count: int) -> bool:
    """Return whether a mark or a pause shows that a word ends there: nothing else separates Chinese words."""
    return _border(words[count - 1], words[count])[:2] > (0, 0)


def _most(words: Sequence[Word]) -> int:
    """Return how many words fit into one cue, at least one."""
    for count in range(2, len(words) + 1):
        if not _fits(words[0].start, words[count - 1].end, join_texts(word.text for word in words[:count])):
            return count - 1
    return len(words)


def _border(before: Word, after: Word) -> tuple[int, int, int]:
    """Return a score for splitting between two words: best after a sentence, then after a clause, then at a pause.

    The characters themselves count last.
    """
    last = before.text[-1]
    mark = 2 if last in SENTENCE_MARKS else int(last in CLAUSE_MARKS)
    is_bound = after.text[0] in NEVER_FIRST or last in NEVER_LAST or (last in NUMERALS and is_wide(after.text[0]))
    return mark, round((after.start - before.end) / PAUSE_STEP), -int(is_bound)


def _fits(start: float, end: float, text: str) -> bool:
    columns = sum(2 if is_wide(character) else 1 for character in text)
    return columns <= MOST_COLUMNS and end - start <= MOST_SECONDS
