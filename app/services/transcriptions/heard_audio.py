"""What the page of a transcription plays: the decoded samples, so that its clock is that of the words, whatever the
container says about time and whatever the browser can play.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Lock

from app.domain.errors.transcriptions import NotFinished
from app.domain.transcription import Transcription
from app.engine import Waveform
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import PreparationPool, decode_apart
from app.logging import event
from app.periodic import Periodic
from app.services.retry import read_twice
from app.services.transcription_rows import refuse_deaf
from app.services.transcriptions.job_queue import Queue
from app.store.files.decoded_audio import samples_in
from app.store.files.scratch import scratch

AT_ONCE = 2
SWEEP_SECONDS = 600.0

_log = logging.getLogger(__name__)


class HeardAudio:
    """The samples of all recordings. Every method may be called from any thread."""

    def __init__(self, queue: Queue, limits: DecodeLimits, pool: PreparationPool | None = None) -> None:
        self._queue = queue
        self._limits = limits
        self._children = pool
        self._decoders = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="heard")
        self._stopping = Event()
        self._lock = Lock()
        self._decoding: dict[str, Future[list[Path]]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Decode recordings during the block, and remove what is kept too long."""
        with Periodic("heard-sweep", self._queue.files.decoded.sweep, SWEEP_SECONDS).running():
            try:
                yield
            finally:
                self._stopping.set()
                self._decoders.shutdown(cancel_futures=True)

    @property
    def is_stopping(self) -> bool:
        """Whether the server ends."""
        return self._stopping.is_set()

    def samples(self, id: str) -> list[Path]:
        """Return the files of samples: 16 kHz, int16, without a header; one for the mix, or one per channel.

        They are decoded again if they are not kept any more, which takes its time.

        Raises:
            TranscriptionNotFound
            NotPermitted: the text alone is shared with this reader.
            NotFinished: the recording has not been read yet.
            AudioGone: its recording is no longer on the disk.
            AppError: it cannot be decoded any more.
        """
        job = self._queue.get(id)
        refuse_deaf(id)
        if job.duration is None:
            raise NotFinished(state=job.state.value)
        files = self._queue.files
        return files.decoded.files(id) or samples_in(files.folder(id)) or self._decoded(job)

    def decoded(self, content: bytes, most_seconds: float) -> Waveform:
        """Return the samples of a short recording that is not stored.

        Raises:
            AppError: it is no sound, or longer than `most_seconds`.
        """
        limits = replace(self._limits, max_seconds=most_seconds)
        with scratch(self._queue.database.folder) as folder:
            source, target = folder / "sound", folder / "samples.s16"
            source.write_bytes(content)
            decoding = partial(decode_apart, source, target, limits, self._stopping.is_set, pool=self._children)
            facts = read_twice(decoding, self._stopping)
            return read_waveform(target, 0.0, facts.duration).copy()

    def _decoded(self, job: Transcription) -> list[Path]:
        """Wait for the samples of a recording; requests for the same one share the work."""
        source = self._queue.source_path(job.id)
        with self._lock:
            future = self._decoding.get(job.id)
            if future is None:
                future = self._decoding[job.id] = self._decoders.submit(self._decode, job, source)
        try:
            return future.result()
        finally:
            with self._lock:
                self._decoding.pop(job.id, None)

    def _decode(self, job: Transcription, source: Path) -> list[Path]:
        decoded, options = self._queue.files.decoded, job.options
        if kept := decoded.files(job.id):  # by the request before this one
            return kept
        with decoded.making(job.id) as target:
            decoding = partial(decode_apart, source, target, self._limits, self._stopping.is_set, pool=self._children)
            separate = options.channels == "separate"
            read_twice(partial(decoding, separate=separate, track=options.track), self._stopping)
        event(_log, logging.INFO, "decoded_for_playing", job=job.id)
        decoded.sweep()
        return decoded.files(job.id)
