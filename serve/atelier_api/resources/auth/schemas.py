"""Tokens and the one who is logged in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from atelier_api.auth.passwords import LONGEST
from atelier_api.auth.permissions import Role


class TokenForm(BaseModel):
    """What a log-in or a refresh sends, after RFC 6749."""

    model_config = ConfigDict(extra="forbid")

    grant_type: Annotated[
        Literal["password", "refresh_token"], Field(description="How one proves to be somebody.")
    ]
    username: Annotated[str | None, Field(min_length=1, max_length=64, description="For `password`.")] = None
    password: Annotated[
        str | None, Field(min_length=1, max_length=LONGEST, description="For `password`.")
    ] = None
    refresh_token: Annotated[
        str | None, Field(min_length=1, max_length=100, description="For `refresh_token`.")
    ] = None
    scope: Annotated[str | None, Field(max_length=200, description="Not looked at.")] = None
    client_id: Annotated[str | None, Field(max_length=200, description="Not looked at.")] = None
    client_secret: Annotated[str | None, Field(max_length=200, description="Not looked at.")] = None


class Tokens(BaseModel):
    """Tokens of a session."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: Literal["bearer"] = Field(description="How it is sent.")
    expires_in: int = Field(description="Seconds that it is good for.", examples=[900])
    refresh_token: str = Field(description="Good for one refresh; used twice, it ends the session.")
    role: Role = Field(description="Role of the user.")


class RevokeForm(BaseModel):
    """The token whose session is to end, after RFC 7009."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=2000, description="A refresh token.")]
    token_type_hint: Annotated[str | None, Field(max_length=50, description="Not looked at.")] = None


class Me(BaseModel):
    """The one who is logged in."""

    kind: Literal["user", "key"] = Field(description="A user, or a program with an API key.")
    name: str = Field(description="Name of the user or key.", examples=["marie"])
    role: Role | None = Field(description="Role of the user; null for a key.")
    role_label: str | None = Field(description="The role in the language of the answer.")
    permissions: list[str] = Field(description="What they may.", examples=[["exports", "marts", "orders"]])
    csrf_token: str | None = Field(
        description="For the header X-CSRF-Token of changes; null unless logged in by cookie."
    )


class PasswordChange(BaseModel):
    """A change of one's password."""

    model_config = ConfigDict(extra="forbid")

    current_password: Annotated[str, Field(min_length=1, max_length=LONGEST, description="The old one.")]
    new_password: Annotated[
        str, Field(min_length=12, max_length=LONGEST, description="The new one: 12 characters or more.")
    ]
