"""Pictures of a run and its readings as CSV, in a folder that the user names."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from processmodel import crack, spread
from processmodel.phasefield import PhaseField, State

_GLUE, _EDGE = "#1f6f9f", "#0b2a3c"


def write_csv(
    path: Path, readings: Sequence[spread.Reading] | Sequence[crack.Reading], unit_us: float
) -> None:
    """Write one line a reading; `time_us` is added: a unit of time lasts unit_us."""
    lines: list[dict[str, Any]] = [asdict(item) for item in readings]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["time_us", *lines[0]])
        writer.writeheader()
        writer.writerows({"time_us": line["time"] * unit_us} | line for line in lines)


def write_frames(
    path: Path, field: PhaseField, states: Sequence[State], unit_um: float, unit_us: float
) -> None:
    """Draw the glue at several times below each other, mirrored at x = 0, in um, as one PNG."""
    x_um, z_um = field.mesh.p * unit_um
    wide, high = float(np.ptp(x_um)) * 2.0, float(np.ptp(z_um))
    across = wide < 2.0 * high
    each = (2.0 + 3.0 * wide / high, 4.6) if across else (8.0, 0.9 + 7.0 * high / wide)
    rows, columns = (1, len(states)) if across else (len(states), 1)
    figure = Figure(figsize=(each[0] * columns, each[1] * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis, state in zip(axes, states, strict=True):
        for sign in (-1.0, 1.0):
            grid = Triangulation(sign * x_um, z_um, field.mesh.t.T)
            axis.tripcolor(grid, 0.0 * state.phi, cmap="Greys", vmin=0.0, vmax=1.0)
            axis.tricontourf(grid, state.phi, levels=[0.0, 9.0], colors=[_GLUE])
            axis.tricontour(grid, state.phi, levels=[0.0], colors=[_EDGE], linewidths=1.0)
        axis.set_facecolor("0.75")
        axis.set(aspect="equal", title=f"{state.time * unit_us:.3g} µs", ylabel="z / µm")
    axes[-1].set_xlabel("x / µm")
    figure.savefig(path, dpi=110)


def write_curve(
    path: Path, label: str, points: Sequence[tuple[float, float]], law: str, expected: float
) -> None:
    """Draw one figure over time in us, with the value that a law expects as a dashed line."""
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.plot(*zip(*points, strict=True), color=_GLUE)
    axis.axhline(expected, color="0.4", linestyle="--", label=law)
    axis.set(xlabel="time / µs", ylabel=label)
    axis.legend()
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
