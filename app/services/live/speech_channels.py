"""The speech on all channels of one session: each has its own segments, and together they are numbered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from app.domain.options import TranscriptionOptions
from app.domain.transcription import SegmentRecord
from app.engine import SAMPLE_RATE
from app.services.live.channels import Channels, SegmentNumbers, split_channels
from app.services.live.events import Cleared, Committed, LiveEvent
from app.services.live.requests import SessionQueues
from app.services.live.segment_writer import SegmentWriter
from app.services.live.speech import Speech
from app.store.files.live_wav import LiveWav, read_samples

HEARD_AGAIN_SAMPLES = 10 * SAMPLE_RATE  # per step when replaying stored audio


class SpeechChannels:
    """All of it runs in the session's own thread."""

    def __init__(
        self,
        options: TranscriptionOptions,
        keeper: SegmentWriter,
        emit: Callable[[LiveEvent], None],
        queues: Callable[[], SessionQueues | None],
        channels: Channels,
        known: Sequence[SegmentRecord],
        *,
        end: float,
    ) -> None:
        """Go on after the segments `known` in audio that goes up to `end`; `queues` opens those of one channel."""
        self._emit = emit
        self._numbers = SegmentNumbers((each.index for each in known), min(_end(known), end))
        self._starts = [min(_end(known, number), end) for number in channels.numbers]
        self._speeches = [
            Speech(options, keeper, emit, queues(), self._numbers, channel=number, start=start)
            for number, start in zip(channels.numbers, self._starts, strict=True)
        ]
        for number, speech in zip(channels.numbers, self._speeches, strict=True):
            speech.take_up(each for each in known if each.state == "pending" and each.channel == number)

    def replay(self, wav: LiveWav, samples: int) -> None:
        """Process stored audio again that follows the last segment of each channel, up to `samples`."""
        for index, speech in enumerate(self._speeches):
            first = round(self._starts[index] * SAMPLE_RATE)
            for place in range(first, samples, HEARD_AGAIN_SAMPLES):
                count = min(HEARD_AGAIN_SAMPLES, samples - place)
                sound = read_samples(wav.path, place, count, wav.channels)
                speech.feed(split_channels(sound, wav.channels)[index], time.monotonic())

    def feed(self, sound: bytes, arrived: float) -> None:
        """Take the audio of all channels, interleaved, that follows what was fed before."""
        for speech, part in zip(self._speeches, split_channels(sound, len(self._speeches)), strict=True):
            speech.feed(part, arrived)
            speech.retry()

    def tick(self) -> None:
        """Do what has to be done while nothing arrives."""
        for speech in self._speeches:
            speech.tick()

    def take_answers(self) -> None:
        """Process the results that have arrived since the last call."""
        for speech in self._speeches:
            speech.take_answers()

    def change(self, options: TranscriptionOptions) -> None:
        """Apply `options` from the next segment of each channel on."""
        for speech in self._speeches:
            speech.change(options)

    def commit(self) -> None:
        """End the open segments at the client's request."""
        closed = [speech.commit() for speech in self._speeches]
        self._emit(Committed(self._numbers.next, self._heard_to, closed=any(closed)))

    def discard(self) -> None:
        """Drop the open segments."""
        for speech in self._speeches:
            speech.discard()
        self._emit(Cleared(self._heard_to))

    def finish(self) -> None:
        """End the audio; the open segments are complete."""
        for speech in self._speeches:
            speech.finish()

    @property
    def is_settled(self) -> bool:
        """Return whether nothing pending will be stored."""
        return all(speech.is_settled for speech in self._speeches)

    @property
    def _heard_to(self) -> float:
        return max(speech.heard_to for speech in self._speeches)


def _end(known: Sequence[SegmentRecord], channel: int | None = None) -> float:
    """Return where the last segment of a channel ends, or of all channels."""
    return max((each.end for each in known if channel in (None, each.channel)), default=0.0)
