"""Test the functional form of a law: under the right form, residuals have no trend along inputs or compute.

code         grade  when
FIT_MISFIT   warn   residuals bend along an input or compute more than noise explains
"""

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.uncertainty.distributions import f_tail

_DEGREE = 3
_SIGNIFICANCE = 0.02
"""Over all axes; noise that grows with size and has heavy tails can raise the false-alarm rate a few times."""
_CLIP = 4.0
_SPARE_ROWS = 4


def misfit(residual: Array, jacobian: Array, axes: dict[str, Array], weight: Array, cluster: AnyArray) -> list[Finding]:
    """Return a warning that names every axis along which the residuals bend, or an empty list.

    For each axis, add a cubic in its logarithm to the linearised law and test it by the F test of nested models.
    First clip residuals at four robust standard deviations and average the rows of each run, which are not
    independent.

    Args:
        residual: predicted minus measured at the optimum, (n,).
        jacobian: derivatives of the residuals by free coordinate, (q, n).
        axes: quantity -> values, each (n,).
        weight: weights, (n,).
        cluster: the run of each row, (n,).
    """
    spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    clipped = np.clip(residual, -_CLIP * spread, _CLIP * spread) if spread > 0 else residual
    bends = {}
    for name, values in axes.items():
        p = _nested_f_test(*_averaged(clipped, jacobian.T, _powers(np.log(values)), weight, cluster))
        if p < _SIGNIFICANCE / len(axes):
            bends[name] = p
    if not bends:
        return []
    where = ", ".join(f"{name} (p = {p:.1g})" for name, p in bends.items())
    message = f"residuals bend along {where}: the law may have the wrong form, or the runs differ in more than size"
    return [Finding("FIT_MISFIT", Grade.WARN, message, fix="compare laws with `scalelaw backtest`")]


def _powers(logs: Array) -> Array:
    """Return first to third powers of the standardised logarithms, (n, 3)."""
    scale = logs.std()
    centred = (logs - logs.mean()) / (scale if scale > 0 else 1.0)
    return np.stack([centred**degree for degree in range(1, _DEGREE + 1)], axis=1)


def _averaged(
    residual: Array, jacobian: Array, trend: Array, weight: Array, cluster: AnyArray
) -> tuple[Array, Array, Array]:
    """Return residuals, derivatives and trend averaged per run and multiplied by the square root of its weight."""
    _, member = np.unique(cluster, return_inverse=True)
    total = np.bincount(member, weight)
    stacked = np.column_stack([residual, jacobian, trend])
    means = np.stack([np.bincount(member, weight * column) for column in stacked.T], axis=1)
    means = (means / np.maximum(total, 1e-300)[:, None] * np.sqrt(total / total.mean())[:, None])[total > 0]
    q = jacobian.shape[1]
    return means[:, 0], means[:, 1 : q + 1], means[:, q + 1 :]


def _nested_f_test(residual: Array, jacobian: Array, trend: Array) -> float:
    """Return the p-value of adding the trend to the linearised law."""
    base, added = _unexplained(residual, jacobian), _unexplained(residual, np.hstack([jacobian, trend]))
    extra, spare = added[1] - base[1], len(residual) - added[1]
    if extra < 1 or spare < _SPARE_ROWS or added[0] <= 0:
        return 1.0
    ratio = max(base[0] - added[0], 0.0) / extra / (added[0] / spare)
    return f_tail(extra, spare, ratio)


def _unexplained(residual: Array, columns: Array) -> tuple[float, int]:
    """Return the residual sum of squares after regression on the columns, and their rank."""
    size = np.linalg.norm(columns, axis=0)
    directions, values, _ = np.linalg.svd(columns / np.where(size > 0, size, 1.0), full_matrices=False)
    kept = directions[:, values > 1e-7 * values[0]]
    left = residual - kept @ (kept.T @ residual)
    return float(left @ left), kept.shape[1]
