"""Time limits on a real database: each warned, broken and met when it should be, by any clock."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services.execution import limits
from services.execution.domain import (
    OperationRule,
    TimeLimitRule,
    WorkMaster,
    WorkRequest,
    WorkSchedule,
)
from services.execution.workflow import ExecutionWork
from services.execution.workmasters import take_master_data
from shared.clock import Clock
from shared.db import Database, migrate
from shared.envelope import Envelope
from shared.events import DispositionDecided, JobOrderEnded, JobOrderStarted, TimeLimitChanged
from shared.outbox import Outbox
from tests.model.conftest import budget

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
ENVELOPE = Envelope(source="/halite/x", type="t", subject="s", time=START, data={})
OPERATIONS = ("o0", "o1", "o2", "o3")
CELLS = ("WR1-C01", "WR1-C02")

steps_s = st.sampled_from((0.0, 1.0, 60.0, 120.0, 600.0, 3600.0))
windows = st.lists(
    st.tuples(
        st.sampled_from(("min", "max")),
        st.integers(0, 2),
        st.integers(1, 3),
        st.sampled_from((60.0, 120.0, 600.0, 3600.0)),
        st.sampled_from((0.5, 0.8)),
    ).filter(lambda window: window[1] < window[2]),
    min_size=1,
    max_size=4,
)


@dataclass(frozen=True, kw_only=True)
class HandClock(Clock):
    """Plant time that only the test moves, both ways."""

    at_s: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return self.plant_start + timedelta(seconds=self.at_s[0])


@dataclass
class Ground:
    """The database that all examples share."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    database: Database


@dataclass
class Window:
    """What one limit should be."""

    kind: str
    to_operation: str
    warn_at: datetime
    limit_at: datetime
    states: list[str] = field(default_factory=lambda: ["open"])

    @property
    def due_at(self) -> datetime | None:
        """When it changes by itself."""
        if self.states[-1] not in ("open", "near"):
            return None
        warns = self.kind == "max" and self.states[-1] == "open"
        return self.warn_at if warns else self.limit_at

    def pass_time(self, now: datetime) -> None:
        """Warn, break or meet it by time alone."""
        if self.due_at is None or now < self.due_at:
            return
        if self.kind == "min":
            self.states.append("met")
        else:
            self.states.append("broken" if now >= self.limit_at else "near")

    def start(self, at: datetime) -> None:
        """Decide it by the start of what it waits for, whenever the news of it comes."""
        in_time = at <= self.limit_at if self.kind == "max" else at >= self.limit_at
        late_news = self.kind == "max" and self.states[-1] == "broken" and in_time
        if self.due_at is not None or late_news:
            self.states.append("met" if in_time else "broken")


def product(wanted: list[tuple[str, int, int, float, float]]) -> WorkMaster:
    """Return a product of four operations on cells alone, with windows between them."""
    rules = [
        OperationRule(
            operation=name, scope="cell", service="formation", station_kind="rack", recipe_id="r"
        )
        for name in OPERATIONS
    ]
    between = [
        TimeLimitRule.model_validate(
            {
                "name": f"w{number}",
                "kind": kind,
                "from_operation": OPERATIONS[first],
                "to_operation": OPERATIONS[then],
                "limit_s": limit_s,
                "warn_ratio": warn_ratio,
                "source": "drawn",
            }
        )
        for number, (kind, first, then, limit_s, warn_ratio) in enumerate(wanted)
    ]
    return WorkMaster(
        product_id="P",
        version=1,
        description="drawn",
        cell_definition_id="cell",
        witness_definition_id="witness",
        pellets_per_cell=1,
        spare_ratio=0,
        sample_count=1,
        powder_g_per_pellet=1,
        operations=tuple(rules),
        time_limits=tuple(between),
    )


