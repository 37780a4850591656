"""A pure state machine that groups frames of speech and silence into spans. No clock, no files, no samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    SILENCE = "silence"
    SPEECH = "speech"
    PAUSE = "pause"
    """Silence inside a span, still too short to end it."""


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """A span of speech: the frames from `first` up to, but excluding, `end`."""

    first: int
    end: int
    too_short: bool = False
    """It has too few frames of speech, or no clear one, and is not a piece of longer speech."""


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """A span that is not complete yet."""

    first: int
    end: int
    """The first frame of its pause, or the next frame."""
    is_short: bool
    """Whether it would be `too_short` if it ended here."""


class SpeechGrouper:
    """Takes frames one by one and returns each span as soon as it is complete.

    With three frames of silence ending a span, and spans of at most eight frames (`#` speech, `.` silence):

        frame   0         1         2         3
                0123456789012345678901234567890
        input   ..####..##...#..############...
        state   SSPPPPppPPppSPppPPPPPPPPPPPPppS     S silence, P speech, p pause
        spans     [      )   [      )[     )        [2,10) [13,21) [21,28)

    The pause at 6 is too short to end a span; the silence from 10 on ends it, at its start. The next speech reaches
    eight frames at 21 and continues, so it is cut at the quietest point of its later half (here at its very end;
    nothing of it is lost).
    """

    def __init__(
        self, *, min_speech: int, min_silence: int, max_span: int, quiet_window: int = 1, frame: int = 0
    ) -> None:
        """All in frames.

        Args:
            min_speech: a span with fewer frames of speech is `too_short`.
            min_silence: silence that ends a span.
            max_span: longest span; at least 2.
            quiet_window: frames over which the quietest point is searched; a single one may be inside a syllable.
            frame: the number of the first frame.
        """
        self._min_speech = min_speech
        self._min_silence = min_silence
        self._max_span = max_span
        self._quiet_window = quiet_window
        self._state = State.SILENCE
        self._frame = frame  # the number of the current frame
        self._first = 0  # the first frame of the open span
        self._pause = 0  # the first frame of the pause in the open span
        self._speech = 0  # frames of speech in the open span
        self._is_clear = False  # one of them is clear
        self._is_piece = False  # the open span continues one that reached max_span
        self._levels: list[float] = []  # one for each frame of the open span

    @property
    def open(self) -> OpenSpan | None:
        """Return the open span, if any."""
        if self._state is State.SILENCE:
            return None
        end = self._pause if self._state is State.PAUSE else self._frame
        return OpenSpan(self._first, end, self._is_short())

    def add(self, is_speech: bool, level: float, *, is_clear: bool = True) -> FrameSpan | None:
        """Add one frame and return the span it completes.

        Args:
            is_speech: whether it is speech.
            level: any measure that grows with loudness.
            is_clear: whether speech is certain; a span without such a frame is `too_short`.
        """
        steps = {State.SILENCE: self._in_silence, State.SPEECH: self._in_speech, State.PAUSE: self._in_pause}
        span = steps[self._state](is_speech)
        if self._state is not State.SILENCE:
            self._levels.append(level)
            self._speech += is_speech
            self._is_clear = self._is_clear or (is_speech and is_clear)
        self._frame += 1
        return span

    def pieces(
        self,
        first: int,
        is_speech: Sequence[bool],
        levels: Iterable[float],
        is_clear: Sequence[bool] | None = None,
    ) -> Iterator[FrameSpan]:
        """Group a whole range that starts at frame `first`; no span may be open. See `add`."""
        self._frame = first
        for speech, level, clear in zip(is_speech, levels, is_clear or is_speech, strict=True):
            if span := self.add(speech, level, is_clear=clear):
                yield span
        if span := self.finish():
            yield span

    def finish(self) -> FrameSpan | None:
        """End the input; an open span is complete."""
        if self._state is State.SILENCE:
            return None
        return self._close(self._pause if self._state is State.PAUSE else self._frame)

    def _in_silence(self, is_speech: bool) -> FrameSpan | None:
        """`..#`: the first frame of speech opens a span."""
        if is_speech:
            self._open(self._frame, is_piece=False)
        return None

    def _in_speech(self, is_speech: bool) -> FrameSpan | None:
        """`##.`: a silent frame may be the end. `########`: speech that becomes too long is cut."""
        if not is_speech:
            self._pause, self._state = self._frame, State.PAUSE
        elif self._is_full():
            return self._cut_at_quietest()
        return None

    def _in_pause(self, is_speech: bool) -> FrameSpan | None:
        """`##..#`: speech continues, in a new span if this one is full. `##...`: it ended where the pause began."""
        if is_speech and self._is_full():
            return self._cut_at_pause()
        if is_speech:
            self._state = State.SPEECH
        elif self._frame - self._pause + 1 >= self._min_silence:
            return self._close(self._pause)
        return None

    def _is_full(self) -> bool:
        """Return whether one more frame of speech would exceed the maximum span."""
        return self._frame - self._first >= self._max_span

    def _open(self, first: int, *, is_piece: bool) -> None:
        self._first, self._is_piece, self._state = first, is_piece, State.SPEECH
        self._speech, self._is_clear, self._levels = 0, False, []

    def _close(self, end: int) -> FrameSpan:
        self._state = State.SILENCE
        return FrameSpan(self._first, end, too_short=self._is_short())

    def _is_short(self) -> bool:
        return not self._is_piece and (self._speech < self._min_speech or not self._is_clear)

    def _cut_at_pause(self) -> FrameSpan:
        span = FrameSpan(self._first, self._pause)
        self._open(self._frame, is_piece=True)
        return span

    def _cut_at_quietest(self) -> FrameSpan:
        """`[####.:###]`: cut where the later half is quietest; the rest stays open."""
        cut = self._quietest()
        span, kept = FrameSpan(self._first, self._first + cut), self._levels[cut:]
        self._open(span.end, is_piece=True)
        self._levels = kept
        return span

    def _quietest(self) -> int:
        """Return the middle of the quietest window in the later half of the open span; the latest of equals."""
        window = min(self._quiet_window, max(1, len(self._levels) // 2))
        starts = range(len(self._levels) // 2, len(self._levels) - window + 1)
        quietest = min(reversed(starts), key=lambda start: sum(self._levels[start : start + window]))
        return quietest + (window + 1) // 2
