"""A glue-air interface that flows and wets: Cahn-Hilliard and Stokes, solved together on triangles.

The unit of length is the caller's, of velocity surface tension over glue viscosity, of time their
quotient, so one number of the glue remains: Bond = density * gravity * length**2 / tension.
Source: paper.txt eqs. 6-11 and 13-14 with eq. 13 without its inertia. Eq. 11 is taken with the
interface's own slope, |grad phi| = (1 - phi**2) / (sqrt(2) capillary width): then it is the
derivative of a wall energy, and the free energy can only fall.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_matrix
from scipy.sparse.linalg import splu
from skfem import (
    Basis,
    BilinearForm,
    ElementTriP1,
    ElementVector,
    FacetBasis,
    Functional,
    LinearForm,
    MeshTri,
)
from skfem.assembly.form.coo_data import COOData
from skfem.helpers import ddot, div, dot, grad, sym_grad

from shared.errors import OutOfLimitsError

Floats = NDArray[np.float64]
Where = Callable[[Floats], NDArray[np.bool_]]

AIR_VISCOSITY_RATIO = 0.02  # the real 0.002 costs much and changes little: glue sets the speed
LARGEST_CHANGE = 0.35  # of phi in one step
SHORTEST_STEP = 1e-9
_PRESSURE_STABILITY = 0.05


@dataclass(frozen=True)
class Walls:
    """Which facets of the mesh are what; those named by none of them are planes of symmetry.

    Each function takes midpoints of facets, shape (2, n_facets): x, z.
    """

    solid: Where
    open: Where | None = None


@dataclass(frozen=True)
class Medium:
    """capillary_width: of eq. 8, in lengths; cosine: of the angle that eq. 11 holds at the wall;
    mobility: the factor x of eq. 9, which sets how fast the line of contact slips by diffusion.
    """

    capillary_width: float
    cosine: float
    bond: float = 0.0
    mobility: float = 1.0


@dataclass(frozen=True)
class State:
    """phi: glue 1, air -1, at each node; velocity: (2, n_nodes), in units of tension/viscosity."""

    time: float
    phi: Floats
    velocity: Floats


class PhaseField:
    """The discrete equations on one mesh; `advance` keeps the glue and lets no energy rise."""

    def __init__(self, mesh: MeshTri, walls: Walls, medium: Medium) -> None:
        self.mesh, self.medium = mesh, medium
        self._basis = Basis(mesh, ElementTriP1(), intorder=4)
        self._flow = Basis(mesh, ElementVector(ElementTriP1()), intorder=2)
        self._scalar = self._flow.with_element(ElementTriP1())
        self._solid = FacetBasis(mesh, ElementTriP1(), facets=_facets(mesh, walls.solid))
        opening = np.array([], dtype=int) if walls.open is None else _facets(mesh, walls.open)
        self._open = FacetBasis(mesh, ElementTriP1(), facets=opening) if opening.size else None
        self._assemble_constants()
        self._free = self._unknowns(walls.solid, opening)

    def _assemble_constants(self) -> None:
        self.mass = csr_matrix(BilinearForm(lambda u, v, w: u * v).assemble(self._scalar))
        self._stiff = csr_matrix(
            BilinearForm(lambda u, v, w: dot(grad(u), grad(v))).assemble(self._scalar)
        )
        self._divergence = BilinearForm(lambda u, q, w: div(u) * q).assemble(
            self._flow, self._scalar
        )
        self._viscous = BilinearForm(lambda u, v, w: 2.0 * ddot(sym_grad(u), sym_grad(v))).coo_data(
            self._flow
        )
        self._damping = BilinearForm(
            lambda p, q, w: _PRESSURE_STABILITY * w.h**2 * dot(grad(p), grad(q))
        ).coo_data(self._scalar)
        height = self.mesh.p[1] * self.medium.bond / 2.0
        self._gravity: Floats = self.mass @ height / self._tension()

    def _tension(self) -> float:
        """Return mixing energy density over capillary width squared (eq. 8), tension 1."""
        return 0.75 * math.sqrt(2.0) / self.medium.capillary_width

    def _unknowns(self, solid: Where, opening: NDArray[np.int_]) -> NDArray[np.int_]:
        """Leave out what the walls fix: no slip on solids, no flow through planes of symmetry."""
        mesh, flow, count = self.mesh, self._flow, self.mesh.nvertices
        edges = np.setdiff1d(mesh.boundary_facets(), opening)
        upright = edges[np.ptp(mesh.p[0, mesh.facets[:, edges]], axis=0) < 1e-12]
        fixed = np.concatenate(
            [
                flow.get_dofs(_facets(mesh, solid)).all(),
                flow.get_dofs(upright).all("u^1"),
                flow.get_dofs(np.setdiff1d(edges, upright)).all("u^2"),
            ]
        )
        free = np.ones(5 * count, dtype=bool)
        free[2 * count + fixed] = False
        free[4 * count] = opening.size > 0  # a closed box knows its pressure up to a constant
        return np.flatnonzero(free)

    def energy(self, phi: Floats) -> float:
        """Return the free energy of interface, wall and weight, per tension and length."""
        width = self.medium.capillary_width
        bulk = Functional(lambda w: (w["f"] ** 2 - 1.0) ** 2 / 4.0)
        wall = Functional(lambda w: (3.0 * w["f"] - w["f"] ** 3) / 4.0)
        inside = bulk.assemble(self._basis, f=self._basis.interpolate(phi))
        inside += width**2 / 2.0 * float(phi @ (self._stiff @ phi))
        at_wall = wall.assemble(self._solid, f=self._solid.interpolate(phi))
        weight = float(self._gravity @ phi)
        return float(self._tension() * (inside + weight) - self.medium.cosine * at_wall)

    def glue(self, phi: Floats) -> float:
        """Return the area of glue, the integral of (1 + phi) / 2."""
        return float((self.mass @ (1.0 + phi)).sum() / 2.0)

    def advance(self, state: State, step: float) -> tuple[State, float]:
        """Go on by at most `step`; return the new state and the step to try next.

        A step that changes phi too much, or raises the free energy, is taken again shorter.

        Raises:
            OutOfLimitsError: not even the shortest step succeeds: the mesh is too coarse.
        """
        before = self.energy(state.phi)
        while step > SHORTEST_STEP:
            phi, velocity = self._solved(state.phi, step)
            change = float(np.abs(phi - state.phi).max())
            if change < LARGEST_CHANGE and self.energy(phi) <= before + 1e-9 * abs(before):
                factor = float(np.clip(0.6 * LARGEST_CHANGE / max(change, 1e-12), 0.5, 1.6))
                return State(state.time + step, phi, velocity), step * factor
            step /= 2.0
        raise OutOfLimitsError(
            f"At time {state.time:.3g} no step above {SHORTEST_STEP:g} lets the free energy fall:"
            " the mesh is too coarse for its interface; raise the resolution."
        )

    def _solved(self, phi: Floats, step: float) -> tuple[Floats, Floats]:
        """Solve one linearised implicit step; transport and capillary force are transposes."""
        count, tension, width = len(phi), self._tension(), self.medium.capillary_width
        mobility = 0.75 * np.sqrt(2.0) * width * self.medium.mobility
        carried = self._transport(phi)
        slope, residual = self._potential(phi)
        viscosity = self._viscosity(phi)
        matrix = bmat(
            [
                [self.mass / step, mobility * self._stiff, -carried, None],
                [-(width**2 * self._stiff + slope), self.mass, None, None],
                [None, tension * carried.T, _scaled(self._viscous, viscosity), -self._divergence.T],
                [None, None, -self._divergence, -_scaled(self._damping, 1.0 / viscosity)],
            ],
            format="csr",
        )
        right = np.concatenate(
            [self.mass @ phi / step, residual + self._gravity, np.zeros(3 * count)]
        )
        solved, free = np.zeros(len(right)), self._free
        factors = splu(matrix[free][:, free].tocsc(), permc_spec="MMD_ATA", diag_pivot_thresh=0.01)
        solved[free] = factors.solve(right[free])
        return solved[:count], solved[2 * count : 4 * count].reshape(-1, 2).T

    def _transport(self, phi: Floats) -> csr_matrix:
        carried = BilinearForm(lambda u, v, w: w["f"] * dot(u, grad(v))).assemble(
            self._flow, self._scalar, f=self._scalar.interpolate(phi)
        )
        if self._open is not None:
            through = BilinearForm(lambda u, v, w: w["f"] * dot(u, w.n) * v)
            edge = self._open.with_element(ElementVector(ElementTriP1()))
            carried -= through.assemble(edge, self._open, f=self._open.interpolate(phi))
        return csr_matrix(carried)

    def _potential(self, phi: Floats) -> tuple[csr_matrix, Floats]:
        """Return derivative and remainder of the double well and the wall energy at phi."""
        pull = self.medium.capillary_width * self.medium.cosine / np.sqrt(2.0)
        inside, wall = self._basis.interpolate(phi), self._solid.interpolate(phi)
        well = BilinearForm(lambda f, v, w: (3.0 * w["f"] ** 2 - 1.0) * f * v)
        bend = BilinearForm(lambda f, v, w: 2.0 * pull * w["f"] * f * v)
        slope = well.assemble(self._basis, f=inside) + bend.assemble(self._solid, f=wall)
        force = LinearForm(lambda v, w: (w["f"] ** 3 - w["f"]) * v).assemble(self._basis, f=inside)
        force -= LinearForm(lambda v, w: pull * (1.0 - w["f"] ** 2) * v).assemble(
            self._solid, f=wall
        )
        return csr_matrix(slope), np.asarray(force - slope @ phi)

    def _viscosity(self, phi: Floats) -> Floats:
        """Return the viscosity of each triangle, glue 1, geometric between glue and air."""
        share = np.clip((1.0 + phi[self.mesh.t].mean(axis=0)) / 2.0, 0.0, 1.0)
        return np.asarray(AIR_VISCOSITY_RATIO ** (1.0 - share))


def _facets(mesh: MeshTri, where: Where) -> NDArray[np.int_]:
    return np.asarray(mesh.facets_satisfying(where, boundaries_only=True))


def _scaled(local: COOData, factor: Floats) -> csr_matrix:
    """Return the matrix whose part from each triangle is multiplied by that triangle's factor."""
    data = local.data.reshape(-1, len(factor)) * factor
    return csr_matrix((data.ravel(), local.indices), shape=local.shape)
