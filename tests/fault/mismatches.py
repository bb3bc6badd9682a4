"""Gives a station recipes that it keeps otherwise than sent, in every way, and counts its starts.

`python -m tests.fault.mismatches --orders 10000 --seed 1`: the whole sintering service over one
secure connection; prints a table; exit 1 if one of the orders was started or is not held.
"""

import argparse
import asyncio
import contextlib
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from asyncua import ua

from deploy.broker import Broker, find_program
from deploy.postgres import PostgresServer
from services.sintering.main import build
from services.sintering.settings import SinteringSettings
from shared.events import JobOrderHeld
from shared.stationoffer import METHODS
from simulators.opcua_server import Identity
from tests.conftest import free_port
from tests.station.bench import Bench, Ground, bench, ground, job_order, lot, recipe
from tests.station.makers_plc import Makers, MakersPlc

NAME = "gauge-1"
IDLE = ("mill-1", "mill-2", "dryer-1", "press-1", "furnace-1", "furnace-2", "furnace-3", NAME)
RECIPE = recipe(
    "gauge",
    "gauge",
    part_duration_s=4,
    area_cm2=2.77,
    pressure_mpa=200,
    speed_rpm=350,
    temperature_degc=-20,
)
TOGETHER = 50
NONE_HELD_FOR_S = 60.0
Change = Callable[[random.Random, Any], Any]


def changes() -> Mapping[str, Change]:
    """Return each way in which a station can keep an order otherwise, by its name."""
    return {
        "a number a little off": _number(
            lambda draw, value: value * (1 + 10 ** draw.uniform(-5, -1))
        ),
        "a number far off": _number(lambda draw, value: value * 10 ** draw.uniform(1, 6)),
        "the other sign": _number(lambda _, value: -value),
        "not a number": _number(lambda draw, _: draw.choice([math.nan, math.inf, -math.inf])),
        "a text for a number": _variant(lambda value: ua.Variant(str(value))),
        "a list for a number": _variant(lambda value: ua.Variant([value], ua.VariantType.Double)),
        "a truth for a number": _variant(lambda _: ua.Variant(True)),
        "nothing for a number": _variant(lambda _: ua.Variant(None, ua.VariantType.Null)),
        "another unit": _parameter(lambda _, one: replace(one, EngineeringUnits=_unit("furlong"))),
        "no unit": _parameter(lambda _, one: replace(one, EngineeringUnits=None)),
        "another name": _parameter(lambda _, one: replace(one, ID=f"{one.ID}x")),
        "one parameter less": _parameters(lambda draw, all_: draw.sample(all_, len(all_) - 1)),
        "no parameters": _parameters(lambda _, _all: []),
        "one more": _parameters(lambda _, all_: [*all_, replace(all_[0], ID="more_s")]),
        "one twice, first wrong": _parameters(lambda _, all_: [_tripled(all_[0]), *all_]),
        "one twice, then wrong": _parameters(lambda _, all_: [*all_, _tripled(all_[-1])]),
        "another lot": _lot(MaterialLotID="SOMEBODY-ELSE"),
        "another material": _lot(MaterialDefinitionID="sand"),
        "another use": _lot(MaterialUse="Consumed"),
        "another amount": _lot(Quantity="2"),
        "an amount that is none": _lot(Quantity="many"),
        "no lots": lambda _, order: replace(order, MaterialRequirements=[]),
        "lots twice": lambda _, order: replace(
            order, MaterialRequirements=[*order.MaterialRequirements] * 2
        ),
    }


def _parameters(change: Callable[[random.Random, list[Any]], list[Any]]) -> Change:
    return lambda draw, order: replace(
        order, JobOrderParameters=change(draw, list(order.JobOrderParameters))
    )


def _parameter(change: Callable[[random.Random, Any], Any]) -> Change:
    def changed(draw: random.Random, all_: list[Any]) -> list[Any]:
        place = draw.randrange(len(all_))
        return [*all_[:place], change(draw, all_[place]), *all_[place + 1 :]]

    return _parameters(changed)


def _variant(change: Callable[[float], ua.Variant]) -> Change:
    return _parameter(lambda _, one: replace(one, Value=change(float(one.Value.Value))))


def _number(change: Callable[[random.Random, float], float]) -> Change:
    def changed(draw: random.Random, one: Any) -> Any:
        return replace(one, Value=ua.Variant(change(draw, float(one.Value.Value))))

    return _parameter(changed)


