"""A recording in the modes online and 2pass: a live session of this server in FunASR's words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
from starlette.concurrency import run_in_threadpool

from app.domain.errors.funasr import FunasrFormatWrong
from app.domain.sources import Source
from app.domain.states import LiveState
from app.services.live import (
    HIGHEST_RATE,
    LOWEST_RATE,
    Ended,
    ErrorEvent,
    Final,
    LiveEvent,
    Partial,
    PcmStream,
)
from app.web.forms.file_names import clean_name
from app.web.funasr.answers import Answer, Told, milliseconds, timed
from app.web.funasr.messages import USUAL_NAME, Configuration, Mode
from app.web.funasr.recording import Surroundings, explained
from app.web.funasr.wav_header import HeaderFilter, WavFormat
from app.web.live.feed import Feed

if TYPE_CHECKING:
    from app.domain.errors.base import Problem
    from app.domain.transcription import SegmentRecord

BEGINS, GOES_ON, ENDS = 0, 1, 2  # slice_type


class LiveRecording:
    """Sound is stored as it arrives; the session begins with the first of it."""

    def __init__(self, config: Configuration, around: Surroundings) -> None:
        """Raises FunasrFormatWrong for anything but PCM."""
        if not config.is_pcm:
            raise FunasrFormatWrong(format=config.format[:40])
        self.problem: Problem | None = None
        self._config = config
        self._around = around
        is_two_pass = config.mode is Mode.TWO_PASS
        self._online = Told("2pass-online" if is_two_pass else "online", config.name)
        self._offline = Told("2pass-offline" if is_two_pass else "online", config.name)
        self._header = HeaderFilter()
        self._channels = 1
        self._rest = b""  # of a sample of all channels
        self._pcm: PcmStream | None = None
        self._feed: Feed | None = None
        self._told = ""  # of the open segment, by deltas
        self._told_segment = -1
        self._held: Answer | None = None  # a final that may be the last message
        self._is_finishing = False
        self._ended = anyio.Event()

    # From the client

    async def take(self, data: bytes) -> None:
        samples = self._header.push(data)
        if samples:
            await self._take_samples(samples)

    async def finish(self) -> None:
        if rest := self._header.flush():
            await self._take_samples(rest)
        self._is_finishing = True
        if self._feed is None or self._pcm is None:
            self._around.send(self._offline.message(is_final=True))
            return
        await self._feed.send(self._pcm.flush())
        self._feed.session.end(LiveState.ENDED)
        await self._around.unless_gone(self._ended.wait)

    async def abandon(self) -> None:
        if self._feed:
            self._feed.session.end(LiveState.ENDED)
            self._feed.session.detach(self._around.listen)

    async def _take_samples(self, samples: bytes) -> None:
        if self._pcm is None:
            found = self._header.format or WavFormat(self._config.rate, 1)
            if not LOWEST_RATE <= found.rate <= HIGHEST_RATE:
                raise FunasrFormatWrong(format=f"WAV, {found.rate} Hz")
            self._channels, self._pcm = found.channels, PcmStream(rate=found.rate)
        if self._feed is None:
            live = self._around.services.live
            options = self._config.options_over(self._around.services.default_options)
            name = clean_name(self._config.name) or USUAL_NAME
            request = self._config.request
            begin = partial(live.begin, name, options, self._around.listen, Source.FUNASR, request=request)
            session = await run_in_threadpool(begin)
            self._feed = Feed(session)
        await self._feed.send(self._pcm.push(self._mono(samples)))

    def _mono(self, samples: bytes) -> bytes:
        """Return the mean of the channels that a WAV header has told of."""
        if self._channels == 1:
            return samples
        samples = self._rest + samples
        whole = len(samples) - len(samples) % (2 * self._channels)
        self._rest = samples[whole:]
        frames = np.frombuffer(samples[:whole], dtype="<i2").reshape(-1, self._channels)
        mean: bytes = frames.mean(axis=1).astype("<i2").tobytes()
        return mean

    # From the live session

    def tell(self, news: LiveEvent) -> None:
        """Send what an event of the live session means."""
        if isinstance(news, Partial):
            self._tell_partial(news)
        elif isinstance(news, Final):
            self._tell_final(news.segment)
        elif isinstance(news, ErrorEvent):
            self._tell_problem(news)
        elif isinstance(news, Ended):
            self._tell_end()

    def _tell_partial(self, news: Partial) -> None:
        """Send the growth of the text that stays."""
        is_new = news.segment != self._told_segment
        if is_new:
            self._told, self._told_segment = "", news.segment
        stable = news.text[: news.stable]
        if len(stable) <= len(self._told) or not stable.startswith(self._told):
            if is_new:
                self._told_segment = -1
            return
        grown, self._told = stable[len(self._told) :], stable
        slice_type = BEGINS if is_new else GOES_ON
        self._around.send(self._online.message(grown, is_final=False, slice_type=slice_type, index=news.segment))

    def _tell_final(self, segment: SegmentRecord) -> None:
        message = self._final(segment)
        if self._held:
            self._around.send(self._held)
            self._held = None
        if self._is_finishing:
            self._held = message
        else:
            self._around.send(message)
        self._told, self._told_segment = "", -1

    def _final(self, segment: SegmentRecord) -> Answer:
        details: dict[str, Any] = {
            "slice_type": ENDS,
            "index": segment.index,
            "start_time": milliseconds(segment.start),
            "end_time": milliseconds(segment.end),
        }
        if segment.state == "failed" and segment.error:
            details |= explained(segment.error, self._around.translate)
        if self._config.mode is Mode.TWO_PASS:
            return self._offline.message(segment.text, is_final=False, **details, **timed(segment.text, segment.words))
        told = self._told if self._told_segment == segment.index else ""
        rest = segment.text[len(told) :] if segment.text.startswith(told) else ""
        return self._online.message(rest, is_final=True, **details)

    def _tell_problem(self, news: ErrorEvent) -> None:
        if news.is_fatal:
            self.problem = news.problem
            self._ended.set()
        details = explained(news.problem, self._around.translate)
        self._around.send(self._offline.message(is_final=news.is_fatal, **details))

    def _tell_end(self) -> None:
        """Send the last message, the only final one of a recording in 2pass."""
        message, self._held = self._held, None
        self._around.send({**message, "is_final": True} if message else self._offline.message(is_final=True))
        self._ended.set()
