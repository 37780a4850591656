"""Creates cases of jobs in any state: previews and writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors.base import N_
from app.domain.transcription import Transcription
from app.services.clients.client_requests import request_of
from app.services.speaker_corrections import found_speakers
from app.services.transcriptions.edits import edited_text
from app.services.transcriptions.job_queue import Queue
from app.store.files.scratch import scratch
from app.store.files.storage_errors import storage_errors
from app.support.case import MANIFEST_NAME, AudioChoice, CaseChoice, Installation, Part
from app.support.case.archive import as_json, manifest_of, write_archive
from app.support.case.contents import Contents, Evidence
from app.support.case.request_case import RequestContents
from app.support.case.sound import ALL, AS_SENT, STRETCH, SoundPlan, make_sound, plan_sound
from app.support.redaction import Redaction

MANIFEST = N_("The list of all files with their checksums, and how much was taken out")
PREVIEWED_BYTES = 64 * 1024  # per file: as much as a person reads


@dataclass(frozen=True, slots=True)
class PreviewFile:
    """One file of a preview."""

    name: str
    what: str
    size: int
    is_estimate: bool = False
    content: str = ""
    """The beginning of the file; empty for audio."""
    is_whole: bool = True
    """Whether `content` is all of it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything the case would contain, before it is written."""

    files: tuple[PreviewFile, ...]
    redactions: tuple[Redaction, ...]
    note: str
    """Why there is less audio than chosen; empty otherwise."""


class Cases:
    """Creates cases. Every method may be called from any thread."""

    def __init__(self, queue: Queue, surroundings: Callable[[], Installation]) -> None:
        self._queue = queue
        self._surroundings = surroundings

    def preview(self, id: str, choice: CaseChoice) -> Preview:
        """Return the files with their redacted contents; audio is only listed.

        Raises:
            TranscriptionNotFound
        """
        job, contents = self._contents(id, choice)
        parts = contents.parts()
        plan = plan_sound(choice, self._queue.segments(id, with_words=False))
        facts = contents.facts() | {"audio": {"choice": plan.choice.value, "recording_sha256": job.sha256}}
        redactions = contents.redactor.redactions
        manifest = as_json(manifest_of(parts, redactions, facts))
        files = [_shown(Part(MANIFEST_NAME, MANIFEST, manifest)), *map(_shown, parts), *_announced(job, plan)]
        return Preview(tuple(files), redactions, plan.note)

    def write(self, id: str, choice: CaseChoice, target: Path) -> dict[str, Any]:
        """Write the case to `target` and return its manifest.

        Raises:
            TranscriptionNotFound
            DiskFull: there is no room for it.
        """
        job, contents = self._contents(id, choice)
        parts = contents.parts()
        plan = plan_sound(choice, self._queue.segments(id, with_words=False))
        data_dir = self._surroundings().data_dir
        with storage_errors(data_dir), scratch(data_dir) as folder:
            sound = make_sound(self._queue, job, plan, self._surroundings().limits, folder)
            if sound.part is not None:
                parts.append(sound.part)
            audio = contents.redactor.value(sound.facts)
            manifest = manifest_of(parts, contents.redactor.redactions, contents.facts() | {"audio": audio})
            write_archive(parts, manifest, target)
        return manifest

    def preview_request(self, request: str, choice: CaseChoice) -> Preview:
        """Return the files of the case of a failed request."""
        contents = RequestContents(request, choice, self._surroundings())
        parts = contents.parts()
        manifest = as_json(manifest_of(parts, contents.redactor.redactions, contents.facts()))
        files = [_shown(Part(MANIFEST_NAME, MANIFEST, manifest)), *map(_shown, parts)]
        return Preview(tuple(files), contents.redactor.redactions, "")

    def write_request(self, request: str, choice: CaseChoice, target: Path) -> None:
        """Write the case of a failed request.

        Raises:
            DiskFull: there is no room for it.
        """
        contents = RequestContents(request, choice, self._surroundings())
        parts = contents.parts()
        write_archive(parts, manifest_of(parts, contents.redactor.redactions, contents.facts()), target)

    def _contents(self, id: str, choice: CaseChoice) -> tuple[Transcription, Contents]:
        job = self._queue.get(id)
        edits = edited_text(self._queue, id).edits
        request = request_of(self._queue, id)
        speakers = found_speakers(self._queue, id)
        evidence = Evidence(job, self._queue.segments(id), self._queue.log_lines(id), edits, speakers, request)
        return job, Contents(evidence, choice, self._surroundings())


def _shown(part: Part) -> PreviewFile:
    assert isinstance(part.content, bytes)  # noqa: S101 - only audio is in files
    beginning = part.content[:PREVIEWED_BYTES].decode(errors="ignore")
    return PreviewFile(part.name, part.what, part.size, content=beginning, is_whole=part.size <= PREVIEWED_BYTES)


def _announced(job: Transcription, plan: SoundPlan) -> Iterator[PreviewFile]:
    if plan.choice is AudioChoice.HASH:
        return
    if job.duration is None and job.error is not None:
        yield PreviewFile("audio/recording", AS_SENT, job.size_bytes)
    elif plan.choice is AudioChoice.STRETCH:
        yield PreviewFile("audio/stretch.flac", STRETCH, plan.estimated_bytes(job.duration), is_estimate=True)
    else:
        yield PreviewFile("audio/whole.flac", ALL, plan.estimated_bytes(job.duration), is_estimate=True)
