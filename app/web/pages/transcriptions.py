"""The recognition and transcription pages. Later changes come from /api/v1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from fastapi import Form, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.domain.people import current_actor
from app.domain.states import JobState
from app.formats import FORMATS
from app.i18n import LANGUAGES
from app.paths import builtin_model_dir
from app.services.batches.ingest import OF_MANY
from app.services.transcriptions.edits import edited_text
from app.services.transcriptions.history import History, HistoryFilter
from app.services.transcriptions.retranscribe import sibling_transcriptions
from app.web.answers.findings import findings_answer
from app.web.answers.models import model_choices
from app.web.answers.transcriptions import full_answer, item_answer, model_answer
from app.web.dependencies import (
    QueueDep,
    ServicesDep,
    TranscriptionId,
    TranslateDep,
)
from app.web.offered_languages import spoken_languages
from app.web.pages.paragraphs import AT_ONCE, first_rows
from app.web.request import address_of
from app.web.routers import PageRouter
from app.web.templating import THEMES, render

if TYPE_CHECKING:
    from app.domain.transcription import Transcription
    from app.i18n import Translate

RECENT = 8  # finished recordings shown on the first page
ACTIVE = 100  # waiting and running ones shown there
PAGE_SIZE = 20
A_YEAR = 365 * 24 * 3600  # lifetime of a preference in seconds

router = PageRouter()


@router.get("/")
def recognition(
    request: Request,
    services: ServicesDep,
    translate: TranslateDep,
) -> HTMLResponse:
    """Accept recordings, and show active ones and the latest results."""
    in_use = services.models.folder_in_use()
    context = {
        "jobs": _items(_sent_alone(services.history), translate),
        "model": model_answer(services.inference.status(), translate).model_dump(mode="json"),
        "model_name": in_use.name,
        "is_builtin": in_use == builtin_model_dir(),
        "formats": list(FORMATS),
        "languages": spoken_languages(services),
        "house_rules": services.settings.replacements,
        "limit_bytes": services.settings.max_upload_bytes,
    }
    return render(request, "pages/recognition.html", context)


@router.get("/transcriptions/{id}")
def transcription(
    request: Request,
    id: TranscriptionId,
    queue: QueueDep,
    services: ServicesDep,
    translate: TranslateDep,
) -> HTMLResponse:
    """Show, play and export one transcript."""
    record = queue.get(id)
    segments = queue.segments(id, with_words=bool(record.options.hotwords))  # words show where hotwords were heard
    answer = full_answer(record, segments, translate, sibling_transcriptions(queue, record))
    context = {
        "access": services.accounts.sharing.access_of(id, record.owner),
        "may_hear": current_actor().may_hear(id),
        "job": answer.model_dump(mode="json", exclude={"segments": {"__all__": {"words"}}}),
        "rows": first_rows(segments, edited_text(queue, id, 0, AT_ONCE)),
        "languages": spoken_languages(services),
        "models": model_choices(services, translate),
        "house_rules": services.settings.replacements,
        "knows_voices": services.settings.known_voices,
        "formats": FORMATS,
        "findings": [each.model_dump(mode="json") for each in findings_answer(record, segments, translate)],
    }
    return render(request, "pages/transcription.html", context)


@router.post("/preferences")
def preferences(
    request: Request,
    back: Annotated[str, Form()] = "/",
    language: Annotated[str | None, Form()] = None,
    theme: Annotated[str | None, Form()] = None,
) -> RedirectResponse:
    """Store the language or the theme, and return to the page it was chosen on."""
    response = RedirectResponse(address_of(request.scope, _own_page(back)), status_code=303)
    root = address_of(request.scope, "/")  # cookie path: other programs may run on the same host
    if language in LANGUAGES:
        response.set_cookie("language", language, max_age=A_YEAR, path=root, samesite="lax")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=A_YEAR, path=root, samesite="lax")  # scripts set it too
    return response


def _sent_alone(history: History) -> list[Transcription]:
    """Return waiting, running and recently ended transcriptions, except those of batches."""
    sources = history.totals().by_source.keys() - OF_MANY
    waiting = _newest(history, sources, ACTIVE, JobState.QUEUED)
    running = _newest(history, sources, ACTIVE, JobState.RUNNING)
    latest = _newest(history, sources, RECENT)
    return [*waiting, *running, *(record for record in latest if record not in waiting + running)]


def _newest(history: History, sources: Iterable[str], limit: int, state: JobState | None = None) -> list[Transcription]:
    pages = [history.page(HistoryFilter(source=source, state=state), limit) for source in sources]
    found = [result.transcription for page in pages for result in page.results]
    return sorted(found, key=lambda record: record.created_at, reverse=True)[:limit]


def _items(records: list[Transcription], translate: Translate) -> list[dict[str, Any]]:
    return [item_answer(record, translate).model_dump(mode="json") for record in records]


def _own_page(address: str) -> str:
    """Return `address` if it is a page of this server, else the first page: no open redirect."""
    parts = urlsplit(address.replace("\\", "/"))
    return address if address.startswith("/") and not parts.netloc and "\n" not in address else "/"
