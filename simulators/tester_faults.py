"""The control port of the tester: channels at a glance, faults of all or of one channel.

`/tester-1`, `/tester-1/faults/silent`, `/tester-1/channels/1-3-5/faults/contact_loss`; the same
words as the control port of the stations.
"""

from collections import Counter
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from simulators.channels import Bench
from simulators.world import Fault

# Fault -> (usual magnitude, whether it can be that of one channel).
FAULTS: dict[str, tuple[float, bool]] = {
    "silent": (1.0, False),
    "late_answers": (3.0, False),
    "chamber_drift": (2.0, True),
    "contact_loss": (1.0, True),
    "clipped_range": (0.9, True),
    "swapped_barcode": (1.0, True),
    "missing_rows": (1.0, True),
}


class FaultOrder(BaseModel):
    """How strong a fault is to be: degC, wall seconds or a share; without it the usual counts."""

    model_config = ConfigDict(extra="forbid")

    magnitude: float | None = Field(default=None, allow_inf_nan=False)


class TesterControl:
    """What the control port can do; a fault is kept in the world under its owner's name."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.name = bench, bench.config.name
        self._channels = sorted(address.name for address in bench.addresses)

    def owner(self, tester: str, channel: str | None, fault: str) -> str:
        """Return under which name a fault is kept; unknown names are an HTTP 404."""
        if tester != self.name or (channel is not None and channel not in self._channels):
            raise HTTPException(404, f"no {tester} {channel or ''} here; this is {self.name}")
        if fault not in FAULTS or (channel is not None and not FAULTS[fault][1]):
            raise HTTPException(404, f"no fault {fault} there; known are {sorted(FAULTS)}")
        return self.name if channel is None else f"{self.name}/{channel}"

    def switch_on(self, owner: str, fault: str, order: FaultOrder | None) -> dict[str, Any]:
        """Let a fault act from now on."""
        given = order.magnitude if order is not None else None
        magnitude = FAULTS[fault][0] if given is None else given
        self.bench.world.switch_fault(
            Fault(station=owner, name=fault, magnitude=magnitude, since=self.bench.now())
        )
        return self.picture()

    def switch_off(self, owner: str, fault: str) -> dict[str, Any]:
        """Let a fault end now."""
        self.bench.world.end_fault(owner, fault, self.bench.now())
        return self.picture()

    def _active(self, owner: str) -> dict[str, float]:
        spans = self.bench.world.faults(owner).spans
        return {span.name: span.magnitude for span in spans if span.acts_at(self.bench.now())}

    def picture(self) -> dict[str, Any]:
        """Return channels by state, and all faults that act now."""
        faults = self.bench.faults()
        words = Counter(self.bench.view(a, faults).word for a in self.bench.addresses)
        own = {channel: self._active(f"{self.name}/{channel}") for channel in self._channels}
        return {
            "station": self.name,
            "kind": "tester",
            "channels": dict(words),
            "faults": self._active(self.name),
            "channel_faults": {channel: found for channel, found in own.items() if found},
            "known_faults": {fault: usual for fault, (usual, _) in FAULTS.items()},
        }


def create_tester_control(bench: Bench) -> FastAPI:
    """Return the HTTP app over one tester."""
    app = FastAPI(title="Halite tester simulator", docs_url=None, redoc_url=None)
    control = TesterControl(bench)

    @app.get("/")
    async def look_at_all() -> list[dict[str, Any]]:
        return [control.picture()]

    @app.get("/{tester}")
    async def look(tester: str) -> dict[str, Any]:
        if tester != control.name:
            raise HTTPException(404, f"no {tester} here; this is {control.name}")
        return control.picture()

    @app.post("/{tester}/faults/{fault}")
    async def tester_on(tester: str, fault: str, order: FaultOrder | None = None) -> dict[str, Any]:
        return control.switch_on(control.owner(tester, None, fault), fault, order)

    @app.delete("/{tester}/faults/{fault}")
    async def tester_off(tester: str, fault: str) -> dict[str, Any]:
        return control.switch_off(control.owner(tester, None, fault), fault)

    @app.post("/{tester}/channels/{channel}/faults/{fault}")
    async def channel_on(
        tester: str, channel: str, fault: str, order: FaultOrder | None = None
    ) -> dict[str, Any]:
        return control.switch_on(control.owner(tester, channel, fault), fault, order)

    @app.delete("/{tester}/channels/{channel}/faults/{fault}")
    async def channel_off(tester: str, channel: str, fault: str) -> dict[str, Any]:
        return control.switch_off(control.owner(tester, channel, fault), fault)

    return app
