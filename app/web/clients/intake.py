"""Takes in the recording of a program's request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from app.domain.client_request import ClientRequest, kept_headers, kept_query
from app.domain.errors.base import AppError
from app.domain.options import TranscriptionOptions
from app.domain.reasons import ANSWER_WAITED_FOR
from app.domain.sources import Source
from app.domain.transcript import Applied, merge_receipts
from app.logging import current_request_id
from app.services.clients.client_requests import Admitted, Wanted
from app.services.options import FALSE_WORDS
from app.web.clients.receipt import receipt_headers, wants_no_answer
from app.web.forms.client_form import LONGEST_FIELDS_BYTES, ClientForm
from app.web.forms.recording import fill
from app.web.request import own_path
from app.web.services import Services

OF_REQUESTS = frozenset(
    {
        *("model", "languages", "prompt", "temperature", "known_speakers", "timestamp_granularities", "include"),
        *("prefer", "min_speakers", "max_speakers", "return_speaker_embeddings", "vad_filter"),
    }
)
"""Names of lines of a receipt that tell of a request, not of how its recording was read."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a form asks for."""

    options: TranscriptionOptions
    receipt: tuple[Applied, ...]
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """A request whose recording is safely on the disk."""

    admitted: Admitted
    receipt: tuple[Applied, ...]
    """What the request says and is not done."""
    is_async: bool
    """Whether only the address of the job is wanted."""

    @property
    def id(self) -> str:
        return self.admitted.id

    def headers(self, lines: tuple[Applied, ...] = ()) -> dict[str, str]:
        """Return the receipt; without `lines`, those of the job, that of an answer which begins before its end.

        What the job tells of the request that made it is left out: this may be another one.
        """
        told = merge_receipts((line for line in lines if line.name not in OF_REQUESTS), self.receipt)
        return receipt_headers(self.id, told, is_repeat=self.admitted.is_repeat)


async def take_in(
    request: Request, services: Services, form: ClientForm, source: Source, understand: Callable[[], Understood]
) -> Received:
    """Read the request into `form`, and queue its recording or find its job.

    `understand` reads the fields, in a thread, when all have arrived.

    Raises:
        AppError: the form cannot be read, or its recording not be taken in.
    """
    try:
        with form:
            return await _taken_in(request, services, form, source, understand)
    except AppError:
        if not _is_not_to_be_kept(form):
            sent = _request_as_sent(request, form)
            await run_in_threadpool(services.client_requests.refused.keep, current_request_id(), sent)
        raise


async def _taken_in(
    request: Request, services: Services, form: ClientForm, source: Source, understand: Callable[[], Understood]
) -> Received:
    await fill(form, request, services.settings.max_upload_bytes, LONGEST_FIELDS_BYTES)
    asked = await run_in_threadpool(understand)
    receipt, is_async = asked.receipt, wants_no_answer(request.headers)
    if is_async and not asked.is_kept:
        receipt += (Applied("prefer", "respond-async", "", ANSWER_WAITED_FOR),)
    wanted = Wanted(
        asked.options,
        source,
        _request_as_sent(request, form),
        receipt,
        request.headers.get("idempotency-key", ""),
        is_kept=asked.is_kept,
    )
    admitted = await run_in_threadpool(services.client_requests.admit, form.file, wanted)
    return Received(admitted, receipt, is_async and asked.is_kept)


def _is_not_to_be_kept(form: ClientForm) -> bool:
    return any(name == "store" and value.strip().lower() in FALSE_WORDS for name, value in form.values)


def _request_as_sent(request: Request, form: ClientForm) -> ClientRequest:
    """Return the request as it is kept for cases and replays."""
    return ClientRequest(
        path=own_path(request.scope),
        parts=tuple(form.parts),
        query=kept_query(tuple(request.query_params.multi_items())),
        headers=kept_headers(request.headers),
    )
