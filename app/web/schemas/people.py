"""What the API takes and answers about people, logins and keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from app.domain.people import Permission, Role
from app.web.schemas.base import RequestBody
from app.web.schemas.transcriptions import Moment

Name = Annotated[
    str, Field(min_length=1, max_length=100, description="With which the person logs in.", examples=["li"])
]
Password = Annotated[str, Field(max_length=1000, examples=["correct horse battery"])]
Hours = Annotated[
    float | None,
    Field(ge=0, le=100_000, description="Hours of sound in 24 hours; null: any number.", examples=[None]),
]
Jobs = Annotated[
    int | None,
    Field(ge=0, le=100_000, description="Recordings that may wait or run; null: any number.", examples=[None]),
]
Group = Annotated[str, Field(min_length=1, max_length=100)]


class Credentials(RequestBody):
    """What somebody logs in with."""

    name: Annotated[str, Field(max_length=1000, examples=["li"])]
    password: Password


class LinkSecret(RequestBody):
    """The secret of a link that sets a password: what follows the # in its address."""

    secret: Annotated[str, Field(max_length=200, examples=["Qm1Ykq3b"])]


class FirstPassword(LinkSecret):
    """A password, set by a link."""

    password: Password


class PasswordChange(RequestBody):
    """A new password; all other sessions end."""

    old: Password
    new: Password


class NewPerson(RequestBody):
    """A person to add."""

    name: Name
    role: Annotated[Role, Field(strict=False)] = Role.MEMBER
    groups: list[Group] = Field(default=[], max_length=50, description="Groups that things can be shared with.")


class PersonChange(RequestBody):
    """What to change about a person; what is left out stays."""

    name: str | None = Field(
        default=None, min_length=1, max_length=100, description="With which the person logs in.", examples=["li"]
    )
    role: Annotated[Role | None, Field(strict=False, description="What the person may do.", examples=["member"])] = None
    groups: list[Group] | None = Field(
        default=None, max_length=50, description="That things can be shared with.", examples=[["sales"]]
    )
    is_disabled: bool | None = Field(default=None, description="Nobody can log in, and no key works.")
    hours_per_day: Hours = None
    jobs_at_once: Jobs = None


class NewKey(RequestBody):
    """An API key to create."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["call centre"])]
    scopes: list[Annotated[Permission, Field(strict=False)]] = Field(
        default=[Permission.READ, Permission.TRANSCRIBE],
        min_length=1,
        max_length=3,
        description="What it opens, as far as its owner may do it.",
    )
    days: Annotated[int | None, Field(ge=1, le=3650, description="Days until it expires; null: never.")] = None
    hours_per_day: Hours = None
    jobs_at_once: Jobs = None
    webhook_url: str | None = Field(
        default=None,
        max_length=2000,
        description="Receiver that is told when a recording of this key has ended.",
        examples=["https://example.com/hook"],
    )


class PersonAnswer(BaseModel):
    """A person, and how much of theirs is stored."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["li"])
    role: Role
    groups: list[str] = Field(description="That things can be shared with.", examples=[["sales"]])
    is_disabled: bool = Field(description="Whether nobody can log in, and no key works.")
    has_password: bool = Field(description="False until they have set one, and where another system logs them in.")
    is_external: bool = Field(description="Whether an OpenID provider, or a proxy, says who they are.")
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    hours_per_day: Hours
    jobs_at_once: Jobs
    recordings: int = Field(examples=[12])
    seconds: float = Field(description="Of sound.", examples=[3600.0])
    size_bytes: int = Field(examples=[57_600_000])
    busy: int = Field(description="Recordings that wait or run.", examples=[0])
    voices: int = Field(description="Known voices.", examples=[3])


class PeopleAnswer(BaseModel):
    """Everybody with an account, by name."""

    people: list[PersonAnswer]


class LinkAnswer(BaseModel):
    """A link with which a person sets a password, once, within three days."""

    person: PersonAnswer
    secret: str = Field(description="The link is `/welcome#SECRET`.", examples=["Qm1Ykq3b"])


class LinkOwner(BaseModel):
    """Whose link it is."""

    name: str = Field(examples=["li"])


