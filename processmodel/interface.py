"""Where the interface stands: its points on a mesh, and the circle through them."""

import numpy as np
from numpy.typing import NDArray
from skfem import MeshTri

from processmodel.wetting import Cap

Floats = NDArray[np.float64]


def stepped(*spans: tuple[float, float]) -> Floats:
    """Return coordinates from 0 on: each span is its end and the largest distance of neighbours.

    A span that is coarser than the one before grows into it by a fifth a step.
    """
    places, distance = [0.0], spans[0][1]
    for end, wanted in spans:
        while places[-1] < end - 1e-9:
            distance = min(wanted, 1.2 * distance)
            left = end - places[-1]
            places.append(end if left < 1.4 * distance else places[-1] + distance)
    return np.array(places)


def crossings(mesh: MeshTri, phi: Floats) -> Floats:
    """Return where phi is 0 on the edges of the mesh, shape (2, n_points): x, z."""
    start, end = mesh.facets
    crossed = (phi[start] > 0.0) != (phi[end] > 0.0)
    start, end = start[crossed], end[crossed]
    share = phi[start] / (phi[start] - phi[end])
    return np.asarray(mesh.p[:, start] * (1.0 - share) + mesh.p[:, end] * share)


def circle(points: Floats) -> tuple[float, float]:
    """Return height of the centre and radius of the circle around x = 0 nearest to points."""
    columns = np.column_stack([2.0 * points[1], np.ones(points.shape[1])])
    (centre, rest), *_ = np.linalg.lstsq(columns, (points**2).sum(axis=0), rcond=None)
    return float(centre), float(np.sqrt(rest + centre**2))


def cap_of(points: Floats, lowest: float) -> tuple[Cap, float]:
    """Return a resting drop on z = 0 and its contact angle in deg, by the circle through its top.

    lowest: points below this height are left out: there the wall bends the interface.
    """
    centre, radius = circle(points[:, points[1] > lowest])
    angle_deg = float(np.degrees(np.arccos(np.clip(-centre / radius, -1.0, 1.0))))
    at_wall = points[0, points[1] < 1e-9]
    footprint, height = float(at_wall.max(initial=0.0)), float(points[1].max(initial=0.0))
    return Cap(footprint, height, radius), angle_deg
