"""Speech analyses of recordings: decoded once, then segmented anew whenever a person moves a control.

Decoding happens in child processes, two at a time; the detectors' frame scores are kept, so that segmenting does not
need the samples. The text of an interval is requested in texts.py.
"""

from __future__ import annotations

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Event, Lock

from app.domain.errors.base import AppError
from app.domain.errors.transcriptions import AnalysisNotFound, AudioGone, TranscriptionNotFound
from app.domain.errors.uploads import EmptyFile
from app.domain.options import VadOptions
from app.domain.people import current_actor
from app.domain.reasons import reason_from
from app.domain.speech import DroppedSpan, Rule, SoundEvent, SpeechReport, SpeechSpan
from app.engine.audio.facts import DecodeLimits
from app.engine.audio.waveform import waveform_peaks
from app.engine.preparation.preparation import (
    Cancelled,
    PreparationPool,
    Prepared,
    judge_apart,
    listen_apart,
    prepare,
)
from app.engine.vad.detection import classified_file, load_classified, usable
from app.engine.vad.frames import Frames
from app.engine.vad.vad import group_frames
from app.logging import event
from app.periodic import Periodic
from app.services.inference.status import Stopped
from app.services.retry import read_twice
from app.services.transcription_rows import refuse_deaf
from app.services.transcriptions.job_queue import Queue
from app.services.vad.records import Analysis, detector_choices, facts_of, remember
from app.services.vad.sounds import Sounds, VadSounds
from app.store.files.upload_file import UploadFile
from app.store.files.vad_folders import OF_TRANSCRIPTION, VadFolders

__all__ = ["Analysis", "DroppedSpan", "Rule", "SpeechReport", "SpeechSpan", "VadAnalyses", "VadOptions"]

READINGS_AT_ONCE = 2
SWEEP_SECONDS = 600.0

_log = logging.getLogger(__name__)


