"""REST: lists of hotwords that are kept under a name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, status
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.settings import HotwordListExists, HotwordListNotFound
from app.domain.errors.uploads import DiskFull
from app.services.hotword_lists import HotwordList, HotwordLists
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import Moment
from app.web.services import services_of

router = ApiRouter(prefix="/hotword-lists", tags=["hotword lists"])


class HotwordListBody(RequestBody):
    """What can be chosen."""

    name: str = Field(description="1 to 100 characters; each list has its own.", examples=["技术词汇"])
    words: str = Field(
        description="One word or phrase on each line; a number after it and a space is its weight, 1 to 100 (20).",
        examples=["转写\nConformer:30"],
    )


class HotwordListAnswer(BaseModel):
    """One list."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["技术词汇"])
    words: str = Field(description="One on each line.", examples=["转写\nConformer:30"])
    count: int = Field(description="How many words there are.", examples=[2])
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    updated_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])


class HotwordListsAnswer(BaseModel):
    """All lists, in the order of their names."""

    lists: list[HotwordListAnswer]


def _lists(connection: HTTPConnection) -> HotwordLists:
    return HotwordLists(services_of(connection).queue.database)


ListsDep = Annotated[HotwordLists, Depends(_lists)]
ListId = Annotated[str, Path(description="Id of the list.", examples=["5f0c2e9b1a44d771"])]


@router.get("", responses=errors())
def list_hotword_lists(lists: ListsDep) -> HotwordListsAnswer:
    """List all of them with their words."""
    return HotwordListsAnswer(lists=[_answer(each) for each in lists.everything()])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(HotwordListExists, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def create_hotword_list(body: HotwordListBody, lists: ListsDep) -> HotwordListAnswer:
    """Keep words under a name."""
    return _answer(lists.create(body.name, body.words))


@router.put(
    "/{id}",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(HotwordListNotFound, HotwordListExists, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def replace_hotword_list(id: ListId, body: HotwordListBody, lists: ListsDep) -> HotwordListAnswer:
    """Give a list another name or other words."""
    return _answer(lists.replace(id, body.name, body.words))


@router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(HotwordListNotFound, changes=True),
)
def delete_hotword_list(id: ListId, lists: ListsDep) -> None:
    """Forget a list; recordings that were read with it keep their words."""
    lists.delete(id)


def _answer(kept: HotwordList) -> HotwordListAnswer:
    return HotwordListAnswer(
        id=kept.id,
        name=kept.name,
        words=kept.words,
        count=kept.count,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )
