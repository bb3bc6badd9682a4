"""One station at work: takes job orders over OPC UA, runs them in plant time, survives a stop."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from simulators import job_structures as structures
from simulators.heldjob import HeldJob
from simulators.job_control import (
    DONE,
    INVALID_REQUEST,
    INVALID_STATE,
    UNABLE,
    UNKNOWN_JOB,
    methods_of,
)
from simulators.job_structures import ABORTED, ALLOWED, ENDED, INTERRUPTED, NOT_ALLOWED, RUNNING
from simulators.machine import Machine, Readings, Recorded, RefusedError
from simulators.opcua_server import MOST_JOBS, StationServer
from simulators.tracing import TRACE, trace_method
from simulators.world import Fault, JobRecord

SHOW_S = 1.0  # wall seconds between process values


class Station:
    """Owns the jobs of one machine; all changes happen on the event loop, long sums in a thread."""

    def __init__(self, machine: Machine, server: StationServer, clock: Clock) -> None:
        self.machine, self.name, self.kind = machine, machine.name, machine.kind
        self._server, self._clock, self._world = server, clock, machine.world
        self._jobs: dict[str, HeldJob] = {}
        self._place = 0
        self._wake = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._showing = asyncio.Lock()
        self._faults = machine.faults()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Load what was going on before the last stop, open the port, go to work."""
        for record in self._world.jobs(self.name):
            order = structures.from_bytes(record.content)
            held = HeldJob(record, order, structures.read_job(order))
            if record.state in (RUNNING, INTERRUPTED) and held.begun_at is not None:
                held.run = self.machine.begin(held.job, held.begun_at)
            self._jobs[record.job_order_id] = held
            self._place = max(self._place, record.place)
        methods = methods_of(self, pauses=self.machine.pauses) if self.machine.uses else {}
        if self.machine.keeps_traces:
            methods[TRACE] = trace_method(self)
        await self._server.prepare(self.machine.signals, methods)
        await self._publish()
        await self._show()
        await self._server.start()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._show_on())]

    async def stop(self) -> None:
        """Stop working and close the port; jobs stay in the world's record."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._server.stop()

    def failed(self) -> bool:
        """Whether one of the station's tasks has died."""
        return any(task.done() for task in self._tasks)

    def job_states(self) -> dict[str, str]:
        """Return the state of each job this station holds."""
        texts = structures.STATE_TEXTS
        return {job_order_id: texts[held.state] for job_order_id, held in self._jobs.items()}

    def active_faults(self) -> dict[str, float]:
        """Return the faults that act now, with their magnitudes."""
        now = self._clock.now()
        return {span.name: span.magnitude for span in self._faults.spans if span.acts_at(now)}

    async def switch_fault(self, name: str, magnitude: float) -> None:
        """Switch a fault on from now; runs go on under it."""
        fault = Fault(station=self.name, name=name, magnitude=magnitude, since=self._clock.now())
        self._world.switch_fault(fault)
        await self._faults_changed()

    async def end_fault(self, name: str) -> bool:
        """Switch a fault off; returns whether it was on."""
        was_on = self._world.end_fault(self.name, name, self._clock.now())
        await self._faults_changed()
        return was_on

    async def _faults_changed(self) -> None:
        self._faults = self.machine.faults()
        for held in self._running():
            if held.begun_at is not None:
                held.run = self.machine.begin(held.job, held.begun_at)
        self._wake.set()
        await self._publish()

    def fault(self, name: str) -> float | None:
        """Return the magnitude of a fault that acts now."""
        return self._faults.magnitude(name, self._clock.now())

    # --- work ---------------------------------------------------------------------------------

    def _running(self) -> list[HeldJob]:
        return [held for held in self._jobs.values() if held.state == RUNNING]

    def _on_the_machine(self) -> list[HeldJob]:
        return [held for held in self._jobs.values() if held.state in (RUNNING, INTERRUPTED)]

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            await self._start_allowed()
            if self.fault("abort") is not None:
                for held in self._running():
                    await self._finish(held, ABORTED, self._clock.now())
            ends = [held.ends_at for held in self._running() if held.ends_at is not None]
            left_s = min(((end - self._clock.now()).total_seconds() for end in ends), default=None)
            if left_s is None or left_s > 0:
                delay_s = None if left_s is None else self._clock.wall_delay_s(left_s)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay_s):
                        await self._wake.wait()
            for held in self._running():
                if held.ends_at is not None and held.ends_at <= self._clock.now():
                    await self._finish(held, ENDED, held.ends_at)

    async def _start_allowed(self) -> None:
        if self.fault("out_of_service") is not None:
            return
        waiting = [held for held in self._jobs.values() if held.state == ALLOWED]
        for held in sorted(waiting, key=lambda item: item.record.place):
            others = [other.job for other in self._on_the_machine()]
            if not self.machine.fits_beside(held.job, others):
                continue
            now = self._clock.now()
            try:
                held.run = await asyncio.to_thread(self.machine.begin, held.job, now)
            except RefusedError:
                self._save(held, state=ABORTED, started_at=now, ended_at=now, response={})
            else:
                if held.state == ALLOWED and held.job.job_order_id in self._jobs:
                    self._save(held, state=RUNNING, started_at=now)
            await self._publish()

    async def _finish(self, held: HeldJob, state: int, ended_at: datetime) -> None:
        run, begun_at, was = held.run, held.begun_at, held.state
        if run is None or begun_at is None:
            return
        worked_until = held.record.paused_at or ended_at
        elapsed_s = max(0.0, (worked_until - begun_at).total_seconds())
        outcome = await asyncio.to_thread(run.finish, min(elapsed_s, run.duration_s))
        if held.state != was:
            return
        held.run = None
        changes = {"state": state, "ended_at": ended_at, "response": outcome.response}
        self._save(held, outcome.effects, **changes)
        await self._publish()

    def _save(
        self,
        held: HeldJob,
        effects: Mapping[str, Mapping[str, Any]] | None = None,
        **changes: Any,
    ) -> None:
        held.record = replace(held.record, **changes)
        self._world.save_job(held.record, effects)

    # --- what the outside sees ----------------------------------------------------------------

    async def _publish(self) -> None:
        async with self._publishing:  # the newest picture is written last
            now = self._clock.now()
            held_jobs = list(self._jobs.values())
            orders = [structures.listed(held.order, held.state) for held in held_jobs]
            finished = [
                self._response(held) for held in held_jobs if held.state in (ENDED, ABORTED)
            ]
            await self._server.write_jobs(orders, finished, now)
            await self._server.write_state(self.state(), now)

    def state(self) -> str:
        """The machine state as shown on the wire."""
        if self.fault("out_of_service") is not None:
            return "OutOfService"
        return "Executing" if self._running() else "NotExecuting"

    def _response(self, held: HeldJob) -> Any:
        record = held.record
        return structures.response(
            record.job_order_id,
            record.state,
            record.started_at,
            record.ended_at,
            record.response or {},
        )

    async def _show_on(self) -> None:
        while True:
            await self._show()
            await asyncio.sleep(SHOW_S)

    async def _show(self) -> None:
        async with self._showing:  # the newest values are written last
            await self._show_now()

    async def _show_now(self) -> None:
        if self.fault("sensors_stuck") is not None:
            return
        now = self._clock.now()
        readings: Readings = {}
        for held in self._running():
            if held.run is not None and held.begun_at is not None:
                elapsed_s = (now - held.begun_at).total_seconds()
                readings = held.run.values(min(max(0.0, elapsed_s), held.run.duration_s))
                break
        if not readings:
            for held in self._jobs.values():
                if held.state in (NOT_ALLOWED, ALLOWED):
                    readings = self.machine.loaded_values(held.job, now)
                    break
        readings = {**self.machine.idle_values(now), **readings}
        bad = self.fault("sensors_bad") is not None
        for signal in self.machine.signals:
            value = readings[signal]
            await self._server.write_signal(
                signal, None if bad or value is None else float(value), now
            )

    # --- job control; every method returns a status of OPC 10031-4 ------------------------------

    def answer(self, job_order_id: str) -> tuple[Any, int]:
        """Return the response of a finished job and the status."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return structures.no_response(), UNKNOWN_JOB
        if held.state not in (ENDED, ABORTED):
            return structures.no_response(), INVALID_STATE
        return self._response(held), DONE

    async def trace(self, job_order_id: str, part: int, face: str) -> Recorded | int:
        """Return what was recorded of a finished job's face, else the status that says why not."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        record = held.record
        if held.state not in (ENDED, ABORTED) or not record.response or not record.started_at:
            return INVALID_STATE
        if self.fault("trace_lost") is not None:
            return UNABLE
        given = (held.job, record.started_at, part, face)
        recorded = await asyncio.to_thread(self.machine.recorded, *given)
        if recorded is None or record.ended_at is None:
            return INVALID_REQUEST
        samples_s = recorded.counts.shape[1] * recorded.interval_s
        done = recorded.started_at + timedelta(seconds=samples_s)
        return recorded if done <= record.ended_at + timedelta(seconds=0.5) else INVALID_STATE

    async def store(self, order: Any) -> int:
        """Take a job order; the same content may come twice."""
        known = self._jobs.get(order.JobOrderID or "")
        if known is not None:
            return DONE if known.record.content == structures.to_bytes(order) else UNABLE
        if len(self._jobs) >= MOST_JOBS:
            return UNABLE
        return await self._take(order)

    async def update(self, order: Any) -> int:
        """Put other content in place of what was stored and has not started."""
        known = self._jobs.get(order.JobOrderID or "")
        if known is None:
            return UNKNOWN_JOB
        return await self._take(order) if known.state == NOT_ALLOWED else INVALID_STATE

    async def _take(self, order: Any) -> int:
        if self.fault("refuse") is not None:
            return UNABLE
        try:
            self.machine.check(structures.read_job(order))
        except RefusedError as error:
            return INVALID_REQUEST if error.invalid else UNABLE
        if (factor := self.fault("garble")) is not None:
            order = structures.garbled(order, factor)
        job = structures.read_job(order)
        self._place += 1
        record = JobRecord(
            station=self.name,
            job_order_id=job.job_order_id,
            place=self._place,
            content=structures.to_bytes(order),
            state=NOT_ALLOWED,
        )
        held = HeldJob(record, order, job)
        self._jobs[job.job_order_id] = held
        self._save(held)
        await self._publish()
        await self._show()
        return DONE

    async def allow(self, job_order_id: str) -> int:
        """Let a stored job start when the machine can."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        if held.state in (ALLOWED, RUNNING, ENDED):
            return DONE
        if held.state != NOT_ALLOWED:
            return INVALID_STATE
        self._place += 1
        self._save(held, state=ALLOWED, place=self._place)
        self._wake.set()
        await self._publish()
        return DONE

    async def revoke(self, job_order_id: str) -> int:
        """No longer let a job start that has not begun."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        if held.state == ALLOWED:
            self._save(held, state=NOT_ALLOWED)
            await self._publish()
        return DONE if held.state == NOT_ALLOWED else INVALID_STATE

    async def pause(self, job_order_id: str) -> int:
        """Let a running job stand; it stays on the machine."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        if held.state == RUNNING:
            self._save(held, state=INTERRUPTED, paused_at=self._clock.now())
            self._wake.set()
            await self._publish()
        return DONE if held.state == INTERRUPTED else INVALID_STATE

    async def resume(self, job_order_id: str) -> int:
        """Let a paused job go on as if it had started later by its pause."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        paused_at = held.record.paused_at
        if held.state == INTERRUPTED and paused_at is not None:
            stood_s = (self._clock.now() - paused_at).total_seconds()
            paused_s = held.record.paused_s + max(0.0, stood_s)
            self._save(held, state=RUNNING, paused_at=None, paused_s=paused_s)
            if held.begun_at is not None:
                held.run = self.machine.begin(held.job, held.begun_at)
            self._wake.set()
            await self._publish()
        return DONE if held.state == RUNNING else INVALID_STATE

    async def end(self, job_order_id: str) -> int:
        """End a running or paused job with what was done so far."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        if held.state in (RUNNING, INTERRUPTED):
            await self._finish(held, ENDED, self._clock.now())
            self._wake.set()
        return DONE if held.state == ENDED else INVALID_STATE

    async def abort(self, job_order_id: str) -> int:
        """Give a job up."""
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        if held.state in (RUNNING, INTERRUPTED):
            await self._finish(held, ABORTED, self._clock.now())
        elif held.state in (NOT_ALLOWED, ALLOWED):
            now = self._clock.now()
            self._save(held, state=ABORTED, started_at=now, ended_at=now, response={})
        self._wake.set()
        await self._publish()
        return DONE if held.state == ABORTED else INVALID_STATE

    async def cancel(self, job_order_id: str) -> int:
        """Remove a job that has not started."""
        return await self._forget(job_order_id, (NOT_ALLOWED, ALLOWED))

    async def clear(self, job_order_id: str) -> int:
        """Remove a finished job."""
        return await self._forget(job_order_id, (ENDED, ABORTED))

    async def _forget(self, job_order_id: str, states: tuple[int, ...]) -> int:
        held = self._jobs.get(job_order_id)
        if held is None:
            return UNKNOWN_JOB
        if held.state not in states:
            return INVALID_STATE
        del self._jobs[job_order_id]
        self._world.forget_job(self.name, job_order_id)
        await self._publish()
        return DONE
