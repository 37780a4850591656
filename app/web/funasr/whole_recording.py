"""A recording in the mode offline: a file for the durable queue, like an upload."""

from __future__ import annotations

import re
import struct
import tempfile
from typing import IO, TYPE_CHECKING

import anyio
from starlette.concurrency import run_in_threadpool

from app.domain.errors.uploads import UploadTooLarge
from app.domain.sources import Source
from app.services.clients.client_requests import Wanted
from app.store.files.storage_errors import storage_errors
from app.web.clients.job_answers import ended_transcript
from app.web.clients.waiting import following
from app.web.forms.file_names import clean_name
from app.web.funasr.answers import Told, timed
from app.web.funasr.messages import USUAL_NAME, Configuration
from app.web.funasr.recording import Surroundings

if TYPE_CHECKING:
    from app.domain.errors.base import Problem

IN_MEMORY_BYTES = 1 << 20
BLOCK_BYTES = 1 << 20
LEAST_KEPT_SECONDS = 1.0  # of a recording whose client went away
CONTAINER = re.compile(rb"RIFF....WAVE|RF64....WAVE|fLaC|OggS|ID3[\x02-\x04]|\x1a\x45\xdf\xa3|....ftyp", re.DOTALL)
"""Of files that clients send as PCM; nothing that samples may look like."""


class WholeRecording:
    """The sound is kept in a file without a name until its end is told."""

    def __init__(self, config: Configuration, around: Surroundings) -> None:
        self.problem: Problem | None = None
        self._config = config
        self._around = around
        self._told = Told(config.mode.value, config.name)
        self._limit_bytes = around.services.settings.max_upload_bytes
        self._size_bytes = 0
        self._folder = around.services.settings.data_dir
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed at its end
            IN_MEMORY_BYTES, dir=str(self._folder)
        )

    async def take(self, data: bytes) -> None:
        self._size_bytes += len(data)
        if self._size_bytes > self._limit_bytes:
            self._file.close()
            raise UploadTooLarge(limit_mb=self._limit_bytes // 2**20)
        await run_in_threadpool(self._write, data)

    async def finish(self) -> None:
        if not self._size_bytes:
            self._file.close()
            self._around.send(self._told.message(is_final=True))
            return
        id = await run_in_threadpool(self._submit)
        changes = self._around.services.client_requests.changes
        async with following(changes, id) as follower:
            if await self._around.unless_gone(follower.ended) is None:
                return
        transcript = await run_in_threadpool(ended_transcript, self._around.services.queue, id)
        words = [word for segment in transcript.segments for word in segment.words]
        self._around.send(self._told.message(transcript.text, is_final=True, **timed(transcript.text, words)))

    async def abandon(self) -> None:
        """Keep raw sound; a file that breaks off is of no use to anybody."""
        seconds = self._size_bytes / 2 / self._config.rate
        with self._file:
            if self._config.is_pcm and seconds >= LEAST_KEPT_SECONDS:
                with anyio.CancelScope(shield=True):
                    await run_in_threadpool(self._submit)

    def _write(self, data: bytes) -> None:
        with storage_errors(self._folder):
            self._file.write(data)

    def _submit(self) -> str:
        """Queue the recording, or find the job that reads it already; runs in a thread."""
        services, name = self._around.services, clean_name(self._config.name) or USUAL_NAME
        with self._file, services.queue.receive(name, self._limit_bytes + BLOCK_BYTES) as incoming:
            if not self._is_container():
                incoming.write(_wav_header(self._config.rate, self._size_bytes // 2 * 2))
            self._file.seek(0)
            while block := self._file.read(BLOCK_BYTES):
                incoming.write(block)
            options = self._config.options_over(services.default_options)
            return services.client_requests.admit(incoming, Wanted(options, Source.FUNASR, self._config.request)).id

    def _is_container(self) -> bool:
        self._file.seek(0)
        return not self._config.is_pcm or CONTAINER.match(self._file.read(16)) is not None


def _wav_header(rate: int, size: int) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)
