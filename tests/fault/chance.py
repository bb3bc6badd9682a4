"""What one seed makes happen: faults with their times, and chances drawn while it runs."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

WALL_CLOCK = "wall clock"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One drawn fault: from `at_s` on, for `for_s` virtual seconds; strength by kind."""

    at_s: float
    kind: str
    target: str
    for_s: float
    strength: float = 0.0

    def __str__(self) -> str:
        strength = f" x {self.strength:.3g}" if self.strength else ""
        return f"{self.at_s:8.3f} s  {self.kind} {self.target} for {self.for_s:.3f} s{strength}"


@dataclass(kw_only=True)
class Chance:
    """The faults of one seed as they act now, and its log; every draw comes from the seed."""

    seed: int
    now: Callable[[], float]
    faults: tuple[Fault, ...] = ()
    log: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _streams: dict[str, random.Random] = field(default_factory=dict)
    _by_kind: dict[str, list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fault in self.faults:
            self._by_kind.setdefault(fault.kind, []).append(fault)

    def stream(self, name: str) -> random.Random:
        """Return the random stream of one component, the same in every run of the seed."""
        if name not in self._streams:
            self._streams[name] = random.Random(f"{self.seed} {name}")
        return self._streams[name]

    def new_id(self) -> UUID:
        """Return an event id as a real plant makes them, but from the seed."""
        return UUID(int=self.stream("ids").getrandbits(128), version=4)

    def draw(self, low: float, high: float) -> float:
        """Return a number for a delay that must not be alike in two places."""
        return self.stream("delays").uniform(low, high)

    def fixed(self, name: str) -> float:
        """Return a number from 0 to 1 that is the same whenever it is asked for."""
        return random.Random(f"{self.seed} {name}").random()

    def acts(self, kind: str, target: str) -> Fault | None:
        """Return the fault of a kind that acts on a target now; `*` stands for every target."""
        for fault in self._by_kind.get(kind, ()):
            meant = fault.target in (target, "*")
            if meant and fault.at_s <= self.now() < fault.at_s + fault.for_s:
                return fault
        return None

    def wall_s(self) -> float:
        """Return what the machine's wall clock shows, in seconds since the start of the plant."""
        jump = self.acts("clock_jump", WALL_CLOCK)
        return self.now() + (0.0 if jump is None else jump.strength)

    def strikes(self, kind: str, target: str) -> bool:
        """Say whether a fault of a given chance strikes this once; a strike is logged."""
        fault = self.acts(kind, target)
        if fault is None or self.stream(kind).random() >= fault.strength:
            return False
        self.note(f"{kind} {target}")
        return True

    def note(self, what: str) -> None:
        """Keep what happened, with its moment: part of what a replay must repeat."""
        self.log.append(f"{self.now():.6f} {what}")
        kind = what.split(" ", 1)[0]
        self.counts[kind] = self.counts.get(kind, 0) + 1