def _tripled(one: Any) -> Any:
    return replace(one, Value=ua.Variant(3.0 * float(one.Value.Value)))


def _unit(text: str) -> ua.EUInformation:
    shown = ua.LocalizedText(text)
    return ua.EUInformation(UnitId=ua.Int32(-1), DisplayName=shown, Description=shown)


def _lot(**values: str) -> Change:
    def changed(_: random.Random, order: Any) -> Any:
        [one, *others] = order.MaterialRequirements
        return replace(order, MaterialRequirements=[replace(one, **values), *others])

    return changed


class Forgetful:
    """A station that keeps each order otherwise than it was sent, one way after the other."""

    def __init__(self, seed: int) -> None:
        self._draw, self._changes = random.Random(seed), list(changes().items())
        self.way: dict[str, str] = {}
        self.machine = Makers(NAME, frozenset(METHODS), garble=self._garble)

    def _garble(self, order: Any) -> Any:
        name, change = self._changes[len(self.way) % len(self._changes)]
        self.way[order.JobOrderID] = name
        return change(self._draw, order)


async def mismatch(plant: Bench, station: Forgetful, count: int) -> list[str]:
    """Order so many jobs; return the sentences about those that were started or are not held."""
    held: dict[str, str] = {}
    released = 0
    progress_s = time.monotonic()
    while len(held) < count and time.monotonic() < progress_s + NONE_HELD_FOR_S:
        if released < count and released - len(held) < TOGETHER:
            names = [f"M{place}" for place in range(released, min(count, released + TOGETHER))]
            await plant.release(*(_order(name) for name in names))
            released += len(names)
        known = len(held)
        held = {one.job_order_id: one.reason for one in await plant.said(JobOrderHeld)}
        if len(held) > known:
            progress_s = time.monotonic()
        await asyncio.sleep(0.05)
    started = station.machine.starts
    wrong = [f"{name} was started with {station.way[name]}" for name in started]
    wrong += [f"M{place} is not held" for place in range(count) if f"M{place}" not in held]
    unsaid = [name for name, reason in held.items() if not says_what(reason)]
    return wrong + [f"{name}: {station.way[name]}: {held[name]}" for name in unsaid]


def says_what(reason: str) -> bool:
    """Say whether a reason shows what was sent and what is held, or that this is rubbish."""
    return "station holds" in reason and ("sent " in reason or "cannot be read" in reason)


def _order(name: str) -> Any:
    return job_order(name, "gauge", "gauge", [lot(f"L-{name}", "ose_pellet", "processed")])


@contextlib.asynccontextmanager
async def forgetful(on: Ground, folder: Path, seed: int) -> AsyncIterator[tuple[Bench, Forgetful]]:
    """A sintering service whose gauge keeps every order otherwise than sent."""
    station = Forgetful(seed)

    async with bench(
        "sintering",
        lambda values, parts: build(SinteringSettings(**values), parts),
        on,
        folder,
        idle=IDLE,
    ) as plant:
        reply = await plant.post("/master-data", {"master_recipes": [RECIPE]})
        reply.raise_for_status()
        [gauge] = [one for one in plant.service.plant.station if one.name == NAME]
        identity = Identity(name=NAME, data_dir=folder)
        plc = MakersPlc(identity, gauge.endpoint, [station.machine], shared=on.types)
        await plc.start()
        try:
            yield plant, station
        finally:
            await plc.stop()


async def _run(count: int, seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="halite-mismatches-") as name:
        folder = Path(name)
        postgres = PostgresServer(folder / "postgres", folder / "log", durable=False)
        broker = Broker(folder / "broker", free_port(), folder / "log", find_program())
        postgres.start()
        broker.start()
        try:
            for place in ("keys", "work"):
                (folder / place).mkdir()
            on = await ground(postgres, broker, folder / "keys")
            async with forgetful(on, folder / "work", seed) as (plant, station):
                began_s = time.monotonic()
                wrong = await mismatch(plant, station, count)
                print(f"{count} orders in {time.monotonic() - began_s:.0f} s")
        finally:
            broker.stop()
            postgres.stop()
    for way, times in Counter(station.way.values()).items():
        print(f"  {way:28} {times:6}")
    print(f"started: {len(station.machine.starts)}")
    for sentence in wrong[:20]:
        print(f"  violated: {sentence}")
    return 1 if wrong else 0


def main(words: Sequence[str]) -> int:
    """Run one campaign; return 1 when a limit was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.mismatches", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    return asyncio.run(_run(options.orders, options.seed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
