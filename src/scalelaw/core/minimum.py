"""Find the minimum of values on an even grid, between grid points."""

import numpy as np

from scalelaw.core.types import AnyArray, Array


def lowest(values: Array) -> AnyArray:
    """Return the index of the least value of each row; NaN counts as infinite."""
    return np.asarray(np.argmin(np.where(np.isnan(values), np.inf, values), axis=1))


def least(grid: Array, values: Array) -> tuple[Array, Array]:
    """Return place and value of the minimum of each row, by the quartic through its five lowest neighbours.

    A parabola would be off by (beta - alpha) step^2 / 6 in ln N if the two sides differ in steepness; the quartic is
    not. Newton steps from the lowest grid point find the zero of its slope.

    Args:
        grid: evenly spaced abscissae, shape (m,).
        values: shape (b, m); NaN counts as infinite.

    Returns:
        Abscissa and value, each (b,); NaN where the least value lies within two points of the edge.

    Example:
        >>> least(np.arange(-4.0, 5.0), (np.arange(-4.0, 5.0)[None, :] - 0.25) ** 2)
        (array([0.25]), array([0.]))
    """
    if grid.size < 5:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    low = lowest(values)
    middle = np.clip(low, 2, grid.size - 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        f = np.take_along_axis(values, middle[:, None] + np.arange(-2, 3), axis=1).T
        first = (f[0] - 8 * f[1] + 8 * f[3] - f[4]) / 12
        second = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / 12
        third = (-f[0] + 2 * f[1] - 2 * f[3] + f[4]) / 2
        fourth = f[0] - 4 * f[1] + 6 * f[2] - 4 * f[3] + f[4]
        t = np.zeros(len(values))
        for _ in range(4):
            slope = first + t * (second + t * (third / 2 + t * fourth / 6))
            t = np.clip(t - slope / (second + t * (third + t * fourth / 2)), -1.0, 1.0)
        value = f[2] + t * (first + t * (second / 2 + t * (third / 6 + t * fourth / 24)))
    found = (low == middle) & (second > 0)
    return np.where(found, grid[middle] + t * (grid[1] - grid[0]), np.nan), np.where(found, value, np.nan)