class SessionAnswer(BaseModel):
    """A browser in which somebody is logged in."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    seen_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    address: str = Field(examples=["192.0.2.7"])
    agent: str = Field(description="The browser, as it names itself.", examples=["Mozilla/5.0"])
    is_this: bool = Field(description="Whether it is the one that asks.")


class KeyAnswer(BaseModel):
    """An API key, without its secret."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["call centre"])
    beginning: str = Field(description="By which its owner recognises it.", examples=["fa_Qm1Ykq3"])
    scopes: list[Permission]
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    expires_at: Moment | None = Field(examples=[None])
    used_at: Moment | None = Field(examples=[None])
    hours_per_day: Hours
    jobs_at_once: Jobs


class CreatedKey(KeyAnswer):
    """A new key with its secret, which is not told again."""

    secret: str = Field(examples=["fa_Qm1Ykq3bIhH8"])
    webhook_secret: str | None = Field(
        description="Signs the messages of its webhook (Standard Webhooks); null without one.", examples=[None]
    )


class UsedAnswer(BaseModel):
    """What counts against the limits of a person."""

    seconds: float = Field(description="Of sound, submitted in the last 24 hours.", examples=[3600.0])
    jobs: int = Field(description="Recordings that wait or run, without those of batches.", examples=[0])


class AccountAnswer(BaseModel):
    """The own account."""

    person: PersonAnswer
    used: UsedAnswer
    permissions: list[Permission]
    sessions: list[SessionAnswer]
    keys: list[KeyAnswer]


class AuditAnswer(BaseModel):
    """One thing that somebody did, or was refused."""

    number: int = Field(examples=[7])
    at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    person_id: str | None = Field(examples=["5f0c2e9b1a44d771"])
    person_name: str = Field(examples=["li"])
    key_id: str | None = Field(examples=[None])
    address: str = Field(examples=["192.0.2.7"])
    action: str = Field(description="The operation of this API, or the page.", examples=["delete_transcription"])
    thing: str = Field(description="The path it was done at.", examples=["/api/v1/transcriptions/01jd9x3v6t8q"])
    status: int = Field(description="HTTP status of the answer.", examples=[204])


class AuditPage(BaseModel):
    """The newest entries; `next` is `before` of the next page."""

    entries: list[AuditAnswer]
    next: int | None = Field(description="Null on the last page.", examples=[None])


class NewLink(RequestBody):
    """A link to create."""

    may_edit: bool = Field(default=False, description="Whether the text may be corrected.")
    with_audio: bool = Field(default=True, description="Whether the recording can be heard.")
    days: Annotated[int | None, Field(ge=1, le=3650, description="Days until it ends; null: never.")] = 7
    for_audience: bool = Field(
        default=False,
        description="Whether it only lets people read along with a live session: no recording, no changes.",
    )


class NewGrant(RequestBody):
    """Whom to share with."""

    name: Name
    is_group: bool = Field(default=False, description="Whether it is the name of a group.")
    may_edit: bool = Field(default=False, description="Whether the text may be corrected.")


class ShareLinkAnswer(BaseModel):
    """A link that opens one transcription, without its secret."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    may_edit: bool = Field(description="Whether the text may be corrected.")
    with_audio: bool = Field(description="Whether the recording can be heard.")
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])
    expires_at: Moment | None = Field(examples=["2026-11-29T18:57:01.123Z"])
    opened: int = Field(description="How often.", examples=[3])
    for_audience: bool = Field(description="Whether it only lets people read along with a live session.")


class CreatedLink(ShareLinkAnswer):
    """A new link with its secret, which is not told again: the address is `/s/SECRET`."""

    secret: str = Field(examples=["Qm1Ykq3bIhH8"])


class GrantAnswer(BaseModel):
    """A person or a group with whom a transcription is shared."""

    id: str = Field(examples=["5f0c2e9b1a44d771"])
    name: str = Field(examples=["wang"])
    is_group: bool = Field(description="Whether it is the name of a group.")
    may_edit: bool = Field(description="Whether the text may be corrected.")
    created_at: Moment = Field(examples=["2026-11-22T18:57:01.123Z"])


class SharesAnswer(BaseModel):
    """How a transcription is shared, oldest first."""

    links: list[ShareLinkAnswer]
    grants: list[GrantAnswer]
