"""A drop that spreads on a face, in two dimensions: half of a ridge, its middle at x = 0.

Lengths are in radii of the free drop (its area is pi), times in radius * viscosity / tension.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from skfem import MeshTri

from processmodel.interface import cap_of, crossings, stepped
from processmodel.phasefield import Medium, PhaseField, State, Walls
from processmodel.wetting import flat_cap
from shared.errors import InvalidInputError

AREA = float(np.pi)
_FIRST_STEP = 0.01
_AT_REST = 1e-9  # of energy lost in a unit of time


@dataclass(frozen=True)
class Drop:
    """angle_deg: of the wall; from_deg: what the drop shows at the start; resolution: triangles in
    a capillary width; bond: weight over tension, 0 for drops of micrometres.
    """

    angle_deg: float
    from_deg: float = 120.0
    resolution: float = 2.0
    bond: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what the mesh or the model cannot hold.

        Raises:
            InvalidInputError: names the number and its limits.
        """
        for name, low, high in (
            ("angle_deg", 5.0, 150.0),
            ("from_deg", 5.0, 150.0),
            ("resolution", 1.0, 8.0),
            ("bond", 0.0, 1.0),
        ):
            value = float(getattr(self, name))
            if not low <= value <= high:
                raise InvalidInputError(f"{name}: {value:g} is outside {low:g} to {high:g}.")


@dataclass(frozen=True)
class Reading:
    """What a drop shows at one time: half-width on the wall, height and apparent angle; free
    energy; glue lost or won since the start as a ratio; fastest flow as a capillary number.
    """

    time: float
    footprint: float
    height: float
    angle_deg: float
    energy: float
    glue_drift_ratio: float
    speed: float


class Spreading:
    """One drop on its way to rest."""

    def __init__(self, drop: Drop) -> None:
        start, end = flat_cap(drop.from_deg, AREA), flat_cap(drop.angle_deg, AREA)
        width = min(0.08, min(start.height, end.height) / 8.0)
        fine, top = width / drop.resolution, max(start.height, end.height) + 6.0 * width
        low = min(end.height + 3.0 * width, top)
        side = max(start.footprint, end.footprint, start.curvature) * 1.05 + 6.0 * width
        mesh = MeshTri.init_tensor(stepped((side, 1.5 * fine)), stepped((low, fine), (top, 0.1)))
        cosine = float(np.cos(np.radians(drop.angle_deg)))
        self.field = PhaseField(
            mesh, Walls(solid=lambda place: place[1] < 1e-9), Medium(width, cosine, drop.bond)
        )
        centre = -start.curvature * np.cos(np.radians(drop.from_deg))
        inside = start.curvature - np.hypot(mesh.p[0], mesh.p[1] - centre)
        phi = np.tanh(inside / (np.sqrt(2.0) * width))
        self.state = State(0.0, phi, np.zeros_like(mesh.p))
        self._glue = self.field.glue(phi)

    def reading(self) -> Reading:
        """Return what the drop shows now."""
        width, phi = self.field.medium.capillary_width, self.state.phi
        cap, angle_deg = cap_of(crossings(self.field.mesh, phi), 2.0 * width)
        drift = self.field.glue(phi) / self._glue - 1.0
        speed = float(np.hypot(*self.state.velocity).max())
        energy = self.field.energy(phi)
        return Reading(self.state.time, cap.footprint, cap.height, angle_deg, energy, drift, speed)

    def run(self, until: float) -> Iterator[Reading]:
        """Go on until a time or until the drop rests; yield a reading after each step."""
        last, step = self.reading(), _FIRST_STEP
        yield last
        while self.state.time < until:
            self.state, step = self.field.advance(self.state, min(step, until - self.state.time))
            now = self.reading()
            yield now
            if last.energy - now.energy < _AT_REST * (now.time - last.time):
                return
            last = now


def exponent(readings: list[Reading], first: float, last: float) -> float:
    """Return p of footprint ~ time**p between two footprints; Tanner's law has 1/7 for a ridge."""
    points = [(item.time, item.footprint) for item in readings if first < item.footprint < last]
    times, radii = np.log(np.array(points)).T
    return float(np.polyfit(times, radii, 1)[0])
