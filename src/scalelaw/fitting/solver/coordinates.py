"""Coordinates of the solver: fixed and tied coefficients removed, the others well scaled.

A linear coefficient, such as A in A/N^alpha, is replaced by the contribution of its term at a reference point (the
geometric mean of the inputs). In these coordinates A no longer trades off against alpha, and a term may reach zero and
leave it again. Fits of Chinchilla's law then reach the same optimum from almost anywhere in the usual box of starts.
With ln A as the coordinate, only a fifth to four fifths of the starts reach it (docs/LOG.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array, Inputs
from scalelaw.laws import Law

Bounds = Mapping[str, tuple[float | None, float | None]]
"""Coefficient -> lowest and highest value; None leaves that end open."""

_TINY = 1e-280


@dataclass(frozen=True)
class Restrictions:
    """Coefficients that the user fixes, ties or bounds.

    Attributes:
        fixed: coefficient -> its value.
        ties: coefficient -> the coefficient it equals.
        bounds: coefficient -> its range.
    """

    fixed: Mapping[str, float]
    ties: Mapping[str, str]
    bounds: Bounds

    def check(self, law: Law) -> None:
        """Refuse names the law does not have and restrictions that contradict each other.

        Raises:
            BadInput: an unknown coefficient, an empty range, or a coefficient restricted twice.
        """
        names = law.coef_names
        for name in (*self.fixed, *self.ties, *self.ties.values(), *self.bounds):
            if name not in names:
                raise UnknownName.among(f"coefficient of {law.spelling}", name, names)
        self._check_fixed(law)
        for name, other in self.ties.items():
            if name == other or other in self.ties or other in self.fixed or name in self.fixed:
                raise BadInput(f"{name} cannot be tied to {other}: tie a free coefficient to another free one")
        for name, (low, high) in self.bounds.items():
            if name in self.fixed or name in self.ties:
                how = "fixed" if name in self.fixed else f"tied to {self.ties[name]}"
                raise BadInput(f"{name} is {how}, so its bounds have no effect; leave them out")
            if low is not None and high is not None and not low < high:
                raise BadInput(f"bounds of {name} must be (low, high) with low < high, got ({low}, {high})")
        if len(self.fixed) + len(self.ties) == len(names):
            raise BadInput(f"every coefficient of {law.spelling} is fixed or tied; leave at least one to fit")

    def _check_fixed(self, law: Law) -> None:
        for coef in law.coefs:
            value = self.fixed.get(coef.name)
            if value is not None and not coef.low <= value <= coef.high:
                raise BadInput(f"{coef.name} is fixed at {value:g}; the law needs {coef.low:g} to {coef.high:g}")


class Coordinates:
    """Map free coordinates u (p, q) of p problems to coefficients (p, k), and transform derivatives."""

    def __init__(self, law: Law, x: Inputs, restrictions: Restrictions) -> None:
        self.law = law
        self.reference = _reference(x)
        self.starts = [c.starts if c.within is None else (x[c.within].min(), x[c.within].max()) for c in law.coefs]
        names = law.coef_names
        self.free = [i for i, name in enumerate(names) if name not in {*restrictions.fixed, *restrictions.ties}]
        self.ties = [(names.index(name), names.index(other)) for name, other in restrictions.ties.items()]
        self.base = np.array([restrictions.fixed.get(name, 0.0) for name in names])
        limits = [_limits(c.low, c.high, restrictions.bounds.get(c.name)) for c in law.coefs]
        self.coef_low, self.coef_high = np.array(limits).T
        tied = {i for pair in self.ties for i in pair}
        self.scaled = [
            i for i in self.free if law.coefs[i].linear and i not in tied and limits[i][0] in (0.0, -np.inf)
            and limits[i][1] == np.inf
        ]  # fmt: skip
        self.log = [i for i in self.free if law.coefs[i].log and limits[i][0] >= 0]
        self.low, self.high = self._transformed(self.coef_low), self._transformed(self.coef_high)
        self._others = [i for i in self.free if i not in self.scaled]
        self._each = np.eye(len(self.scaled) + 1, len(self.scaled))
        self._straight = np.diag(np.isin(np.arange(len(names)), self.free).astype(float))

    def _transformed(self, limits: Array) -> Array:
        """Return limits of the free coordinates; positive scaling keeps zero and infinity."""
        log = np.isin(np.arange(len(limits)), self.log)
        with np.errstate(divide="ignore"):
            return np.where(log, np.log(np.where(log, limits, 1.0)), limits)[self.free]

    @np.errstate(all="ignore")
    def coef(self, u: Array) -> Array:
        """Return coefficients (p, k) at coordinates (p, q); infinite where they overflow."""
        coef = self._unscaled(u)
        if self.scaled:
            coef[:, self.scaled] /= self._contributions(coef)[0]
        return self._with_ties(coef)

    @np.errstate(all="ignore")
    def coordinates(self, coef: Array) -> Array:
        """Return coordinates (p, q) of coefficients (p, k)."""
        u = np.array(coef, float)
        if self.scaled:
            u[:, self.scaled] *= self._contributions(coef)[0]
        u[:, self.log] = np.log(u[:, self.log])
        return u[:, self.free]

    @np.errstate(all="ignore")
    def coef_and_slopes(self, u: Array) -> tuple[Array, Array]:
        """Return coefficients (p, k) and their derivatives by coordinate (p, q, k)."""
        coef = self._unscaled(u)
        slopes = np.empty((len(u), *self._straight.shape))
        slopes[:] = self._straight
        for i in self.log:
            slopes[:, i, i] = coef[:, i]
        if self.scaled:
            size, by_coef = self._contributions(coef)
            for name, other in self.ties:
                by_coef[:, :, other] += by_coef[:, :, name]
            own = coef[:, self.scaled] / size
            coef[:, self.scaled] = own
            slopes[:, self.scaled, self.scaled] = 1.0 / size
            others = self._others
            inner = slopes[:, others, others]
            for column, i in enumerate(self.scaled):
                relative = by_coef[:, column, others] / size[:, column, None]
                slopes[:, others, i] = -own[:, column, None] * relative * inner
        for name, other in self.ties:
            coef[:, name] = coef[:, other]
            slopes[:, :, name] = slopes[:, :, other]
        return coef, slopes if len(self.free) == slopes.shape[1] else slopes[:, self.free]

    def _unscaled(self, u: Array) -> Array:
        """Return coefficients, with the scaled ones still given as contributions."""
        coef = np.empty((len(u), len(self.base)))
        coef[:] = self.base
        coef[:, self.free] = u
        for i in self.log:
            coef[:, i] = np.exp(coef[:, i])
        return self._with_ties(coef)

    def _with_ties(self, coef: Array) -> Array:
        for name, other in self.ties:
            coef[:, name] = coef[:, other]
        return coef

    def _contributions(self, coef: Array) -> tuple[Array, Array]:
        """Return, for each scaled coefficient, the size of its term at the reference point if the coefficient were one.

        Returns:
            Sizes (p, m) and their derivatives by every coefficient (p, m, k).
        """
        m = len(self.scaled)
        unit = np.empty((len(coef), m + 1, coef.shape[1]))
        unit[:] = coef[:, None, :]
        unit[:, :, self.scaled] = self._each
        _, jacobian = self.law.inner(unit, self.reference)
        size = jacobian[:, m, self.scaled].sum(axis=-1)
        slope = (jacobian[:, :m] - jacobian[:, m:]).sum(axis=-1)
        sign = np.where(size < 0, -1.0, 1.0)
        return np.maximum(np.abs(size), _TINY), slope * sign[:, :, None]


def _reference(x: Inputs) -> dict[str, Array]:
    """Return the reference points (r,): the centre of the inputs, once for every category.

    A coefficient of a single category, such as A of one family, has its size at the point of that category.
    """
    categories = [name for name in x if kind_of(name) == "text"]
    levels = np.unique(np.stack([x[name] for name in categories]), axis=1) if categories else np.zeros((0, 1))
    middle = {
        name: np.repeat(_middle(name, values), levels.shape[1], axis=0)
        for name, values in x.items()
        if name not in categories
    }
    return {name: (middle | dict(zip(categories, levels, strict=True)))[name] for name in x}


def _middle(name: str, values: Array) -> Array:
    """Return the geometric mean (1,); the arithmetic mean for an input that may be zero or a vector (1, d)."""
    if kind_of(name) == "number" and np.all(values > 0):
        return np.asarray(np.exp(np.mean(np.log(values), keepdims=True)))
    return np.asarray(np.mean(values, axis=0, keepdims=True))


def _limits(low: float, high: float, asked: tuple[float | None, float | None] | None) -> tuple[float, float]:
    """Return the requested range, with None as an open end; without one, the law's own range."""
    if asked is None:
        return low, high
    return (-np.inf if asked[0] is None else asked[0]), (np.inf if asked[1] is None else asked[1])
