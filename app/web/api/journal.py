"""REST: the pages tell what was done in them; a person may read it back, and have it forgotten."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, status
from pydantic import AfterValidator, BaseModel, Field

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.uploads import DiskFull
from app.support.journal import LARGEST_NUMBER, MOST_ENTRIES, Entry, clean_text, fit
from app.support.journal_wording import tell_actions
from app.web.dependencies import JournalDep, TranslateDep
from app.web.openapi import errors
from app.web.pools import reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.base import RequestBody

router = ApiRouter(prefix="/journal", tags=["support"])

BrowserId = Annotated[
    str,
    Path(
        description="What the page calls its session.",
        pattern=r"^[0-9a-f]{16,64}$",
        examples=["4f1c9a2b7d3e5f60"],
    ),
]
Text = Annotated[str, AfterValidator(clean_text)]
Short = Annotated[Text, Field(max_length=200)]


class Action(RequestBody):
    """One thing that was done in a page, or that happened in it. Never what was typed or recognised."""

    number: int = Field(ge=0, le=LARGEST_NUMBER, description="Grows by one.", examples=[7])
    at: Text = Field(max_length=40, description="By the browser's clock.", examples=["2026-11-22T18:57:01.123Z"])
    kind: Literal["page", "press", "change", "type", "files", "key", "request", "error"] = Field(examples=["press"])
    page: Short = Field(default="", examples=["/"])
    control: Short = Field(default="", examples=["Start"])
    value: Text = Field(default="", max_length=500, examples=[""])
    status: int = Field(default=0, ge=0, le=999, examples=[0])
    request: Text = Field(default="", max_length=64, examples=[""])


class Told(RequestBody):
    """What a page tells now."""

    browser: Annotated[dict[str, Any], AfterValidator(fit)] = Field(
        max_length=20,
        description="What the browser says of itself.",
        examples=[{"user_agent": "Mozilla/5.0 …"}],
    )
    entries: list[Action] = Field(max_length=MOST_ENTRIES)


class JournalAnswer(BaseModel):
    """What is kept of one browser session."""

    browser: dict[str, Any] = Field(examples=[{"user_agent": "Mozilla/5.0 …"}])
    steps: list[str] = Field(description="As sentences, in the reader's language.", examples=[["Open the page /."]])
    entries: list[Action]


@router.post(
    "/{browser}",
    status_code=status.HTTP_204_NO_CONTENT,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(InvalidParameter, DiskFull, changes=True),
)
def write_journal(browser: BrowserId, told: Told, journal: JournalDep) -> None:
    """Keep what was done in a page, for the steps of a support case. It is bounded and forgotten after a week."""
    journal.write(browser, told.browser, [Entry(**action.model_dump()) for action in told.entries])


@router.get("/{browser}", responses=errors())
@reads_slowly
def read_journal(browser: BrowserId, journal: JournalDep, translate: TranslateDep) -> JournalAnswer:
    """Read back what is kept of a browser session."""
    session = journal.read(browser)
    return JournalAnswer(
        browser=dict(session.browser),
        steps=tell_actions(session.entries, (), translate),
        entries=[Action.model_validate(entry, from_attributes=True) for entry in session.entries],
    )


@router.delete("/{browser}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(changes=True))
def forget_journal(browser: BrowserId, journal: JournalDep) -> None:
    """Forget what is kept of a browser session."""
    journal.forget(browser)
