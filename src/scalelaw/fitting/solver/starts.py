"""Starts of a fit: spread evenly over the non-linear coefficients; the best linear coefficients follow from each."""

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.non_negative import non_negative

_FAR = 1e6


def projected_starts(coordinates: Coordinates, x: Inputs, y: Array, n: int) -> Array:
    """Return n coordinates (n, q) to start from, by variable projection.

    The non-linear coefficients are spread evenly over their plausible range. For each, the linear ones solve a
    least-squares problem of relative errors, non-negative where the law requires it.

    Args:
        coordinates: the free coordinates and the law.
        x: inputs, each (rows,).
        y: measured values, (rows,).
        n: number of starts.
    """
    with np.errstate(all="ignore"):
        begun = projected(coordinates, spread(coordinates, n), x, y)
        return coordinates.coordinates(recombined(coordinates, begun, x, y))


def spread(coordinates: Coordinates, n: int) -> Array:
    """Return n coefficient vectors (n, k): non-linear ones evenly spread, linear ones zero."""
    law = coordinates.law
    coef = np.tile(coordinates.base, (n, 1))
    varied = [i for i in coordinates.free if not law.coefs[i].linear]
    for i, unit in zip(varied, _low_discrepancy(n, len(varied)).T, strict=True):
        low, high = coordinates.starts[i]
        low, high = max(low, coordinates.coef_low[i]), min(high, coordinates.coef_high[i])
        if low >= high:
            low, high = _finite_range(coordinates.coef_low[i], coordinates.coef_high[i])
        coef[:, i] = low * (high / low) ** unit if law.coefs[i].log and low > 0 else low + (high - low) * unit
    for name, other in coordinates.ties:
        coef[:, name] = coef[:, other]
    return coef


def projected(coordinates: Coordinates, coef: Array, x: Inputs, y: Array) -> Array:
    """Return coefficients (n, k) with the free linear ones replaced by their least-squares values."""
    law = coordinates.law
    linear = [i for i in coordinates.free if law.coefs[i].linear]
    if not linear:
        return coef
    coef = np.array(coef)
    coef[:, linear] = 0.0
    rest, jacobian = law.inner(coef, x)
    y = law.to_inner(y)
    size = np.where(y == 0, 1.0, y)
    signed = [j for j, i in enumerate(linear) if coordinates.coef_low[i] < 0]
    tied_to = {i: [name for name, other in coordinates.ties if other == i] for i in linear}
    for row in range(len(coef)):
        columns = np.stack([jacobian[row, [i, *tied_to[i]]].sum(0) for i in linear], axis=1) / size[:, None]
        target = y / size - np.broadcast_to(rest[row], y.shape) / size
        coef[row, linear] = _non_negative(columns, target, signed)
    for name, other in coordinates.ties:
        coef[:, name] = coef[:, other]
    return np.clip(coef, coordinates.coef_low, coordinates.coef_high)


def recombined(coordinates: Coordinates, coef: Array, x: Inputs, y: Array) -> Array:
    """Return starts (n, k): the first joins the best values for each level of a category, the second the next best, ...

    With separate coefficients for each output, a start is good only if it is good for all of them. If one start in four
    is good for each of seven outputs, one in sixteen thousand is good for all. Sorting the values separately for each
    level makes the first start good for all.
    """
    categories = [x[name] for name in x if kind_of(name) == "text"]
    if not categories:
        return coef
    law = coordinates.law
    _, level = np.unique(np.stack(categories), axis=1, return_inverse=True)
    member = level.ravel()[:, None] == np.arange(level.max() + 1)
    value, jacobian = law.value_and_jacobian(coef, x)
    touched = (np.abs(jacobian).sum(axis=0) @ member) > 0
    own = touched.sum(axis=1) == 1
    bent = [i for i in coordinates.free if own[i] and not law.coefs[i].linear]
    if not bent:
        return coef
    error = (value / y - 1) ** 2 @ member
    order = np.argsort(np.where(np.isfinite(error), error, np.inf), axis=0, kind="stable")
    joined = np.array(coef)
    for i in bent:
        joined[:, i] = coef[order[:, int(np.argmax(touched[i]))], i]
    return projected(coordinates, joined, x, y)


def _non_negative(columns: Array, target: Array, signed: list[int]) -> Array:
    """Solve least squares with every unknown non-negative except those in ``signed``."""
    size = np.maximum(np.linalg.norm(columns, axis=0), 1e-280)
    scaled = columns / size
    if not (np.all(np.isfinite(scaled)) and np.all(np.isfinite(target))):
        return np.zeros(columns.shape[1])
    solution = non_negative(np.hstack([scaled, -scaled[:, signed]]), target)
    positive, negative = np.split(solution, [columns.shape[1]])
    positive[signed] -= negative
    return np.asarray(positive / size)


def _finite_range(low: float, high: float) -> tuple[float, float]:
    """Return the bounds, with an open end replaced by a far value."""
    low = low if np.isfinite(low) else -_FAR
    return low, high if np.isfinite(high) else low + _FAR


def _low_discrepancy(n: int, dimensions: int) -> Array:
    """Return n points in the unit cube by the generalised golden ratio (Roberts 2018), shape (n, dimensions)."""
    ratio = 2.0
    for _ in range(30):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1, dimensions + 1)
    return (0.5 + np.outer(np.arange(1, n + 1), steps)) % 1.0