class VadAnalyses:
    """All analyses. Every method may be called from any thread."""

    def __init__(
        self,
        analyses: VadFolders,
        queue: Queue,
        limits: DecodeLimits,
        options: VadOptions,
        pool: PreparationPool | None = None,
    ) -> None:
        self.analyses = analyses
        self.options = options
        """The options shown first."""
        self._queue = queue
        self._limits = limits
        self._children = pool
        self._readers = ThreadPoolExecutor(READINGS_AT_ONCE, thread_name_prefix="vad")
        self._rest = ThreadPoolExecutor(1, thread_name_prefix="vad-rest")
        self._sounds = VadSounds(analyses, self._listen, self._rest)
        self._stopping = Event()
        self._lock = Lock()
        self._given_up: set[str] = set()  # analyses that are being removed
        self._readings: OrderedDict[str, tuple[Analysis, Future[None]]] = OrderedDict()
        self._turns: OrderedDict[Path, Lock] = OrderedDict()  # a repeated request waits for the first
        self._frames: OrderedDict[tuple[Path, float], Frames] = OrderedDict()
        self._reports: OrderedDict[tuple[str, VadOptions], SpeechReport] = OrderedDict()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Decode recordings during the block, and remove expired ones."""
        with Periodic("vad-sweep", self._sweep, SWEEP_SECONDS).running():
            try:
                yield
            finally:
                self._stopping.set()
                self._readers.shutdown(cancel_futures=True)
                self._rest.shutdown(cancel_futures=True)

    # Submitting

    def receive(self, name: str, limit_bytes: int) -> AbstractContextManager[UploadFile]:
        """Open a file for an upload. Call `submit` inside the block; otherwise the file is removed on exit."""
        return self._queue.receive(name, limit_bytes)

    def submit(self, incoming: UploadFile) -> Analysis:
        """Start to analyse a received recording.

        Raises:
            EmptyFile: nothing was received.
            DiskFull
        """
        if not incoming.size_bytes:
            raise EmptyFile(name=incoming.name)
        analysis = Analysis(secrets.token_hex(8), incoming.name, "reading", None, owner=current_actor().person)
        self.analyses.move_into_place(incoming, analysis.id, analysis.owner)
        return self._begin(analysis, incoming.suffix)

    def of_transcription(self, transcription: str) -> Analysis:
        """Analyse the recording of a transcription; an earlier analysis is reused.

        Raises:
            TranscriptionNotFound
            AudioGone: its recording is no longer on the disk.
        """
        record = self._queue.get(transcription)
        id = f"{OF_TRANSCRIPTION}{transcription}"
        with suppress(AppError):
            return self.get(id)
        suffix = self._queue.source_path(transcription).suffix
        self.analyses.make(id)
        return self._begin(Analysis(id, record.name, "reading", transcription), suffix)

    def reading(self, id: str) -> Future[None] | None:
        """Return what is done when an analysis has been read; None where it was read long ago, or never begun."""
        with self._lock:
            reading = self._readings.get(id)
        return reading[1] if reading else None

    # Reading

    def get(self, id: str) -> Analysis:
        """Return one analysis.

        Raises:
            AnalysisNotFound: there is none, or it has expired.
            TranscriptionNotFound: its transcription was deleted.
            AppError: the recording cannot be decoded, with the reason.
        """
        facts = self.analyses.facts(id)
        if facts is None:
            return self._being_read(id)
        if facts["transcription"]:
            self._queue.get(facts["transcription"])
            refuse_deaf(facts["transcription"])
        elif not current_actor().owns(facts.get("owner")):  # absent in those of a version without people
            raise AnalysisNotFound(id=id)
        return Analysis(
            id, facts["name"], "ready", facts["transcription"], facts["duration"], facts["channels"],
            tuple(filter(None, map(reason_from, facts["warnings"]))), facts.get("owner"),
        )  # fmt: skip

    def report(self, id: str, options: VadOptions) -> SpeechReport:
        """Detect speech with these options.

        Raises:
            AnalysisNotFound: it is not there, or has not been read.
        """
        self._refuse_unread(id)
        key = id, options
        with self._lock:
            known = self._reports.get(key)
        if known is None:
            known = group_frames(self._judged(id, options), usable(options))
            with self._lock:
                remember(self._reports, key, known)
        return known

    def sounds(self, id: str) -> Sounds:
        """Return what sounds in a recording, or how far that is.

        Raises:
            AnalysisNotFound: it is not there, or has not been read.
        """
        self._refuse_unread(id)
        return self._sounds.of(id)

    def outline(self, id: str, start: float, end: float, buckets: int) -> list[list[int]]:
        """Return the peaks of a part: lowest and highest sample of equal intervals, -127 to 127.

        Raises:
            AnalysisNotFound: it is not there, or has not been read.
        """
        self._refuse_unread(id)
        try:
            return waveform_peaks(self.analyses.audio(id), self.analyses.folder(id), start, end, buckets)
        except FileNotFoundError as gone:
            raise AnalysisNotFound(id=id) from gone

    def recording(self, id: str) -> Path:
        """Return the original recording.

        Raises:
            AnalysisNotFound, AudioGone
        """
        analysis = self.get(id)
        if analysis.transcription:
            return self._queue.source_path(analysis.transcription)
        found = next(self.analyses.folder(id).glob("source*"), None)
        if found is None:
            raise AudioGone
        return found

    def heard(self, id: str) -> Path:
        """Return the analysed samples: 16 kHz, mono, int16, without a header.

        Raises:
            AnalysisNotFound: it is not there, or has not been read.
        """
        self._refuse_unread(id)
        return self.analyses.audio(id)

    def remove(self, id: str) -> None:
        """Delete an analysis and stop its decoding; the recording of a transcription is kept.

        Raises:
            AnalysisNotFound
        """
        self.get(id)
        with self._lock:
            self._readings.pop(id, None)
        self._remove_folder(id)

    # Internal

    def _begin(self, analysis: Analysis, suffix: str) -> Analysis:
        with self._lock:
            future = self._readers.submit(self._read, analysis, suffix)
            remember(self._readings, analysis.id, (analysis, future))
        return analysis

    def _being_read(self, id: str) -> Analysis:
        with self._lock:
            reading = self._readings.get(id)
        if reading is None or not (reading[0].transcription or current_actor().owns(reading[0].owner)):
            raise AnalysisNotFound(id=id)
        analysis, future = reading
        if not future.done():
            return analysis
        future.result()  # raises its error
        raise AnalysisNotFound(id=id)

    def _read(self, analysis: Analysis, suffix: str) -> None:
        """Decode a recording and score its frames with the options shown first, then in every other way."""
        id = analysis.id
        source, track = self.analyses.source(id, suffix), 0
        if of := analysis.transcription:
            source, track = self._queue.source_path(of), self._queue.get(of).options.track
        try:
            with self.analyses.held(id):
                prepared = read_twice(lambda: self._prepared(id, source, track), self._stopping)
                self.analyses.complete(id, facts_of(analysis, asdict(prepared.facts)))
        except Exception as error:
            self.analyses.remove(id)
            event(_log, logging.INFO, "vad_refused", id=id, reason=error)
            raise
        event(_log, logging.INFO, "vad_read", id=id, seconds=round(prepared.facts.duration, 3))
        if not self._stopping.is_set():
            self._sounds.of(id)  # begins to listen
            self._rest.submit(self._judge_the_rest, id)

    def _prepared(self, id: str, source: Path, track: int) -> Prepared:
        return prepare(
            source,
            self.analyses.audio(id),
            self.analyses.peaks(id),
            self.options,
            self._limits,
            self._ends_early(id),
            track=track,
            survey=self.analyses.folder(id),
            pool=self._children,
        )

    def _judge_the_rest(self, id: str) -> None:
        """Score the frames for every detector, mode and frame length in advance."""
        folder = self.analyses.folder(id)
        with self.analyses.held(id), suppress(Cancelled, Stopped, AppError):
            if self.analyses.facts(id) is None:  # removed meanwhile
                return
            rest = [way for way in detector_choices() if not classified_file(folder, way).exists()]
            self._judge(id, rest)

    def _judge(self, id: str, ways: Sequence[VadOptions]) -> None:
        audio, folder, ends = self.analyses.audio(id), self.analyses.folder(id), self._ends_early(id)
        judge = partial(judge_apart, audio, folder, ways, self._limits, ends, pool=self._children)
        read_twice(judge, self._stopping)

    def _listen(self, id: str) -> tuple[SoundEvent, ...]:
        audio, ends = self.analyses.audio(id), self._ends_early(id)
        return read_twice(partial(listen_apart, audio, self._limits, ends, pool=self._children), self._stopping)

    def _ends_early(self, id: str) -> Callable[[], bool]:
        return lambda: self._stopping.is_set() or id in self._given_up

    def _judged(self, id: str, options: VadOptions) -> Frames:
        folder = self.analyses.folder(id)
        file = classified_file(folder, options)
        key = file, options.threshold
        with self._lock:
            frames = self._frames.get(key)
            turn = self._turns.get(file) or Lock()
            remember(self._turns, file, turn)
        if frames is not None:
            return frames
        self._refuse_unread(id)
        with turn, self.analyses.held(id):
            frames = load_classified(folder, options)
            if frames is None:
                with suppress(Cancelled, Stopped):  # it is being removed, or the server is stopping
                    self._judge(id, [options])
                frames = load_classified(folder, options)
        if frames is None:
            raise AnalysisNotFound(id=id)
        with self._lock:
            remember(self._frames, key, frames)
        return frames

    def _refuse_unread(self, id: str) -> None:
        if self.get(id).state != "ready":
            raise AnalysisNotFound(id=id)

    def _sweep(self) -> None:
        self.analyses.sweep()
        self._forget_deleted()

    def _forget_deleted(self) -> None:
        """Remove the samples of recordings that were deleted for good."""
        for id in self.analyses.ids():
            if id.startswith(OF_TRANSCRIPTION):
                try:
                    self._queue.get(id.removeprefix(OF_TRANSCRIPTION))
                except TranscriptionNotFound:
                    self._remove_folder(id)

    def _remove_folder(self, id: str) -> None:
        with self._lock:
            self._given_up.add(id)
        self._sounds.forget(id)
        self.analyses.remove(id)  # waits for the thread working on it, which was just told to stop
        with self._lock:
            self._given_up.discard(id)
