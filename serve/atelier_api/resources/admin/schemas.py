"""Users, API keys, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from atelier_api.auth.keys import MOST_DAYS
from atelier_api.auth.names import USERNAME_PATTERN
from atelier_api.auth.permissions import Role, Scope
from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import Day, day

UserId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the user.", examples=[1])]
KeyId = Annotated[
    str, Path(pattern=r"^[0-9a-f]{16}$", min_length=16, max_length=16, description="Id of the key.")
]

_TEXT = r"^[^\x00-\x1f\x7f]+$"


class UserAccount(Row):
    """Somebody who may log in."""

    user_id: int = Field(description="Number of the user.", ge=1)
    username: str = Field(description="Name to log in with.", examples=["marie"])
    role: Role = Field(description="What they may.")
    role_label: str = Field(description="The role in the language of the answer.")
    is_active: bool = Field(description="Whether they may log in.")
    has_password: bool = Field(description="Whether they have set a password.")
    created_at: datetime = Field(description="When they were added.")
    last_seen_at: datetime | None = Field(description="When they last used the server; null if never.")


class UserAccountRow(UserAccount):
    """A user in a list."""

    model_config = sparse("user_id")


class UserPage(Page):
    """Users."""

    data: list[UserAccountRow]


class UserQuery(PageQuery):
    """Parameters of the list of users."""

    fields: Annotated[str | None, fields_of(UserAccount)] = None
    sort: Annotated[
        Literal["username", "-username", "created_at", "-created_at"],
        Field(description="Order of the rows; - falls."),
    ] = "username"


class NewUser(BaseModel):
    """A user to be added."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[
        str, Field(pattern=USERNAME_PATTERN, max_length=64, description="Name to log in with.")
    ]
    role: Annotated[Role, Field(description="What they may.")]


class UserChange(BaseModel):
    """What is to be another one; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: Annotated[Role | None, Field(description="Another role.")] = None
    is_active: Annotated[bool | None, Field(description="Whether they may log in.")] = None


class Invitation(BaseModel):
    """A user with the one-time link by which the password is set."""

    user: UserAccount
    link: str = Field(description="Good once, for three days; shown only now.")


class ApiKey(Row):
    """A key of a program; never its secret."""

    key_id: str = Field(description="Id of the key.", examples=["5f1d0c2ab3e49687"])
    name: str = Field(description="What it is for.", examples=["Power BI"])
    scopes: str = Field(description="What it may, separated by blanks.", examples=["marts exports"])
    created_by: str = Field(description="Who made it.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="Until when it is good.")
    last_used_at: datetime | None = Field(description="When it was used last; null if never.")
    revoked_at: datetime | None = Field(description="When it was revoked; null if not.")


class ApiKeyRow(ApiKey):
    """A key in a list."""

    model_config = sparse("key_id")


class ApiKeyPage(Page):
    """Keys."""

    data: list[ApiKeyRow]


class ApiKeyQuery(PageQuery):
    """Parameters of the list of keys."""

    fields: Annotated[str | None, fields_of(ApiKey)] = None
    sort: Annotated[
        Literal["created_at", "-created_at", "expires_at", "-expires_at"],
        Field(description="Order of the rows; - falls."),
    ] = "-created_at"


class NewApiKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=_TEXT, description="What it is for.")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4, description="What it may.")]
    expires_in_days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="How long it is good.")] = 365


class MadeApiKey(BaseModel):
    """A key that was just made."""

    api_key: ApiKey
    key: str = Field(description="Send it as `Authorization: Bearer …`; shown only now.")


class AuditEntry(Row):
    """Something that was done."""

    audit_id: int = Field(description="Number of the entry.", ge=1)
    occurred_at: datetime = Field(description="When.")
    actor: str | None = Field(description="Who; null when nobody was logged in.")
    action: str = Field(description="What.", examples=["login"])
    target: str | None = Field(description="To what.")
    address: str | None = Field(description="From which address.")
    request_id: str | None = Field(description="By which request.")
    times: int = Field(description="How often within an hour, from the same address.", ge=1)
    details: str = Field(description="More, as JSON; never a secret.")


class AuditRow(AuditEntry):
    """An entry in a list."""

    model_config = sparse("audit_id")


class AuditPage(Page):
    """Entries of the audit log."""

    data: list[AuditRow]


class AuditQuery(PageQuery):
    """Parameters of the audit log."""

    actor: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=_TEXT, description="Only by this one.")
    ] = None
    action: Annotated[
        str | None, Field(max_length=50, pattern=r"^[a-z_]+$", description="Only this action.")
    ] = None
    day_from: Annotated[Day | None, day("From this day on, in the plant's time.")] = None
    day_to: Annotated[Day | None, day("Up to this day, which counts.")] = None
    fields: Annotated[str | None, fields_of(AuditEntry)] = None
    sort: Annotated[Literal["audit_id", "-audit_id"], Field(description="Order of the rows; - falls.")] = (
        "-audit_id"
    )
