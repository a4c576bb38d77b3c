"""Estimate the intrinsic dimension d of data from distances to neighbours, and the prior 4/d on an exponent."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.tabular import Columns, Tabular, one_row
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import AnyArray, Array

_KEPT = 0.9
_CHUNK = 512
_FEWEST = 50
_UNDERESTIMATED = 5.0


@dataclass(frozen=True)
class IntrinsicDimension(Renderable, Tabular):
    """Three estimates of the same dimension.

    Attributes:
        two_nn: TwoNN by maximum likelihood.
        two_nn_slope: TwoNN by the slope through the lowest 90 % of the ratios.
        levina_bickel: Levina-Bickel over k neighbours, with inverses averaged.
        neighbours: k.
        points: number of distinct points used.
        halved: TwoNN of every second point; a value far from ``two_nn`` shows that the dimension depends on scale.
    """

    two_nn: float
    two_nn_slope: float
    levina_bickel: float
    neighbours: int
    points: int
    halved: float

    @property
    def exponent_prior(self) -> tuple[float, float]:
        """A **prior**, not a prediction: exponents from 4/d of the highest to 4/d of the lowest estimate."""
        every = (self.two_nn, self.two_nn_slope, self.levina_bickel)
        return 4 / max(every), 4 / min(every)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {"schema": "scalelaw.intrinsic-dimension/1", **values, "exponent_prior": list(self.exponent_prior)}

    def to_columns(self) -> Columns:
        """Return one row."""
        return one_row(self.to_dict())

    def report(self) -> Report:
        """Return the estimates and the prior."""
        low, high = self.exponent_prior
        lines = [
            ("TwoNN", f"{self.two_nn:.3g} by likelihood, {self.two_nn_slope:.3g} by slope, of {self.points} points"),
            ("", f"{self.halved:.3g} of every second point"),
            ("Levina", f"{self.levina_bickel:.3g} over {self.neighbours} neighbours"),
            ("prior", f"exponent {low:.3g} to {high:.3g} = 4/d: a prior from theory, not a prediction"),
        ]
        if self.two_nn > _UNDERESTIMATED:
            lines.append(("warn", "estimates above five are too low, by 15 % at ten and by more beyond"))
        return Report("", [Lines(lines)])


def intrinsic_dimension(points: AnyArray, *, neighbours: int = 20) -> IntrinsicDimension:
    """Estimate the dimension of the surface that points lie on.

    TwoNN: ratios mu = r2 / r1 of the distances to the two nearest have density d mu^-(d+1). Levina-Bickel: the mean
    over points of sum ln(T_k / T_j) / (k - 1), inverted. Duplicates are dropped and features standardised.

    Args:
        points: one point per row, (n, features).
        neighbours: k of Levina-Bickel, 5 to 50.

    Raises:
        BadInput: not a table of numbers, or too few distinct points.

    Example:
        >>> import numpy as np
        >>> plane = np.random.default_rng(0).uniform(size=(1000, 2)) @ np.array([[1.0, 2.0, 0.5], [0.3, 1.0, 2.0]])
        >>> round(intrinsic_dimension(plane).two_nn, 1)
        2.0

    Source:
        Facco et al. 2017; Levina & Bickel 2004; 4/d: Sharma & Kaplan 2020, arXiv 2004.10802.
    """
    given = np.asarray(points, float)
    if given.ndim != 2 or not np.all(np.isfinite(given)):
        raise BadInput(f"points must be a table of finite numbers, one point per row, got shape {given.shape}")
    distinct = np.unique(given, axis=0)
    if len(distinct) < max(_FEWEST, neighbours + 2) or neighbours < 2:
        raise BadInput(
            f"{len(distinct)} distinct points are too few for {neighbours} neighbours; give {_FEWEST} or more"
        )
    spread = distinct.std(axis=0)
    scaled = (distinct - distinct.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    shuffled = np.random.default_rng(0).permutation(scaled)
    near = nearest(shuffled, neighbours)
    log_ratio = np.log(near[:, 1] / near[:, 0])
    inverse = np.log(near[:, -1:] / near[:, :-1]).sum(axis=1) / (neighbours - 1)
    halved = nearest(shuffled[::2], 2)
    return IntrinsicDimension(
        two_nn=_likeliest(log_ratio),
        two_nn_slope=_slope(log_ratio),
        levina_bickel=float(1 / inverse.mean()),
        neighbours=neighbours,
        points=len(distinct),
        halved=_likeliest(np.log(halved[:, 1] / halved[:, 0])),
    )


def nearest(points: Array, k: int) -> Array:
    """Return the distances of each point to its k nearest others, ascending, (n, k)."""
    square = (points**2).sum(axis=1)
    found = np.empty((len(points), k))
    for first in range(0, len(points), _CHUNK):
        part = slice(first, first + _CHUNK)
        distance = square[part, None] + square - 2 * points[part] @ points.T
        distance[np.arange(len(distance)), np.arange(first, first + len(distance))] = np.inf
        found[part] = np.sort(np.partition(distance, k - 1, axis=1)[:, :k], axis=1)
    return np.sqrt(np.maximum(found, 1e-300))


def _likeliest(log_ratio: Array) -> float:
    return float((len(log_ratio) - 1) / log_ratio.sum())


def _slope(log_ratio: Array) -> float:
    """Return the slope through the origin of -ln(1 - F) over ln mu, from the lowest ratios."""
    ordered = np.sort(log_ratio)
    kept = int(_KEPT * len(ordered))
    log_survival = -np.log1p(-np.arange(1, kept + 1) / len(ordered))
    return float(ordered[:kept] @ log_survival / (ordered[:kept] @ ordered[:kept]))
