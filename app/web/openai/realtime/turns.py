"""Turns the events of a live session into the items of a realtime conversation.

With turn detection each segment is an item. Without it an item lasts from one commit of the client to the next, and
may have several segments: speech that is longer than a model can read at once is cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.domain.transcript import detect_language, join_texts
from app.services.live import Cleared, Committed, Final, Partial, VoiceStarted, VoiceStopped
from app.web.openai.realtime import events
from app.web.openai.realtime.events import Dialect, Event

if TYPE_CHECKING:
    from app.domain.transcription import SegmentRecord
    from app.i18n import Translate


@dataclass(slots=True)
class Item:
    """One turn of the speaker."""

    id: str
    first: int
    """Index of its first segment."""
    start: float
    end: int | None = None
    """Index after its last segment; None until it is committed."""
    seconds: float = 0.0
    finals: dict[int, SegmentRecord] = field(default_factory=dict)
    told: str = ""
    """All deltas together; they only ever grow."""
    told_before: str = ""
    """The part of it that belongs to complete segments."""

    def has(self, index: int) -> bool:
        return self.first <= index and (self.end is None or index < self.end)

    @property
    def is_complete(self) -> bool:
        return self.end is not None and len(self.finals) == self.end - self.first

    @property
    def segments(self) -> list[SegmentRecord]:
        return [self.finals[index] for index in sorted(self.finals)]

    @property
    def text(self) -> str:
        return join_texts(segment.text for segment in self.segments)


class Turns:
    """The items of one session."""

    def __init__(self, session: str, dialect: Dialect, translate: Translate) -> None:
        self.dialect = dialect
        self.by_client = False
        """Whether only the client ends turns."""
        self.is_transcribed = True
        self.with_logprobs = False
        self.language = ""
        self._session = session
        self._translate = translate
        self._next = 0  # index of the open or next segment
        self._open: Item | None = None
        self._waiting: list[Item] = []  # committed, without their whole text
        self._last_id: str | None = None
        self._since = 0.0  # where the last turn ended
        self._untold = 0  # committed items without segments

    def resumed(self, segments: tuple[SegmentRecord, ...], after: int, seconds: float) -> Iterator[Event]:
        """Tell what was recognised before, from the segment `after` on; each segment is an item."""
        self._next, self._since = len(segments), seconds
        for segment in segments[after:]:
            item = Item(self._id(segment.index), segment.index, segment.start)
            yield from self._commit(item, segment.index + 1, segment.end)
            if segment.state != "pending":
                yield from self._take_final(segment)

    def voice_started(self, news: VoiceStarted) -> Iterator[Event]:
        item = self._opened(news.start)
        if not self.by_client:
            yield events.event(
                "input_audio_buffer.speech_started", audio_start_ms=round(news.start * 1000), item_id=item.id
            )

    def voice_stopped(self, news: VoiceStopped) -> Iterator[Event]:
        yield from self._noticed(news.start)
        self._next += 1
        if self.by_client:
            return
        item, self._open = self._opened(news.start), None
        yield events.event("input_audio_buffer.speech_stopped", audio_end_ms=round(news.end * 1000), item_id=item.id)
        yield from self._commit(item, self._next, news.end)

    def committed(self, news: Committed) -> Iterator[Event]:
        """End the turn at the client's request; with turn detection its segment has ended it already."""
        if self.by_client or self._open:
            item, self._open = self._opened(self._since), None
            item.start = self._since
            yield from self._commit(item, news.next_segment, news.end)

    def cleared(self, news: Cleared) -> Iterator[Event]:
        self._open, self._since = None, news.end
        yield events.event("input_audio_buffer.cleared")

    def partial(self, news: Partial) -> Iterator[Event]:
        yield from self._noticed(news.start)
        item = self._opened(news.start)
        if not self.is_transcribed or news.segment - item.first != len(item.finals):
            return
        yield from self._grown(item, join_texts((item.told_before, news.text[: news.stable])))

    def final(self, news: Final) -> Iterator[Event]:
        yield from self._take_final(news.segment)

    def given_up(self, code: str, message: str) -> Iterator[Event]:
        """Tell of every committed item that its text does not come any more."""
        items, self._waiting = self._waiting, []
        for item in items:
            yield events.failed(item.id, code, message)

    def _noticed(self, start: float) -> Iterator[Event]:
        """Tell of a turn that began before the client came back."""
        if self._open is None:
            yield from self.voice_started(VoiceStarted(start))

    def _opened(self, start: float) -> Item:
        if self._open is None:
            self._open = Item(self._id(self._next), self._next, start)
        return self._open

    def _id(self, segment: int) -> str:
        return f"item_{self._session}_{segment:05}"

    def _commit(self, item: Item, end: int, seconds: float) -> Iterator[Event]:
        item.end, item.seconds = end, max(0.0, seconds - item.start)
        if end == item.first:  # nothing was said: the segment that follows has an item of its own
            self._untold += 1
            item.id = f"{item.id}_{self._untold}"
        previous, self._last_id, self._since = self._last_id, item.id, seconds
        yield events.event("input_audio_buffer.committed", previous_item_id=previous, item_id=item.id)
        yield from events.item_events(self.dialect, item.id, previous)
        if self.is_transcribed:
            self._waiting.append(item)
            yield from self._finished(item)

    def _take_final(self, segment: SegmentRecord) -> Iterator[Event]:
        items = [*self._waiting, *filter(None, [self._open])]
        item = next((each for each in items if each.has(segment.index)), None)
        if item is None or not self.is_transcribed:
            return
        item.finals[segment.index] = segment
        yield from self._grown(item, item.text)
        item.told_before = item.told
        yield from self._finished(item)

    def _grown(self, item: Item, text: str) -> Iterator[Event]:
        """Tell what `text` adds to the deltas; where it contradicts them, only the whole text at the end is right."""
        if len(text) > len(item.told) and text.startswith(item.told):
            grown, item.told = text[len(item.told) :], text
            yield events.delta(item.id, grown)

    def _finished(self, item: Item) -> Iterator[Event]:
        if not item.is_complete:
            return
        self._waiting.remove(item)
        failed = [segment for segment in item.segments if segment.state == "failed"]
        if failed and not item.text:
            problem = failed[0].error
            told = problem.explained(self._translate) if problem else {}
            code, message = told.get("code", "internal_error"), told.get("message", "")
            yield events.failed(item.id, code, message)
        else:
            yield events.completed(item.id, item.text, item.seconds, **self._details(item))

    def _details(self, item: Item) -> dict[str, Any]:
        language = detect_language(item.text, self.language) if item.text else "none"
        codes = [code for code in language.split("-") if code != "none"]
        details: dict[str, Any] = {"languages": [{"code": code} for code in codes]}
        if self.with_logprobs:
            words = (word for segment in item.segments for word in segment.words)
            details["logprobs"] = events.logprobs(words)
        return details
