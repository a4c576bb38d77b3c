"""Profiles of loss over ln N at one budget, and their minima, for many resamples at once.

profile    form at one budget, t = ln N about the middle of the sizes              minimum
powers     E_C + A_C e^(-alpha t) + B_C e^(beta t), alpha and beta of all budgets  ln(alpha A / beta B) / (alpha + beta)
cubic      c0 + c1 t + c2 t^2 + c3 t^3                                             the root of c1 + 2 c2 t + 3 c3 t^2
parabola   c0 + c1 t + c2 t^2                                                      -c1 / 2 c2, where c2 > 0
akima      an interpolation of ln L through every point                            the lowest of 25 points an interval

``powers`` has the shape of any law E + A/N^alpha + B/D^beta along a budget; floor and scales, and so the place of the
minimum, are free at each budget. A parabola has no skew, so its vertex misses the minimum if alpha and beta differ
(Hoffmann et al. 2022 used it). ``akima`` is the interpolation of Porian et al. 2024.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array

ProfileName = Literal["powers", "cubic", "parabola", "akima"]

EXPONENTS = (0.03, 1.6)
"""Range of the exponents of ``powers``."""

_GRID = 6
_CURVE = 81
_STEPS = 30
_CONVERGED = 1e-9
_STUCK = 1e6


@dataclass(frozen=True, eq=False)
class Axis(Brief):
    """One axis of a sweep: m budgets of up to w runs, shorter budgets padded with weight zero.

    Attributes:
        x: ln of the size, (m, w).
        z: ln of the size that the budget pays for at the run's tokens, (m, w); equals x if C is exact.
        weight: weight of each run, (m, w); zero for padding.
        slope: change of z with x along the budget, (m,); one if C = 6 N D.
    """

    x: Array
    z: Array
    weight: Array
    slope: Array

    @property
    def middle(self) -> Array:
        """The mean of x at each budget, (m, 1)."""
        return np.asarray((self.x * self.weight).sum(1, keepdims=True) / self.weight.sum(1, keepdims=True))

    @property
    def grid(self) -> Array:
        """Evenly spaced x from the smallest to the largest of each budget, (m, p)."""
        return np.linspace(*self.range, _CURVE, axis=1)

    @property
    def range(self) -> tuple[Array, Array]:
        """Smallest and largest x at each budget, each (m,)."""
        there = self.weight > 0
        return np.where(there, self.x, np.inf).min(1), np.where(there, self.x, -np.inf).max(1)


@dataclass(frozen=True, eq=False)
class ProfileMinima(Brief):
    """The minima of profiles.

    Attributes:
        x: ln of the size at the minimum, (b, m); NaN without a minimum.
        loss: the profile at the minimum, (b, m).
        fitted: the profile at the runs, (b, m, w).
        leverage: leverage of each run on its fitted value, (m, w), in the first resample.
        coefs: number of coefficients of all budgets together.
        shape: coefficients common to all budgets, by name, in the first resample.
        curve: ln of sizes from smallest to largest of each budget, and the profile there, (2, m, p), in the first
            resample.
    """

    x: Array
    loss: Array
    fitted: Array
    leverage: Array
    coefs: int
    shape: dict[str, float]
    curve: Array


class SizeProfile(ABC):
    """A functional form of the loss along a budget."""

    name: ClassVar[ProfileName]
    fewest: ClassVar[int]
    """Number of distinct sizes that a budget needs."""

    @abstractmethod
    def locate(self, axis: Axis, loss: Array) -> ProfileMinima:
        """Find the minima.

        Args:
            axis: the sizes.
            loss: b resamples of the measured losses, (b, m, w).
        """


@final
class Polynomial(SizeProfile):
    """A parabola or a cubic in ln N at each budget, by weighted least squares."""

    def __init__(self, degree: Literal[2, 3]) -> None:
        self.degree = degree
        self.name: ProfileName = "parabola" if degree == 2 else "cubic"  # type: ignore[misc]
        self.fewest = degree + 1  # type: ignore[misc]

    def locate(self, axis: Axis, loss: Array) -> ProfileMinima:
        """Find the minima; see ``SizeProfile.locate``."""
        middle = axis.middle
        root = np.sqrt(axis.weight)
        powers = (axis.x - middle)[..., None] ** np.arange(self.degree + 1)
        inverse = np.linalg.pinv(powers * root[..., None])
        coef = np.einsum("mkw,bmw->bmk", inverse, loss * root)
        fitted = np.einsum("mwk,bmk->bmw", powers, coef)
        t = _stationary(coef)
        lowest = (coef * t[..., None] ** np.arange(self.degree + 1)).sum(-1)
        leverage = np.einsum("mwk,mkw->mw", powers * root[..., None], inverse)
        grid = axis.grid
        curve = np.einsum("mpk,mk->mp", (grid - middle)[..., None] ** np.arange(self.degree + 1), coef[0])
        x = t + middle[:, 0]
        return ProfileMinima(x, lowest, fitted, leverage, coef[0].size, {}, np.stack([grid, curve]))


def _stationary(coef: Array) -> Array:
    """Return the minimum of a parabola or cubic; NaN if it has no minimum."""
    c1, c2 = coef[..., 1], coef[..., 2]
    c3 = coef[..., 3] if coef.shape[-1] > 3 else np.zeros_like(c1)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(c2**2 - 3 * c1 * c3)
        # The root with 2 c2 + 6 c3 t = 2 root > 0, written without the cancellation in root - c2 for small c3.
        t = np.where(c2 > 0, -c1 / (c2 + root), (root - c2) / (3 * c3))
    return np.asarray(np.where(np.isfinite(t) & (root > 0), t, np.nan))


@final
class Powers(SizeProfile):
    """Two powers over a floor, with common exponents and a separate floor and scales for each budget."""

    name: ClassVar[ProfileName] = "powers"
    fewest = 3

    def locate(self, axis: Axis, loss: Array) -> ProfileMinima:
        """Find the minima; see ``SizeProfile.locate``.

        Variable projection: for given exponents the rest is least squares. So only two numbers are searched, from the
        best grid point by Gauss-Newton steps (Kaufman's Jacobian) with Levenberg's damping.
        """
        system = _PowersSystem(axis, loss)
        u = system.search()
        coef, _, q = system.solved(u, system.y)
        fitted = np.einsum("bmwk,bmk->bmw", system.columns(u), coef)
        exponents = np.exp(u)
        alpha, beta = exponents[:, :1], exponents[:, 1:] * axis.slope
        with np.errstate(invalid="ignore", divide="ignore"):
            convex = (coef[..., 1] > 0) & (coef[..., 2] > 0)
            t = np.where(convex, np.log(alpha * coef[..., 1] / (beta * coef[..., 2])) / (alpha + beta), np.nan)
            lowest = coef[..., 0] + coef[..., 1] * np.exp(-alpha * t) + coef[..., 2] * np.exp(beta * t)
        shared = np.linalg.qr(system.slopes(u[:1], coef[:1], q[:1])[0].reshape(-1, 2))[0]
        leverage = (q[0] ** 2).sum(-1) + (shared**2).sum(-1).reshape(axis.x.shape)
        shape = {"alpha": float(exponents[0, 0]), "beta": float(exponents[0, 1])}
        grid = axis.grid
        far = grid - axis.middle
        falling, rising = np.exp(-alpha[0] * far), np.exp(beta[0][:, None] * far)
        curve = coef[0, :, :1] + coef[0, :, 1:2] * falling + coef[0, :, 2:] * rising
        x = t + axis.middle[:, 0]
        return ProfileMinima(x, lowest, fitted, leverage, coef[0].size + 2, shape, np.stack([grid, curve]))


class _PowersSystem:
    """Least-squares problem of ``Powers`` in the exponents u = ln(alpha, beta), with floor and scales solved for."""

    def __init__(self, axis: Axis, loss: Array) -> None:
        self.x, self.z = axis.x - axis.middle, axis.z - axis.middle
        self.root = np.sqrt(axis.weight)
        self.y = loss * self.root

    def columns(self, u: Array) -> Array:
        """Return the three terms at each run, unweighted, (b, m, w, 3)."""
        falling, rising = (np.exp(u[:, i])[:, None, None] for i in (0, 1))
        return np.stack([np.ones((len(u), *self.x.shape)), np.exp(-falling * self.x), np.exp(rising * self.z)], axis=-1)

    def solved(self, u: Array, y: Array) -> tuple[Array, Array, Array]:
        """Return floor and scales (b, m, 3), weighted residuals fitted - measured (b, m, w), and the basis Q."""
        q, r = np.linalg.qr(self.columns(u) * self.root[..., None])
        cut = np.einsum("bmwk,bmw->bmk", q, y)
        return np.linalg.solve(r, cut[..., None])[..., 0], np.einsum("bmwk,bmk->bmw", q, cut) - y, q

    def slopes(self, u: Array, coef: Array, q: Array) -> Array:
        """Return the derivatives of the residuals with respect to u, approximated after Kaufman, (b, m, w, 2)."""
        columns = self.columns(u)
        falling, rising = (np.exp(u[:, i])[:, None, None] for i in (0, 1))
        by_u = (
            np.stack(
                [
                    -falling * self.x * columns[..., 1] * coef[..., None, 1],
                    rising * self.z * columns[..., 2] * coef[..., None, 2],
                ],
                axis=-1,
            )
            * self.root[..., None]
        )
        return np.asarray(by_u - np.einsum("bmwk,bmkl->bmwl", q, np.einsum("bmwk,bmwl->bmkl", q, by_u)))

    def search(self) -> Array:
        """Find u of each resample, (b, 2), by damped Gauss-Newton steps from the best node of a grid."""
        u, damping = self._grid(), np.full(len(self.y), 1e-3)
        low, high = np.log(EXPONENTS)
        active = np.arange(len(u))
        for _ in range(_STEPS):
            here, y = u[active], self.y[active]
            coef, residual, q = self.solved(here, y)
            jacobian = self.slopes(here, coef, q)
            gradient = np.einsum("bmwk,bmw->bk", jacobian, residual)
            curvature = np.einsum("bmwk,bmwl->bkl", jacobian, jacobian)
            scale = np.trace(curvature, axis1=1, axis2=2) / 2 + 1e-300
            held = curvature + (damping[active] * scale)[:, None, None] * np.eye(2)
            tried = np.clip(here - np.linalg.solve(held, gradient[..., None])[..., 0], low, high)
            better = (self.solved(tried, y)[1] ** 2).sum((1, 2)) < (residual**2).sum((1, 2))
            u[active] = np.where(better[:, None], tried, here)
            damping[active] *= np.where(better, 1 / 8, 6)
            moved = np.abs(tried - here).max(axis=1) > _CONVERGED
            active = active[moved & (damping[active] < _STUCK)]
            if not len(active):
                break
        return u

    def _grid(self) -> Array:
        """Return the best node of a grid of exponents for each resample."""
        nodes = np.linspace(np.log(EXPONENTS[0]), np.log(EXPONENTS[1]), _GRID)
        best, cost = np.zeros((len(self.y), 2)), np.full(len(self.y), np.inf)
        for node in np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, 2):
            _, _, q = self.solved(node[None], self.y[:1])
            left = self.y - np.einsum("mwk,bmk->bmw", q[0], np.einsum("mwk,bmw->bmk", q[0], self.y))
            total = (left**2).sum(axis=(1, 2))
            lower = total < cost
            best[lower], cost[lower] = node, total[lower]
        return best


@final
class Akima(SizeProfile):
    """Akima interpolation of ln L over ln N through the mean of each size; the minimum is found on a grid."""

    name: ClassVar[ProfileName] = "akima"
    fewest = 3
    POINTS: ClassVar[int] = 25
    """Number of grid points per interval between sizes."""

    def locate(self, axis: Axis, loss: Array) -> ProfileMinima:
        """Find the minima; see ``SizeProfile.locate``. The ends do not count as minima."""
        from scipy.interpolate import Akima1DInterpolator

        x, lowest = (np.full(loss.shape[:2], np.nan) for _ in range(2))
        curve = np.stack([axis.grid, np.zeros_like(axis.grid)])
        for budget in range(loss.shape[1]):
            there = axis.weight[budget] > 0
            sizes, member = np.unique(axis.x[budget, there], return_inverse=True)
            repeats = np.eye(len(sizes))[member]
            means = loss[:, budget, there] @ (repeats / repeats.sum(axis=0))
            grid = self.grid(sizes)
            through = Akima1DInterpolator(sizes, np.log(means), axis=1)
            curves = through(grid)
            curve[1, budget] = np.exp(through(np.clip(curve[0, budget], sizes[0], sizes[-1]))[0])
            at = curves.argmin(axis=1)
            inside = (at > 0) & (at < len(grid) - 1)
            x[inside, budget] = grid[at[inside]]
            lowest[:, budget] = np.exp(curves.min(axis=1))
        used = np.where(axis.weight > 0, 1.0, 0.0)
        return ProfileMinima(x, lowest, np.array(loss), used, int(used.sum()), {}, curve)

    @classmethod
    def grid(cls, x: Array) -> Array:
        """Return the grid of candidate minima for distinct sizes x (w,)."""
        return np.linspace(x.min(), x.max(), cls.POINTS * (len(x) - 1))


PROFILES: dict[str, SizeProfile] = {
    profile.name: profile for profile in (Powers(), Polynomial(3), Polynomial(2), Akima())
}
"""Name -> profile."""
