"""The control port of a simulator process: look at stations, switch their faults on and off."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from simulators.station import Station


class FaultOrder(BaseModel):
    """How strong a fault is to be; without it the machine's usual magnitude counts."""

    model_config = ConfigDict(extra="forbid")

    magnitude: float | None = Field(default=None, allow_inf_nan=False)


def create_control_app(stations: Mapping[str, Station]) -> FastAPI:
    """Return the HTTP app over the stations of this process."""
    app = FastAPI(title="Halite simulators", docs_url=None, redoc_url=None)

    def station_called(name: str) -> Station:
        if name not in stations:
            raise HTTPException(404, f"no station {name} here; there are {sorted(stations)}")
        return stations[name]

    def fault_of(station: Station, name: str) -> float:
        known = station.machine.all_faults
        if name not in known:
            raise HTTPException(
                404, f"{station.kind} has no fault {name}; it knows {sorted(known)}"
            )
        return known[name]

    def picture(station: Station) -> dict[str, Any]:
        return {
            "station": station.name,
            "kind": station.kind,
            "state": station.state(),
            "jobs": station.job_states(),
            "faults": station.active_faults(),
            "known_faults": station.machine.all_faults,
        }

    @app.get("/")
    async def look_at_all() -> list[dict[str, Any]]:
        return [picture(station) for station in stations.values()]

    @app.get("/{name}")
    async def look(name: str) -> dict[str, Any]:
        return picture(station_called(name))

    @app.post("/{name}/faults/{fault}")
    async def switch_on(name: str, fault: str, order: FaultOrder | None = None) -> dict[str, Any]:
        station = station_called(name)
        usual = fault_of(station, fault)
        given = order.magnitude if order is not None else None
        await station.switch_fault(fault, usual if given is None else given)
        return picture(station)

    @app.delete("/{name}/faults/{fault}")
    async def switch_off(name: str, fault: str) -> dict[str, Any]:
        station = station_called(name)
        fault_of(station, fault)
        await station.end_fault(fault)
        return picture(station)

    return app