class Limits(RuleBasedStateMachine):
    """Two cells on their way, a clock that jumps, and windows as they should be."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.run = ground, ground.run
        self.windows: dict[str, Window] = {}
        self.jobs: dict[str, str] = {}

    @initialize(wanted=windows)
    def accept(self, wanted: list[tuple[str, int, int, float, float]]) -> None:
        self.clock = HandClock(plant_start=START, wall_start_s=0.0)
        self.master = product(wanted)
        self.restart()
        request = WorkRequest(
            work_request_id="WR1", product_id="P", quantity=2, witness_quantity=1, due_at=START
        )

        async def act() -> None:
            async with self.ground.database.begin() as tx:
                await tx.execute(
                    text("TRUNCATE work_master, work_schedule, outbox, time_limit CASCADE")
                )
                await take_master_data(tx, [self.master])
                schedule = WorkSchedule(work_schedule_id="S1", work_requests=(request,))
                await self.work.accept(tx, schedule)

        self.run(act())

    @rule()
    def restart(self) -> None:
        """Nothing in memory is left but the clock's time."""
        outbox = Outbox("execution", "pilot", self.ground.database, self.clock)
        self.work = ExecutionWork(self.ground.database, outbox, self.clock)

    @rule(step_s=steps_s, back=st.sampled_from((1.0, 1.0, 1.0, -1.0)), act=st.booleans())
    def step_clock(self, step_s: float, back: float, act: bool) -> None:
        self.clock.at_s[0] += step_s * back
        if act:
            self.pass_time()

    @rule()
    def pass_time(self) -> None:
        self.run(self.work.pass_time())
        for window in self.windows.values():
            window.pass_time(self.clock.now())

    @precondition(lambda self: "allowed_to_start" in self.jobs.values())
    @rule(which=st.integers(0, 1), ago_s=steps_s, sharp=st.booleans())
    def start(self, which: int, ago_s: float, sharp: bool) -> None:
        """A station began `ago_s` before its news arrives, or just at a limit."""
        job_order_id = self._one("allowed_to_start", which)
        cell, operation = job_order_id.rsplit("-", 1)
        at = self.clock.now() - timedelta(seconds=ago_s)
        if sharp:
            at = self._limit_of(cell, operation) or at
        event = JobOrderStarted(**self._common(job_order_id), started_at=at, lot_ids=(cell,))
        self._tell(self.work.on_started, event)
        for key, window in self.windows.items():
            if key.startswith(cell) and window.to_operation == operation:
                window.start(at)

    @precondition(lambda self: "running" in self.jobs.values())
    @rule(which=st.integers(0, 1), ago_s=steps_s)
    def end(self, which: int, ago_s: float) -> None:
        job_order_id = self._one("running", which)
        cell, operation = job_order_id.rsplit("-", 1)
        at = self.clock.now() - timedelta(seconds=ago_s)
        event = JobOrderEnded(
            **self._common(job_order_id), state="ended", started_at=at, ended_at=at, materials=()
        )
        self._tell(self.work.on_ended, event)
        for limit in self.master.time_limits:
            if limit.from_operation == operation:
                self.windows[f"{cell}-{limit.name}"] = Window(
                    limit.kind,
                    limit.to_operation,
                    at + timedelta(seconds=limit.limit_s * limit.warn_ratio),
                    at + timedelta(seconds=limit.limit_s),
                )

    @rule(cell=st.sampled_from(CELLS))
    def a_person_frees(self, cell: str) -> None:
        event = DispositionDecided(
            lot_id=cell,
            work_request_id="WR1",
            product_id="P",
            gate="time_limit",
            characteristic="time",
            value=None,
            unit="s",
            low=None,
            high=None,
            disposition="released",
            reason="looked at",
            specification_version=1,
            evaluated_at=START,
        )
        self._tell(self.work.on_disposition, event)

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        states, said, due = self.run(self._kept())
        assert states == {key: window.states[-1] for key, window in self.windows.items()}
        assert said == {key: window.states for key, window in self.windows.items()}
        dues = [window.due_at for window in self.windows.values() if window.due_at is not None]
        assert due == min(dues, default=None)

    async def _kept(self) -> tuple[dict[str, str], dict[str, list[str]], datetime | None]:
        async with self.ground.database.quiet() as tx:
            jobs = await tx.execute(text("SELECT job_order_id, state FROM job_order"))
            self.jobs = {job_order_id: state for job_order_id, state in jobs}
            rows = await tx.execute(text("SELECT time_limit_id, state FROM time_limit"))
            states = {time_limit_id: state for time_limit_id, state in rows}
            bodies = await tx.scalars(
                text("SELECT body FROM outbox WHERE type LIKE '%time_limit_changed%' ORDER BY id")
            )
            said: dict[str, list[str]] = {}
            for body in bodies:
                event = Envelope.model_validate_json(body).event()
                assert isinstance(event, TimeLimitChanged)
                said.setdefault(event.time_limit_id, []).append(event.state)
            return states, said, await limits.next_due(tx)

    def _limit_of(self, cell: str, operation: str) -> datetime | None:
        return next(
            (
                window.limit_at
                for key, window in self.windows.items()
                if key.startswith(cell)
                and window.to_operation == operation
                and window.limit_at <= self.clock.now()
            ),
            None,
        )

    def _one(self, state: str, which: int) -> str:
        found = sorted(
            job_order_id for job_order_id in self.jobs if self.jobs[job_order_id] == state
        )
        return found[which % len(found)]

    def _common(self, job_order_id: str) -> dict[str, Any]:
        cell, operation = job_order_id.rsplit("-", 1)
        return {
            "job_order_id": job_order_id,
            "lot_id": cell,
            "work_request_id": "WR1",
            "product_id": "P",
            "operation": operation,
            "equipment_id": "pilot/a/b/c",
            "recipe_id": "r",
            "recipe_version": 1,
        }

    def _tell(self, handler: Callable[..., Coroutine[Any, Any, None]], event: object) -> None:
        async def act() -> None:
            async with self.ground.database.begin() as tx:
                await handler(tx, ENVELOPE, event)

        self.run(act())


def test_each_limit_is_warned_broken_and_met_when_it_should_be(
    runner: asyncio.Runner, fresh_database: str
) -> None:
    migrate(fresh_database, ROOT / "services/execution/migrations")
    ground = Ground(runner.run, Database(fresh_database))
    try:
        run_state_machine_as_test(partial(Limits, ground), settings=budget(20, 25))
    finally:
        runner.run(ground.database.close())
