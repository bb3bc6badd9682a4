"""A crack or slit that fills with glue, in two dimensions: half of it, its middle at x = 0.

Lengths are in widths of the crack, times in width * viscosity / tension. Above the crack, z > 0,
lies a film of glue on the face; below it the crack opens to air that leaves freely.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skfem import MeshTri

from processmodel.interface import circle, crossings, stepped
from processmodel.phasefield import AIR_VISCOSITY_RATIO, Medium, PhaseField, State, Walls
from shared.errors import InvalidInputError

Floats = NDArray[np.float64]
HALF = 0.5
_CAPILLARY_WIDTH = 0.06
_FIRST_STEP = 0.005
_SIDE = 2.5  # half-width of the face that is looked at


@dataclass(frozen=True)
class Crack:
    """depth: of the crack; film: glue above its mouth, both in widths; film None: a slit that
    glue enters from an open end, with `wetted` of it filled already (Washburn's case).
    """

    angle_deg: float
    depth: float = 4.0
    film: float | None = 1.2
    wetted: float = 0.0
    resolution: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what the mesh or the model cannot hold.

        Raises:
            InvalidInputError: names the number and its limits, or a film too thin for the crack.
        """
        limits = [
            ("angle_deg", self.angle_deg, 5.0, 80.0),
            ("depth", self.depth, 1.0, 40.0),
            ("wetted", self.wetted, 0.0, self.depth - 0.5),
            ("resolution", self.resolution, 0.5, 4.0),
        ]
        if self.film is not None:
            needed = self.depth * HALF / _SIDE + 0.3
            limits.append(("film", self.film, needed, 4.0))
        for name, value, low, high in limits:
            if not low <= value <= high:
                raise InvalidInputError(
                    f"{name}: {value:g} is outside {low:g} to {high:g} (in crack widths, or deg)."
                )


@dataclass(frozen=True)
class Reading:
    """What a crack shows: filled depth in widths, apparent angle of its meniscus in deg, free
    energy, all glue, and the fastest flow as a capillary number.
    """

    time: float
    filled: float
    angle_deg: float | None
    energy: float
    glue: float
    speed: float


class Filling:
    """One crack on its way to full."""

    def __init__(self, crack: Crack) -> None:
        self.crack = crack
        mesh, top = _mesh(crack)
        cosine = float(np.cos(np.radians(crack.angle_deg)))
        self.field = PhaseField(mesh, _walls(crack, top), Medium(_CAPILLARY_WIDTH, cosine))
        height = mesh.p[1]
        inside = height + crack.wetted
        if crack.film is not None:
            inside = np.minimum(inside, crack.film - height)
        phi = np.tanh(inside / (np.sqrt(2.0) * _CAPILLARY_WIDTH))
        self.state = State(0.0, phi, np.zeros_like(mesh.p))
        below = mesh.p[1, mesh.t].mean(axis=0) < 0.0
        self._inside = np.flatnonzero(below)
        corners = mesh.p[:, mesh.t[:, below]]
        edges = corners[:, 1:] - corners[:, :1]
        self._areas = np.abs(edges[0, 0] * edges[1, 1] - edges[0, 1] * edges[1, 0]) / 2.0

    def reading(self) -> Reading:
        """Return what the crack shows now."""
        mesh, phi = self.field.mesh, self.state.phi
        share = (1.0 + phi[mesh.t[:, self._inside]].mean(axis=0)) / 2.0
        filled = float(share @ self._areas) / HALF
        points = crossings(mesh, phi)
        meniscus = points[:, (points[1] < 0.0) & (points[0] < HALF - 2.0 * _CAPILLARY_WIDTH)]
        angle_deg = None
        if meniscus.shape[1] > 3 and filled > 0.5:
            angle_deg = _slit_angle_deg(meniscus)
        return Reading(
            self.state.time,
            filled,
            angle_deg,
            self.field.energy(phi),
            self.field.glue(phi),
            float(np.hypot(*self.state.velocity).max()),
        )

    def run(self, until: float) -> Iterator[Reading]:
        """Go on until a time or until the crack is full to 0.3 widths above its lower end."""
        yield self.reading()
        step = _FIRST_STEP
        while self.state.time < until:
            self.state, step = self.field.advance(self.state, min(step, until - self.state.time))
            now = self.reading()
            yield now
            if now.filled > self.crack.depth - 0.3:
                return


def washburn_rate(filled: float, depth: float, angle_deg: float) -> float:
    """Return d(filled)/d(time) of a slit after Washburn: cos(th) / (6 (glue + air drag)).

    From the flow between plates, speed = width**2 / (12 viscosity) * pressure / length, driven by
    2 tension cos(th) / width; the air ahead counts with its viscosity in the model.
    """
    drag = filled + AIR_VISCOSITY_RATIO * (depth - filled)
    return float(np.cos(np.radians(angle_deg)) / (6.0 * drag))


def _slit_angle_deg(meniscus: Floats) -> float:
    """Return the angle of the circle through the meniscus with the wall at x = 1/2."""
    _, radius = circle(meniscus)
    flat = float(np.degrees(np.arccos(min(1.0, HALF / radius))))
    middle = meniscus[1, np.argmin(meniscus[0])]
    return flat if middle >= meniscus[1].mean() else 180.0 - flat


def _mesh(crack: Crack) -> tuple[MeshTri, float]:
    """Return the mesh of the crack, and of the room above it up to a height unless it is a slit."""
    fine = _CAPILLARY_WIDTH / crack.resolution
    across = np.linspace(0.0, HALF, round(HALF / fine) + 1)
    along = -stepped((crack.depth, fine))[::-1]
    if crack.film is None:
        return MeshTri.init_tensor(across, along), 0.0
    top = crack.film + 0.5
    face = HALF + stepped((0.3, fine), (_SIDE - HALF, 2.5 * fine))
    room = stepped((0.3, fine), (crack.film - 0.3, 2.0 * fine), (top, fine))
    whole = MeshTri.init_tensor(
        np.concatenate([across[:-1], face]), np.concatenate([along[:-1], room])
    )
    middle = whole.p[:, whole.t].mean(axis=1)
    return whole.remove_elements(np.flatnonzero((middle[0] > HALF) & (middle[1] < 0.0))), top


def _walls(crack: Crack, top: float) -> Walls:
    """The face and the sides of the crack are solid; its lower end and the top are open."""

    def solid(place: Floats) -> NDArray[np.bool_]:
        side = (np.abs(place[0] - HALF) < 1e-9) & (place[1] < 0.0)
        face = (np.abs(place[1]) < 1e-9) & (place[0] > HALF)
        return np.asarray(side | face)

    def opened(place: Floats) -> NDArray[np.bool_]:
        return np.asarray((np.abs(place[1] - top) < 1e-9) | (np.abs(place[1] + crack.depth) < 1e-9))

    return Walls(solid, opened)
