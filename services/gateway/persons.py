"""What a person is to the plant: login, name, roles, password rules and the lock after failures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.gateway.roles import ROLES, Permission, Role, permissions_of
from shared.errors import InvalidInputError

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FAILURES_BEFORE_LOCK = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(minutes=15)
FIRST_LOGIN = "admin"
Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,39}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Password = Annotated[str, Field(max_length=LONGEST_PASSWORD)]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: a person who signed in, or a program with a key (`login` is then its account)."""

    login: str
    name: str
    roles: frozenset[Role]
    must_change: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may."""
        return permissions_of(self.roles)

    @property
    def printed(self) -> str:
        """The name and the login, as records keep them."""
        return f"{self.name} ({self.login})"


class SignIn(BaseModel):
    """Who wants to come in."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, Field(max_length=100)]
    password: Password


class PasswordChange(BaseModel):
    """One's own password, and the one from now on."""

    model_config = ConfigDict(extra="forbid")

    password: Password
    new_password: Password


class NewPerson(BaseModel):
    """A person to be added; the password is for the first sign-in, where another is chosen."""

    model_config = ConfigDict(extra="forbid")

    login: Login
    name: Name
    roles: list[Role] = Field(min_length=1, max_length=len(ROLES))
    password: Password


class PersonChange(BaseModel):
    """What is to be changed of a person; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    roles: list[Role] | None = Field(default=None, min_length=1, max_length=len(ROLES))
    disabled: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.roles is None and self.disabled is None:
            raise ValueError("name, roles or disabled is needed")
        return self


class PasswordReset(BaseModel):
    """A password for one sign-in, where another is chosen."""

    model_config = ConfigDict(extra="forbid")

    password: Password


def check_password(password: str, login: str, before: str | None = None) -> None:
    """Check a password that somebody chose.

    Raises:
        InvalidInputError: too short, made of the login, of one character, or the one before.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInputError(
            f"password: {len(password)} characters, at least {SHORTEST_PASSWORD} are needed"
        )
    if login in password.lower():
        raise InvalidInputError("password: it contains the login, choose another")
    if len(set(password)) < SHORTEST_PASSWORD // 3:
        raise InvalidInputError(
            f"password: {len(set(password))} different characters, "
            f"at least {SHORTEST_PASSWORD // 3} are needed"
        )
    if password == before:
        raise InvalidInputError("password: it is the one before, choose another")


def locked_until(failure_count: int, now: datetime) -> datetime | None:
    """Return until when nobody may try again after so many wrong passwords in a row."""
    if failure_count < FAILURES_BEFORE_LOCK:
        return None
    doubled = FIRST_LOCK * 2 ** min(failure_count - FAILURES_BEFORE_LOCK, 10)
    locked: timedelta = min(doubled, LONGEST_LOCK)
    return now + locked
