"""How many requests one caller may make: a bucket of tokens for each of them."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import TooManyRequestsError

MOST_CALLERS = 10_000


def _tell_nobody() -> None:
    """Take that a request was refused."""


@dataclass
class _Bucket:
    """What a caller has left at an instant. left: requests; at_s: monotonic seconds."""

    left: float
    at_s: float


class Quota:
    """Refuses who asks faster than `per_s` requests a second, once `burst` of them are used up.

    So neither a program in a loop nor a panel gone wild keeps the gateway from the others. All
    panels of one person share a bucket, so do all keys of one account, and all of one address who
    are not signed in.

    on_refused: told of each refusal.
    """

    def __init__(
        self, per_s: float, burst: int, on_refused: Callable[[], None] = _tell_nobody
    ) -> None:
        self._per_s, self._burst = per_s, burst
        self._buckets: dict[str, _Bucket] = {}
        self._on_refused = on_refused

    def take(self, caller: str, now_s: float) -> None:
        """Count one request of a caller.

        Raises:
            TooManyRequestsError: its bucket is empty; the error tells when one is left again.
        """
        bucket = self._buckets.get(caller)
        if bucket is None:
            self._make_room(now_s)
            bucket = self._buckets[caller] = _Bucket(float(self._burst), now_s)
        bucket.left = self._left(bucket, now_s)
        bucket.at_s = now_s
        if bucket.left < 1:
            self._on_refused()
            raise TooManyRequestsError(
                f"{caller} asks faster than {self._per_s:g} times a second and has used up the "
                f"{self._burst} requests that may come at once: wait a moment",
                retry_after_s=(1 - bucket.left) / self._per_s,
            )
        bucket.left -= 1

    def _left(self, bucket: _Bucket, now_s: float) -> float:
        return min(self._burst, bucket.left + (now_s - bucket.at_s) * self._per_s)

    def _make_room(self, now_s: float) -> None:
        """Forget whose bucket is full again, and the oldest where none is: memory has a bound."""
        if len(self._buckets) < MOST_CALLERS:
            return
        full = [key for key, one in self._buckets.items() if self._left(one, now_s) >= self._burst]
        for key in full or [next(iter(self._buckets))]:
            del self._buckets[key]
