"""Who speaks in the pieces of a running session, found in a thread of its own: no text ever waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread

from app.domain.errors.base import AppError
from app.domain.errors.live import LiveSpeakersMissing
from app.domain.errors.voices import SpeakerModelMissing
from app.domain.options import AUTOMATIC, MOST_SPEAKERS
from app.domain.speech import SpeechSpan
from app.domain.transcription import SegmentRecord
from app.engine import Waveform
from app.engine.speakers import Embeddings, SpeakerModel
from app.engine.speakers.online import OnlineVoices, voice_of_piece
from app.logging import bound, event
from app.services.inference.status import Stopped
from app.services.live.events import ErrorEvent, LiveEvent, SpeakersChanged
from app.services.speakers.voice_hearing import VoiceHearing

TRIES = 2  # with a piece: one that ends the inference process is not for a third
RETRY_SECONDS = 10.0

_log = logging.getLogger(__name__)


class SpeakerLabels:
    """The speakers of one session, which may change until it ends. Its methods may be called from any thread."""

    def __init__(
        self,
        asked: str,
        voices: VoiceHearing,
        read: Callable[[SpeechSpan], Waveform],
        emit: Callable[[LiveEvent], None],
    ) -> None:
        """Take one of app.domain.options.SPEAKERS, but not OFF; `read` returns stored audio."""
        self.so_far: Mapping[int, int] = {}
        """Speakers, counted from 1, by the numbers of the segments."""
        self.problem = None if voices.model_folder() else ErrorEvent(_missing(SpeakerModelMissing()).problem)
        """Why there are no labels at the moment."""
        self._hearing = voices
        self._read = read
        self._emit = emit
        self._online = OnlineVoices(MOST_SPEAKERS if asked == AUTOMATIC else int(asked))
        self._model: SpeakerModel | None = None
        self._waiting: SimpleQueue[SegmentRecord | None] = SimpleQueue()
        self._stopping = Event()

    @contextmanager
    def running(self, job: str) -> Iterator[None]:
        """Label what is added during the block."""
        Thread(target=self._run, args=(job,), name=f"speakers-{job}", daemon=True).start()
        try:
            yield
        finally:
            self._stopping.set()
            self._waiting.put(None)

    def add(self, segment: SegmentRecord) -> None:
        """Label a segment that is stored; one without words has no speaker."""
        if segment.text:
            self._waiting.put(segment)

    def _run(self, job: str) -> None:
        with bound(job=job):
            while (segment := self._waiting.get()) and not self._stopping.is_set():
                for _ in range(TRIES):
                    if self._is_labelled(segment) or self._stopping.wait(RETRY_SECONDS):
                        break

    def _is_labelled(self, segment: SegmentRecord) -> bool:
        """Label a segment; return False if it should be tried once more."""
        try:
            unit = self._heard(segment)
        except Stopped:
            return True
        except (AppError, OSError) as error:
            event(_log, logging.WARNING, "live_speakers_failed", index=segment.index, reason=error)
            self._complain(error if isinstance(error, AppError) else AppError())
            return isinstance(error, SpeakerModelMissing)
        self.problem = None
        if unit is not None:
            self._tell(self._online.add(segment.index, unit, segment.end - segment.start))
        return True

    def _heard(self, segment: SegmentRecord) -> Embeddings | None:
        folder = self._hearing.model_folder()
        if folder is None:
            raise SpeakerModelMissing
        if self._model is None:
            self._model = self._hearing.open_model(folder, self._check)
        read = lambda start, end: self._read(SpeechSpan(start, end))  # noqa: E731
        return voice_of_piece(read, (segment.start, segment.end), self._model)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _tell(self, changed: Mapping[int, int]) -> None:
        self.so_far = {**self.so_far, **changed}
        if not self._stopping.is_set():
            self._emit(SpeakersChanged(changed))

    def _complain(self, error: AppError) -> None:
        """Say, once, why there are no labels."""
        is_known, self.problem = self.problem is not None, ErrorEvent(_missing(error).problem)
        if not (is_known or self._stopping.is_set()):
            self._emit(self.problem)


def _missing(error: AppError) -> LiveSpeakersMissing:
    return LiveSpeakersMissing(reason=error.problem.to_dict())
