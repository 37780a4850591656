"""Speech analyses of servers that share an object store: one that another server has made is read again here."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from app.domain.errors.transcriptions import AnalysisNotFound
from app.domain.options import VadOptions
from app.domain.people import current_actor
from app.engine.audio.facts import DecodeLimits
from app.engine.preparation.preparation import PreparationPool
from app.services.transcription_rows import refuse_deaf
from app.services.transcriptions.job_queue import Queue
from app.services.vad.analyses import VadAnalyses
from app.services.vad.records import Analysis
from app.store.files.vad_folders import OF_TRANSCRIPTION

if TYPE_CHECKING:
    from app.store.objects.vad_folders import StoredVadFolders

PATIENCE_SECONDS = 60.0  # for the reading here of what is ready elsewhere


class SharedVadAnalyses(VadAnalyses):
    """Every method may be called from any thread."""

    def __init__(
        self,
        analyses: StoredVadFolders,
        queue: Queue,
        limits: DecodeLimits,
        options: VadOptions,
        pool: PreparationPool | None = None,
    ) -> None:
        super().__init__(analyses, queue, limits, options, pool)
        self._stored = analyses
        self._bringing = Lock()

    def _being_read(self, id: str) -> Analysis:
        with suppress(AnalysisNotFound):
            return super()._being_read(id)
        with self._bringing:
            with suppress(AnalysisNotFound):  # another request was first
                return super()._being_read(id)
            return self._of_transcription(id) if id.startswith(OF_TRANSCRIPTION) else self._brought(id)

    def _of_transcription(self, id: str) -> Analysis:
        transcription = id.removeprefix(OF_TRANSCRIPTION)
        record = self._queue.get(transcription)
        refuse_deaf(transcription)
        suffix = self._queue.source_path(transcription).suffix
        self.analyses.make(id)
        return self._begin(Analysis(id, record.name, "reading", transcription), suffix)

    def _brought(self, id: str) -> Analysis:
        about = self._stored.about(id)
        if about is None or not current_actor().owns(about["owner"]):
            raise AnalysisNotFound(id=id)
        try:
            self._stored.bring(id, about["suffix"])
        except FileNotFoundError:
            raise AnalysisNotFound(id=id) from None
        return self._begin(Analysis(id, about["name"], "reading", None, owner=about["owner"]), about["suffix"])

    def _refuse_unread(self, id: str) -> None:
        if self.get(id).state != "ready" and (reading := self.reading(id)):
            with suppress(Exception):  # which the next line tells of
                reading.result(PATIENCE_SECONDS)
        super()._refuse_unread(id)
