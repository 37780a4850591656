"""REST: lists of hotwords, and of rules of replacement, that are kept under a name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, status
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.settings import (
    HotwordListExists,
    HotwordListNotFound,
    ReplacementListExists,
    ReplacementListNotFound,
)
from app.domain.errors.uploads import DiskFull
from app.domain.hotwords import parse_hotwords
from app.domain.replacements import LONGEST_RULES, parse_rules
from app.services.saved_lists import HOTWORDS, REPLACEMENTS, SavedList, SavedLists
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import Moment
from app.web.services import services_of

hotword_router = ApiRouter(prefix="/hotword-lists", tags=["hotword lists"])
replacement_router = ApiRouter(prefix="/replacement-lists", tags=["replacement lists"])

ListId = Annotated[str, Path(description="Id of the list.", examples=["5f0c2e9b1a44d771"])]


class HotwordListBody(RequestBody):
    """What can be chosen."""

    name: str = Field(description="1 to 100 characters; each list has its own.", examples=["技术词汇"])
    words: str = Field(
        description="One word or phrase on each line; a number after it and a space is its weight, 1 to 100 (20).",
        examples=["转写\nConformer:30"],
    )


class ReplacementListBody(RequestBody):
    """What can be chosen."""

    name: str = Field(description="1 to 100 characters; each list has its own.", examples=["产品名"])
    rules: str = Field(
        max_length=LONGEST_RULES,
        description="One on each line, as the option `replacements` takes them.",
        examples=["范一安 => FunASR\nword: asr => ASR"],
    )


class SavedListAnswer(BaseModel):
    """What all lists have."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["技术词汇"])
    count: int = Field(description="How many entries there are.", examples=[2])
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    updated_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])


class HotwordListAnswer(SavedListAnswer):
    """One list of hotwords."""

    words: str = Field(description="One on each line.", examples=["转写\nConformer:30"])


class ReplacementListAnswer(SavedListAnswer):
    """One list of rules."""

    rules: str = Field(description="One on each line.", examples=["范一安 => FunASR\nword: asr => ASR"])


class HotwordListsAnswer(BaseModel):
    """All lists, in the order of their names."""

    lists: list[HotwordListAnswer]


class ReplacementListsAnswer(BaseModel):
    """All lists, in the order of their names."""

    lists: list[ReplacementListAnswer]


def _hotword_lists(connection: HTTPConnection) -> SavedLists:
    return SavedLists(services_of(connection).queue.database, HOTWORDS)


def _replacement_lists(connection: HTTPConnection) -> SavedLists:
    return SavedLists(services_of(connection).queue.database, REPLACEMENTS)


HotwordListsDep = Annotated[SavedLists, Depends(_hotword_lists)]
ReplacementListsDep = Annotated[SavedLists, Depends(_replacement_lists)]


@hotword_router.get("", responses=errors())
def list_hotword_lists(lists: HotwordListsDep) -> HotwordListsAnswer:
    """List all of them with their words."""
    return HotwordListsAnswer(lists=[_hotword_answer(each) for each in lists.everything()])


@hotword_router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(HotwordListExists, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def create_hotword_list(body: HotwordListBody, lists: HotwordListsDep) -> HotwordListAnswer:
    """Keep words under a name."""
    return _hotword_answer(lists.create(body.name, body.words))


@hotword_router.put(
    "/{id}",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(HotwordListNotFound, HotwordListExists, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def replace_hotword_list(id: ListId, body: HotwordListBody, lists: HotwordListsDep) -> HotwordListAnswer:
    """Give a list another name or other words."""
    return _hotword_answer(lists.replace(id, body.name, body.words))


@hotword_router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(HotwordListNotFound, changes=True),
)
def delete_hotword_list(id: ListId, lists: HotwordListsDep) -> None:
    """Forget a list; recordings that were read with it keep their words."""
    lists.delete(id)


@replacement_router.get("", responses=errors())
def list_replacement_lists(lists: ReplacementListsDep) -> ReplacementListsAnswer:
    """List all of them with their rules."""
    return ReplacementListsAnswer(lists=[_replacement_answer(each) for each in lists.everything()])


@replacement_router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(ReplacementListExists, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def create_replacement_list(body: ReplacementListBody, lists: ReplacementListsDep) -> ReplacementListAnswer:
    """Keep rules under a name."""
    return _replacement_answer(lists.create(body.name, body.rules))


@replacement_router.put(
    "/{id}",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        ReplacementListNotFound, ReplacementListExists, InvalidParameter, RequestTooLarge, DiskFull, changes=True
    ),
)
def replace_replacement_list(
    id: ListId, body: ReplacementListBody, lists: ReplacementListsDep
) -> ReplacementListAnswer:
    """Give a list another name or other rules."""
    return _replacement_answer(lists.replace(id, body.name, body.rules))


@replacement_router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(ReplacementListNotFound, changes=True),
)
def delete_replacement_list(id: ListId, lists: ReplacementListsDep) -> None:
    """Forget a list; recordings that were read with it keep their rules."""
    lists.delete(id)


def _hotword_answer(kept: SavedList) -> HotwordListAnswer:
    return HotwordListAnswer(words=kept.text, **_common(kept, len(parse_hotwords(f"{kept.text}\n"))))


def _replacement_answer(kept: SavedList) -> ReplacementListAnswer:
    return ReplacementListAnswer(rules=kept.text, **_common(kept, len(parse_rules(kept.text))))


def _common(kept: SavedList, count: int) -> dict[str, Any]:
    return {
        "id": kept.id,
        "name": kept.name,
        "count": count,
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
    }
