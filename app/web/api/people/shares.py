"""REST: sharing one transcription, by a link or with people and groups. Only its owner sees and changes that."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, status

from app.domain.errors.people import NotPermitted, PersonNotFound, ShareNotFound, SharingNeedsLogin
from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.people import current_actor
from app.services.people.sharing import Sharing
from app.web.dependencies import ServicesDep, TranscriptionId
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.people import CreatedLink, GrantAnswer, NewGrant, NewLink, ShareLinkAnswer, SharesAnswer
from app.web.services import Services

router = ApiRouter(prefix="/transcriptions/{id}/shares", tags=["people"])

ShareId = Annotated[str, Path(description="Id of the link or the grant.", examples=["5f0c2e9b1a44d771"])]


@router.get("", responses=errors(TranscriptionNotFound, NotPermitted))
def list_shares(id: TranscriptionId, services: ServicesDep) -> SharesAnswer:
    """See by which links, and with whom, a transcription is shared."""
    links, grants = services.accounts.sharing.of(id)
    return SharesAnswer(
        links=[ShareLinkAnswer.model_validate(link, from_attributes=True) for link in links],
        grants=[GrantAnswer.model_validate(grant, from_attributes=True) for grant in grants],
    )


@router.post(
    "/links",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        TranscriptionNotFound, NotPermitted, SharingNeedsLogin, InvalidParameter, RequestTooLarge, changes=True
    ),
)
def create_share_link(id: TranscriptionId, wanted: NewLink, services: ServicesDep) -> CreatedLink:
    """Create a link that opens this transcription for whoever has it. The answer tells its secret, which cannot be had
    again.
    """
    what = {"may_edit": wanted.may_edit, "with_audio": wanted.with_audio, "for_audience": wanted.for_audience}
    link, secret = _sharing(services).add_link(id, wanted.days, **what)
    answer = ShareLinkAnswer.model_validate(link, from_attributes=True)
    return CreatedLink(**answer.model_dump(), secret=secret)


@router.post(
    "/grants",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        TranscriptionNotFound,
        NotPermitted,
        PersonNotFound,
        SharingNeedsLogin,
        InvalidParameter,
        RequestTooLarge,
        changes=True,
    ),
)
def share_with(id: TranscriptionId, wanted: NewGrant, services: ServicesDep) -> GrantAnswer:
    """Share with a person, or with everybody of a group: it is in their history from now on."""
    grant = _sharing(services).grant(id, wanted.name, is_group=wanted.is_group, may_edit=wanted.may_edit)
    return GrantAnswer.model_validate(grant, from_attributes=True)


@router.delete(
    "/{share}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(TranscriptionNotFound, NotPermitted, ShareNotFound, changes=True),
)
def remove_share(id: TranscriptionId, share: ShareId, services: ServicesDep) -> None:
    """Take a link or a grant back; it opens nothing from now on."""
    services.accounts.sharing.remove(id, share)


def _sharing(services: Services) -> Sharing:
    if current_actor().person is None:
        raise SharingNeedsLogin
    return services.accounts.sharing
