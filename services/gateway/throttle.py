"""Slows down who guesses: a client's failed sign-ins in the last minute, whatever the login."""

from collections import deque

from shared.errors import TooManyTriesError

MOST_FAILURES, WITHIN_S = 30, 60.0
MOST_CLIENTS = 10_000


class Throttle:
    """Failed tries by client address; the lock of an account stands beside it.

    An account is locked after a few wrong passwords; this stops who tries one password on many
    accounts. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._failed: dict[str, deque[float]] = {}

    def check(self, client: str, now_s: float) -> None:
        """Check that a client may try.

        Raises:
            TooManyTriesError: too many of its tries failed in the last minute.
        """
        tries = self._recent(client, now_s)
        if len(tries) >= MOST_FAILURES:
            left_s = tries[0] + WITHIN_S - now_s
            raise TooManyTriesError(
                f"{len(tries)} failed sign-ins from here within {WITHIN_S:.0f} s, "
                f"at most {MOST_FAILURES} are taken: try again in {left_s:.0f} s"
            )

    def failed(self, client: str, now_s: float) -> None:
        """Count a failed try."""
        if client not in self._failed and len(self._failed) >= MOST_CLIENTS:
            for known in list(self._failed):
                self._recent(known, now_s)
            if len(self._failed) >= MOST_CLIENTS:  # the oldest is forgotten for the newest
                self._failed.pop(next(iter(self._failed)))
        self._failed.setdefault(client, deque(maxlen=MOST_FAILURES)).append(now_s)

    def _recent(self, client: str, now_s: float) -> deque[float]:
        tries = self._failed.get(client, deque())
        while tries and tries[0] <= now_s - WITHIN_S:
            tries.popleft()
        if not tries:
            self._failed.pop(client, None)
        return tries
