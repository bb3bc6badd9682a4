"""Failures the plant expects; the class name is the public code. Anything else is a bug."""

from collections.abc import Mapping


class MesError(Exception):
    """Root of the tree."""


class RetryLaterError(MesError):
    """Trying the same again later is safe and may succeed."""


class PersonNeededError(MesError):
    """Trying again does not help; a person must look."""


class InvalidInputError(PersonNeededError):
    """Input refused: the message names the field, the value and the limit."""


class TooLargeError(InvalidInputError):
    """More bytes than are taken at once here."""


class NotSignedInError(PersonNeededError):
    """Nobody is known to ask: not signed in, or the session is over."""


class NotAllowedError(PersonNeededError):
    """Whoever asks may not do this."""


class NotFoundError(PersonNeededError):
    """The thing named does not exist here."""


class ConflictError(PersonNeededError):
    """The record is in another state or version than the caller assumed.

    current: what is there now, in words that JSON has; None where there is no such thing.
    """

    def __init__(self, message: str, current: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.current = current


class IllegalTransitionError(ConflictError):
    """The table of allowed moves has no such move."""


class OutOfLimitsError(PersonNeededError):
    """A value lies outside its released limits."""


class BlockedError(PersonNeededError):
    """A gate, a hold or an interlock forbids this step."""


class StationFaultError(PersonNeededError):
    """The station refused or answered what cannot be right."""


class StationUnreachableError(RetryLaterError):
    """No answer in time."""


class ServiceUnreachableError(RetryLaterError):
    """Another service, the broker or the database gave no answer in time."""


class TooManyTriesError(RetryLaterError):
    """Somebody tried too often; the message says when to try again."""


class TooManyRequestsError(RetryLaterError):
    """Somebody asks too fast. retry_after_s: when a request is taken again."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
