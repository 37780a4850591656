"""The protocol of funasr-realtime-server: plain words instead of JSON, and each answer has all sentences so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
import anyio.abc
from starlette.concurrency import run_in_threadpool

from app.domain.errors.base import AppError
from app.domain.errors.requests import UnknownLanguage
from app.domain.languages import AUTO, LANGUAGES, NATIVE_NAMES, known_language
from app.domain.sources import Source
from app.domain.states import LiveState
from app.services.live import Committed, Ended, ErrorEvent, Final, LiveEvent, Partial, PcmStream
from app.web.funasr.answers import Answer, milliseconds
from app.web.funasr.hotwords import read_hotwords
from app.web.funasr.recording import explained
from app.web.live.feed import Feed
from app.web.live.names import name_by_time

if TYPE_CHECKING:
    from app.domain.options import TranscriptionOptions
    from app.web.funasr.recording import Surroundings

COMMANDS = ("START", "STOP", "COMMIT")
SETTINGS = ("HOTWORDS:", "POSTPROCESS_HOTWORDS:", "LANGUAGE:")
CHINESE_NAMES = {"中文": "zh", "普通话": "zh", "汉语": "zh", "英文": "en", "英语": "en", "日文": "ja", "日语": "ja"} | {
    "韩文": "ko",
    "韩语": "ko",
    "粤语": "yue",
}
REPLACEMENT = re.compile(r"(.+?)=>(.*)")


def is_command(text: str) -> bool:
    """Return whether a first text speaks this dialect."""
    word = text.strip().upper()
    return word in COMMANDS or word.startswith(SETTINGS)


@dataclass(slots=True)
class Utterances:
    """What one session has said so far."""

    sentences: list[Answer] = field(default_factory=list)
    segments: int = 0
    """Finals that came."""
    partial: str = ""
    partial_start_ms: int = 0
    duration_ms: int = 0

    def result(self, *, is_final: bool) -> Answer:
        return {
            "sentences": list(self.sentences),
            "partial": "" if is_final else self.partial,
            "partial_start_ms": 0 if is_final else self.partial_start_ms,
            "duration_ms": self.duration_ms,
            "is_final": is_final,
        }


class CommandDialect:
    """One connection; each START begins a session."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._options: TranscriptionOptions = around.services.default_options
        self._replacements: dict[str, str] = {}
        self._is_active = False
        self._feed: Feed | None = None
        self._pcm = PcmStream()
        self._said = Utterances()
        self._commits: list[int] = []  # segments that have to be complete before each is answered
        self._ended = anyio.Event()

    async def serve(self, first: str, receive: anyio.abc.ObjectReceiveStream[str | bytes]) -> None:
        try:
            await self._handle(first)
            async for frame in receive:
                await self._handle(frame)
        finally:
            self._abandon()

    async def _handle(self, frame: str | bytes) -> None:
        try:
            if isinstance(frame, bytes):
                await self._take(frame)
            else:
                await self._obey(frame.strip())
        except AppError as error:
            self._around.send({"event": "error", **explained(error.problem, self._around.translate)})

    async def _obey(self, text: str) -> None:
        word, _, value = text.partition(":")
        match word.upper():
            case "START":
                await self._start()
            case "STOP":
                await self._stop()
            case "COMMIT":
                self._commit()
            case "HOTWORDS":
                self._set_hotwords(value)
            case "POSTPROCESS_HOTWORDS":
                self._set_replacements(value)
            case "LANGUAGE":
                self._set_language(value.strip())
            case _:
                known = ", ".join((*COMMANDS, *SETTINGS))
                self._around.send({"event": "error", "error": f"Unknown command. Known are {known}"})

    async def _start(self) -> None:
        self._abandon()
        self._feed, self._said, self._commits, self._ended = None, Utterances(), [], anyio.Event()
        self._pcm = PcmStream()
        self._is_active = True
        self._around.send({"event": "started"})

    async def _take(self, data: bytes) -> None:
        if not self._is_active:
            return
        sound = self._pcm.push(data)
        if not sound:
            return
        if self._feed is None:
            name = name_by_time(self._around.translate)
            begin = self._around.services.live.begin
            session = await run_in_threadpool(begin, name, self._options, self._around.listen, Source.FUNASR)
            self._feed = Feed(session)
        await self._feed.send(sound)
        self._said.duration_ms = milliseconds(self._feed.seconds)

    def _commit(self) -> None:
        if not self._is_active:
            self._around.send({"event": "error", "error": "Session is not active; send START first"})
        elif self._feed is None:
            self._around.send(self._said.result(is_final=True))
        else:
            self._feed.session.commit()

    async def _stop(self) -> None:
        if self._feed:
            self._feed.session.end(LiveState.ENDED)
            await self._around.unless_gone(self._ended.wait)
            self._around.send(self._said.result(is_final=True))
        self._feed, self._is_active = None, False
        self._around.send({"event": "stopped"})

    def _abandon(self) -> None:
        if self._feed:
            self._feed.session.end(LiveState.ENDED)
            self._feed.session.detach(self._around.listen)

    # Settings, from the next segment on

    def _set_hotwords(self, value: str) -> None:
        words = read_hotwords([word for word in map(str.strip, value.split(",")) if word])
        self._change(replace(self._options, hotwords=words))
        self._around.send({"event": "hotwords_set", "hotwords": [word.text for word in words]})

    def _set_replacements(self, value: str) -> None:
        pairs = (REPLACEMENT.fullmatch(part.strip()) for part in re.split(r"[,\n]", value))
        self._replacements = {pair[1].strip(): pair[2].strip() for pair in pairs if pair}
        self._around.send({"event": "postprocess_hotwords_set", "postprocess_hotwords": self._replacements})

    def _set_language(self, value: str) -> None:
        names = CHINESE_NAMES | {name.lower(): code for code, name in NATIVE_NAMES.items()}
        code = names.get(value.lower()) or known_language(value) if value else AUTO
        if code is None:
            raise UnknownLanguage(language=value[:40], known=", ".join(LANGUAGES))
        self._change(replace(self._options, language=code))
        self._around.send({"event": "language_set", "language": value})

    def _change(self, options: TranscriptionOptions) -> None:
        self._options = options
        if self._feed:
            self._feed.session.change(options)

    # From the live session

    def tell(self, news: LiveEvent) -> None:
        """Send what an event of the live session means."""
        match news:
            case Partial():
                self._said.partial, self._said.partial_start_ms = news.text, milliseconds(news.start)
                self._around.send(self._said.result(is_final=False))
            case Final():
                self._tell_final(news)
            case Committed():
                self._commits.append(news.next_segment)
                self._answer_commits()
            case ErrorEvent():
                self._around.send({"event": "error", **explained(news.problem, self._around.translate)})
                if news.is_fatal:
                    self._ended.set()
            case Ended():
                self._ended.set()

    def _tell_final(self, news: Final) -> None:
        segment, said = news.segment, self._said
        said.segments, said.partial = said.segments + 1, ""
        if segment.text:
            times = {"start": milliseconds(segment.start), "end": milliseconds(segment.end)}
            said.sentences.append({"text": self._replaced(segment.text), **times})
        self._around.send(said.result(is_final=False))
        self._answer_commits()

    def _answer_commits(self) -> None:
        while self._commits and self._commits[0] <= self._said.segments:
            del self._commits[0]
            self._around.send(self._said.result(is_final=True))

    def _replaced(self, text: str) -> str:
        for wrong, right in self._replacements.items():
            text = text.replace(wrong, right)
        return text
