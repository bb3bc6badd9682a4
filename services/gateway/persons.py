"""What a person is to the plant: login, name, roles, password rules and the lock after failures."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.gateway.grants import Limit, Limited, holds
from services.gateway.roles import ROLES, Role, permissions_of
from shared.errors import InvalidInputError
from shared.permissions import Permission

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FAILURES_BEFORE_LOCK = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(minutes=15)
FIRST_LOGIN = "admin"
SHORTEST_PIN, LONGEST_PIN = 6, 12
Way = Literal["password", "badge", "oidc", "key"]
LONGEST_SESSION = timedelta(hours=12)
# A panel stands where everybody passes; a desk does not.
LONGEST_IDLE = timedelta(minutes=30)
IDLE_BY_WAY: dict[Way, timedelta] = {
    "password": LONGEST_IDLE,
    "oidc": LONGEST_IDLE,
    "badge": timedelta(minutes=5),
}
# A PIN is six digits on a worn keypad: enough to work a station, not to change what it may do.
NOT_BY_BADGE: frozenset[Permission] = frozenset({"administer", "engineer"})
Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,39}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Password = Annotated[str, Field(max_length=LONGEST_PASSWORD)]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: a person who signed in, or a program with a key (`login` is then its account).

    roles: those that count now. limits: at what equipment a role counts. lapsed: roles whose
    training ended, with its last day. is_plant: the plant itself, by its own key.
    """

    login: str
    name: str
    roles: frozenset[Role]
    must_change: bool = False
    way: Way = "password"
    limits: Mapping[Role, Limit] = field(default_factory=dict)
    lapsed: Mapping[Role, date] = field(default_factory=dict)
    is_plant: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may, somewhere in the plant."""
        given = permissions_of(self.roles)
        return given - NOT_BY_BADGE if self.way == "badge" else given

    @property
    def is_limited(self) -> bool:
        """Whether a role counts at some equipment only."""
        return any(limit.at for limit in self.limits.values())

    def may(self, need: Permission, places: Collection[str] | None = None) -> bool:
        """Say whether the caller may something at all of these places; None: wherever."""
        return need in self.permissions and holds(need, self.roles, self.limits, places)

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


class NewPerson(Limited):
    """A person to be added; the password is for the first sign-in, where another is chosen."""

    login: Login
    name: Name
    roles: list[Role] = Field(min_length=1, max_length=len(ROLES))
    password: Password


class PersonChange(Limited):
    """What is to be changed of a person; what is not named stays. Limits are replaced whole."""

    name: Name | None = None
    roles: list[Role] | None = Field(default=None, min_length=1, max_length=len(ROLES))
    disabled: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if all(item is None for item in (self.name, self.roles, self.disabled, self.limits)):
            raise ValueError("name, roles, limits or disabled is needed")
        return self


class PasswordReset(BaseModel):
    """A password for one sign-in, where another is chosen."""

    model_config = ConfigDict(extra="forbid")

    password: Password


class BadgeSignIn(BaseModel):
    """A badge that was read at a panel, and the PIN of its owner."""

    model_config = ConfigDict(extra="forbid")

    badge: Annotated[str, Field(max_length=100)]
    pin: Annotated[str, Field(max_length=LONGEST_PIN)]


class BadgeGiven(BaseModel):
    """A badge for a person, in place of an earlier one, and its PIN."""

    model_config = ConfigDict(extra="forbid")

    badge: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=100)]
    pin: Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{SHORTEST_PIN},{LONGEST_PIN}}}$")]


def check_pin(pin: str) -> None:
    """Check a PIN that somebody chose.

    Raises:
        InvalidInputError: one digit repeated, or digits that only count up or down.
    """
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if len(set(pin)) < 3 or steps in ({1}, {-1}):
        raise InvalidInputError("pin: too easy to guess, choose at least 3 different digits")


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
