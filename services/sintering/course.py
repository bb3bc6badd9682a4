"""How a plan and its bound came on while it was searched for: so many seconds in, so good."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

CLOSEST_S = 0.05  # of two improvements so near to each other the later one is kept


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was known after some seconds: the best total without a breach, and the best bound."""

    after_s: float
    total: int | None
    bound: int


class Course:
    """Takes down each better plan and bound, from any thread; the clock begins with it."""

    def __init__(self, clock: Callable[[], float], total: int | None, bound: int) -> None:
        self._clock, self._began_s, self._lock = clock, clock(), Lock()
        self._points = [Point(after_s=0.0, total=total, bound=bound)]

    def plan(self, total: int) -> None:
        """A valid plan that costs `total` was found."""
        before = self._points[-1].total
        if before is None or total < before:
            self._add(total, self._points[-1].bound)

    def bound(self, bound: int) -> None:
        """No plan costs less than `bound`."""
        if bound > self._points[-1].bound:
            self._add(self._points[-1].total, bound)

    def _add(self, total: int | None, bound: int) -> None:
        with self._lock:
            last = self._points[-1]
            known = [value for value in (total, last.total) if value is not None]
            point = Point(
                after_s=self._clock() - self._began_s,
                total=min(known, default=None),
                bound=max(bound, last.bound),
            )
            if len(self._points) > 1 and point.after_s - self._points[-2].after_s < CLOSEST_S:
                self._points.pop()
            self._points.append(point)

    @property
    def points(self) -> tuple[Point, ...]:
        """What was known and from when on, in order."""
        return tuple(self._points)


def at(points: Sequence[Point], after_s: float) -> Point:
    """Return what was known after some seconds."""
    return [point for point in points if point.after_s <= after_s][-1]
