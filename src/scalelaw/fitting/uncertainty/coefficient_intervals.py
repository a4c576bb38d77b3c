"""Coefficients with their standard errors and intervals, and those that the runs do not determine."""

from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.core.forecaster import holding, robust_sd

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

_WIDE = 10
"""A coefficient whose interval extends more than this factor from its value is undetermined."""


def coefficients(fit: "FitResult", level: float | None) -> dict[str, dict[str, Any]]:
    """Return value, standard error and interval of each coefficient, by name.

    The standard error is ``robust_sd`` of the draws, which heavy tails do not inflate. Standard error and interval
    equal None without draws or if too many were lost; an interval always contains its value.
    """
    level = level or fit.spec.level
    k = len(fit.law.coefs)
    unknown: list[float | None] = [None] * k
    se, lo, hi = unknown, unknown, unknown
    if fit.trusted is not None:
        se = robust_sd(fit.trusted).tolist()
        lo, hi = (ends.tolist() for ends in holding(fit.coef, fit.trusted, level))
        for i in _pressed(fit):
            se[i] = lo[i] = hi[i] = None
    return {
        c.name: {
            "value": float(fit.coef[i]),
            "se": se[i],
            "lo": lo[i],
            "hi": hi[i],
            "level": level,
            "unit": c.unit,
        }
        for i, c in enumerate(fit.law.coefs)
    }


def undetermined(fit: "FitResult") -> tuple[str, ...]:
    """Return the coefficients with a singular direction, an interval beyond a factor of 10, or too few draws."""
    open_ = set(fit.status.undetermined)
    known = {*fit.spec.fixed, *fit.spec.ties, *fit.status.at_bounds}
    if fit.draws is not None and fit.trusted is None:
        open_ |= set(fit.law.coef_names) - known
    for coef, values in zip(fit.law.coefs, coefficients(fit, None).values(), strict=True):
        if coef.name in known or coef.low < 0 or values["lo"] is None:
            continue
        if values["lo"] < values["value"] / _WIDE or values["hi"] > values["value"] * _WIDE:
            open_.add(coef.name)
    return tuple(name for name in fit.law.coef_names if name in open_)


def _pressed(fit: "FitResult") -> list[int]:
    """Return indices of the fitted coefficients whose draws are all at a bound, so that their spread is unknown."""
    held = {*fit.spec.fixed, *fit.spec.ties}
    still = np.ptp(fit.draws, axis=0) == 0 if fit.draws is not None else np.zeros(len(fit.coef), bool)
    return [i for i, coef in enumerate(fit.law.coefs) if still[i] and coef.name not in held]
