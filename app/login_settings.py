"""Settings about who may use the server; app/settings.py says where their values come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.addresses import checked_header, checked_issuer


class LoginSettings(BaseSettings):
    """How people log in."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    login: Literal["auto", "always"] = "auto"
    """When people have to log in: auto (where other machines reach the server, or accounts exist), or always."""

    insecure_no_login: bool = False
    """Let everybody who reaches the server read, change and delete everything, also over the network."""

    admin_password_file: Path | None = None
    """File with the password of the first administrator, `admin`; without one a link sets it, printed at the start."""

    admin_sees_texts: bool = False
    """Let administrators see the recordings and texts of everybody; otherwise they see sizes and states."""

    known_voices: bool = True
    """Let people remember the voices of speakers who agree to it; off: none are remembered or compared."""

    requests_per_minute: int = Field(default=1200, ge=0, le=1_000_000)
    """Requests that one person, or one address without a login, may send in a minute where people log in; 0: any."""

    uploads_at_once: int = Field(default=32, ge=0, le=10_000)
    """Files that one person may send at the same time where people log in; 0: any number."""

    oidc_issuer: Annotated[str, AfterValidator(checked_issuer)] = ""
    """Address of an OpenID provider with which people log in (https://login.example.com/realms/office); empty: none."""

    oidc_client_id: str = ""
    """Name of this program at the OpenID provider."""

    oidc_client_secret_file: Path | None = None
    """File with the secret of this program at the OpenID provider; without one it is a public client."""

    oidc_scopes: str = "openid profile email"
    """Scopes, with spaces, that the OpenID provider is asked for; some need another one for groups."""

    oidc_name_claim: str = "preferred_username"
    """Claim that holds the name of a person."""

    oidc_groups_claim: str = "groups"
    """Claim that holds the groups of a person; dots lead into nested ones (realm_access.roles)."""

    oidc_admin_group: str = ""
    """Group whose people are administrators."""

    oidc_member_group: str = ""
    """Group whose people are members."""

    oidc_reader_group: str = ""
    """Group whose people are readers."""

    oidc_default_role: Literal["", "member", "reader"] = ""
    """Role of people in none of these groups; empty: they do not come in."""

    oidc_label: str = Field(default="", max_length=60)
    """What the login page calls the OpenID provider; empty: its host."""

    login_header: Annotated[str, AfterValidator(checked_header)] = ""
    """Header in which a trusted proxy says who is logged in (X-Remote-User); empty: none is believed."""

    login_groups_header: Annotated[str, AfterValidator(checked_header)] = ""
    """Header in which that proxy tells the groups of the person, with commas."""

    login_header_role: Literal["administrator", "member", "reader"] = "member"
    """Role of people whom that proxy names for the first time."""
