"""Splits segments into subtitle cues: between words, preferably after punctuation or at a pause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.transcript import ExportStyle, Segment, Transcript, Word, is_wide, join_texts

SENTENCE_MARKS = frozenset(".!?。！？…")
CLAUSE_MARKS = frozenset(",;:，；：、")
MARK_BONUS = 6  # columns that a line may be shorter or longer to end after a mark
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
    """Name of the speaker or channel; empty if they were not told apart."""


def cues(transcript: Transcript) -> list[Cue]:
    """Return the cues of all segments with text sorted by start, as players require."""
    found = sorted(_cues_by_segment(transcript), key=lambda cue: cue.start)
    return list(_held(found, transcript.style.cue_min_s))


def _cues_by_segment(transcript: Transcript) -> Iterator[Cue]:
    """Yield the cues of each segment; one without words stays whole."""
    style = transcript.style
    for segment in transcript.segments:
        if segment.text:
            voice = transcript.voice_of(segment)
            yield from (replace(cue, text=_in_lines(cue.text, style), voice=voice) for cue in _cut(segment, style))


def _held(found: Sequence[Cue], least_seconds: float) -> Iterator[Cue]:
    """Let each cue stay for so long, or until the next one begins."""
    starts = [*(cue.start for cue in found[1:]), float("inf")]
    for cue, latest in zip(found, starts[: len(found)], strict=True):
        yield replace(cue, end=max(cue.end, min(cue.start + least_seconds, latest)))


def _cut(segment: Segment, style: ExportStyle) -> Iterator[Cue]:
    if not segment.words or _fits(segment.start, segment.end, segment.text, style):
        yield Cue(segment.start, segment.end, segment.text)
        return
    words = [*segment.words]
    words[0] = replace(words[0], start=segment.start)
    words[-1] = replace(words[-1], end=segment.end)
    while words:
        count = _count(words, style)
        yield Cue(words[0].start, words[count - 1].end, join_texts(word.text for word in words[:count]))
        words = words[count:]


def _count(words: Sequence[Word], style: ExportStyle) -> int:
    """Return how many words the next cue takes: as many as fit, or fewer if a better boundary is near."""
    most = _most(words, style)
    if most == len(words):
        return most
    is_last_but_one = most + _most(words[most:], style) == len(words)
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


def _most(words: Sequence[Word], style: ExportStyle) -> int:
    """Return how many words fit into one cue, at least one."""
    for count in range(2, len(words) + 1):
        text = join_texts(word.text for word in words[:count])
        if not _fits(words[0].start, words[count - 1].end, text, style):
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


def _fits(start: float, end: float, text: str, style: ExportStyle) -> bool:
    lines = _in_lines(text, style).splitlines()
    is_short = len(lines) <= style.lines and all(_columns(line) <= style.line_length for line in lines)
    return is_short and end - start <= style.cue_max_s


def _in_lines(text: str, style: ExportStyle) -> str:
    """Break a text into as many lines as it needs, of about the same length; with one line it stays whole."""
    needed = min(style.lines, -(-_columns(text) // style.line_length))
    lines = []
    for left in range(needed, 1, -1):
        place = _break(text, _columns(text) / left, style.line_length)
        if place is None:
            break
        lines.append(text[:place].rstrip())
        text = text[place:].lstrip()
    return "\n".join([*lines, text])


def _break(text: str, wanted: float, most: int) -> int | None:
    """Return where a line ends best: near the wanted column, after a mark or between words; None if nowhere."""
    fitting = [place for place in range(1, len(text)) if _columns(text[:place].rstrip()) <= most]
    places = [place for place in fitting if _ends_a_word(text, place)]
    places = places or [place for place in fitting if is_wide(text[place - 1]) and is_wide(text[place])]

    def merit(place: int) -> float:
        is_mark = text[:place].rstrip()[-1] in SENTENCE_MARKS | CLAUSE_MARKS
        return abs(_columns(text[:place]) - wanted) - (MARK_BONUS if is_mark else 0)

    return min(places, key=merit, default=None)


def _ends_a_word(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    if before == " ":
        return True
    if after in NEVER_FIRST | SENTENCE_MARKS | CLAUSE_MARKS or before in NEVER_LAST | NUMERALS:
        return False
    return is_wide(before) and after != " "


def _columns(text: str) -> int:
    return sum(2 if is_wide(character) else 1 for character in text)
