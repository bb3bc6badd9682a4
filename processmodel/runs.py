"""A whole run of a model in micrometres and microseconds, with its files in a folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from processmodel import crack, pictures, spread, wetting
from processmodel.phasefield import State
from shared.errors import InvalidInputError

Progress = Callable[[float], None]  # told the share of the way, 0 to 1
FRAME_SHARES = (0.25, 0.5, 0.75)
LARGEST_BOND = 0.1
LARGEST_REYNOLDS = 1.0


@dataclass(frozen=True)
class Scale:
    """What turns the model's units into lengths and times: a length and the glue's tension."""

    length_um: float
    tension_mn_per_m: float

    def __post_init__(self) -> None:
        """Refuse lengths at which weight counts.

        Raises:
            InvalidInputError: names the value and the limit.
        """
        if self.length_um <= 0.0 or self.tension_mn_per_m <= 0.0:
            raise InvalidInputError("Length (um) and surface tension (mN/m) must be above 0.")
        if self.bond > LARGEST_BOND:
            raise InvalidInputError(
                f"{self.length_um:g} um: weight over tension is {self.bond:.3g}, above"
                f" {LARGEST_BOND:g}: this model leaves weight out; choose a smaller drop or crack."
            )

    @property
    def time_us(self) -> float:
        """Return length * viscosity / tension in us."""
        return self.length_um * wetting.VISCOSITY_PA_S / self.tension_mn_per_m * 1000.0

    @property
    def bond(self) -> float:
        """Return density * gravity * length**2 / tension."""
        weight = wetting.DENSITY_KG_PER_M3 * wetting.GRAVITY_M_PER_S2 * self.length_um**2 * 1e-12
        return weight / (self.tension_mn_per_m * 1e-3)

    def reynolds(self, capillary_number: float) -> float:
        """Return density * speed * length / viscosity at a speed over tension / viscosity."""
        laplace = wetting.DENSITY_KG_PER_M3 * self.tension_mn_per_m * self.length_um * 1e-9
        return laplace / wetting.VISCOSITY_PA_S**2 * capillary_number


def run_spread(
    drop: spread.Drop, scale: Scale, until_us: float, folder: Path, progress: Progress
) -> list[str]:
    """Let a drop spread; write spread.csv, spread.png and spread-angle.png; return what it showed.

    Raises:
        OutOfLimitsError: the mesh is too coarse.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = spread.Spreading(drop)
    expected = wetting.flat_cap(drop.angle_deg, spread.AREA)
    readings: list[spread.Reading] = []
    frames = [model.state]
    for reading in model.run(until_us / scale.time_us):
        readings.append(reading)
        way = expected.footprint - readings[0].footprint
        share = (reading.footprint - readings[0].footprint) / way if way else 1.0
        _keep(frames, model.state, share)
        progress(min(max(share, 0.0), 1.0))
    _last(frames, model.state)
    pictures.write_csv(folder / "spread.csv", readings, scale.time_us)
    pictures.write_frames(
        folder / "spread.png", model.field, frames, scale.length_um, scale.time_us
    )
    points = [(item.time * scale.time_us, item.angle_deg) for item in readings]
    pictures.write_curve(
        folder / "spread-angle.png",
        "contact angle / deg",
        points,
        "angle of the wall",
        drop.angle_deg,
    )
    last = readings[-1]
    return [
        f"after {last.time * scale.time_us:.4g} us: angle {last.angle_deg:.1f} deg"
        f" (the wall's: {drop.angle_deg:.1f}), half-width {last.footprint * scale.length_um:.2f} um"
        f" (cap at rest: {expected.footprint * scale.length_um:.2f})",
        f"glue lost or won: {last.glue_drift_ratio:.1e} of all; energy rose in"
        f" {_rises([item.energy for item in readings])} of {len(readings) - 1} steps",
        _inertia(scale, [item.speed for item in readings]),
    ]


def run_fill(
    opening: crack.Crack, scale: Scale, until_us: float, folder: Path, progress: Progress
) -> list[str]:
    """Let a crack fill; write fill.csv, fill.png and fill-depth.png; return what it showed.

    Raises:
        OutOfLimitsError: the mesh is too coarse.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = crack.Filling(opening)
    readings: list[crack.Reading] = []
    frames = [model.state]
    for reading in model.run(until_us / scale.time_us):
        readings.append(reading)
        share = min(reading.filled / (opening.depth - 0.3), 1.0)
        _keep(frames, model.state, share)
        progress(max(share, 0.0))
    _last(frames, model.state)
    pictures.write_csv(folder / "fill.csv", readings, scale.time_us)
    pictures.write_frames(folder / "fill.png", model.field, frames, scale.length_um, scale.time_us)
    points = [(item.time * scale.time_us, item.filled * scale.length_um) for item in readings]
    depth_um = opening.depth * scale.length_um
    pictures.write_curve(folder / "fill-depth.png", "filled / µm", points, "depth", depth_um)
    last, rises = readings[-1], _rises([item.energy for item in readings])
    washburn_s = wetting.slit_time_s(
        last.filled * scale.length_um * 1e-6,
        scale.length_um * 1e-6,
        opening.angle_deg,
        scale.tension_mn_per_m * 1e-3,
    )
    return [
        f"after {last.time * scale.time_us:.4g} us: {last.filled * scale.length_um:.2f} um of"
        f" {depth_um:.2f} um filled; Washburn's law alone: {washburn_s * 1e6:.4g} us",
        f"glue lost or won through the open ends: {last.glue / readings[0].glue - 1.0:.1e} of all;"
        f" energy rose in {rises} of {len(readings) - 1} steps",
        _inertia(scale, [item.speed for item in readings]),
    ]


def _keep(frames: list[State], state: State, share: float) -> None:
    if len(frames) <= len(FRAME_SHARES) and share >= FRAME_SHARES[len(frames) - 1]:
        frames.append(state)


def _last(frames: list[State], state: State) -> None:
    if frames[-1] is not state:
        frames.append(state)


def _rises(energies: Sequence[float]) -> int:
    """Count steps in which the free energy rose by more than rounding."""
    return sum(later > earlier + 1e-8 * abs(earlier) for earlier, later in pairwise(energies))


def _inertia(scale: Scale, speeds: Sequence[float]) -> str:
    highest = scale.reynolds(max(speeds))
    text = f"largest Reynolds number {highest:.2g}"
    if highest > LARGEST_REYNOLDS:
        return f"{text}, above {LARGEST_REYNOLDS:g}: the first moments are slower in truth"
    return f"{text}: inertia does not count"
