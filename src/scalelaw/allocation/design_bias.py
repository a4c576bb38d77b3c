"""Measure how far a profile misplaces the optimum on a given design without noise, as in off-centre sweeps.

A parabola through an asymmetric profile misses its minimum by an amount that depends on the placement of sizes around
it. If every budget is swept alike, the bias is a constant share of N* and the exponent stays right; else it drifts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.scaling import scaling
from scalelaw.allocation.size_profiles import PROFILES
from scalelaw.allocation.sweep import Sweep
from scalelaw.core.errors import ScalelawError
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array, frozen
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get

_STARTS = 6


@dataclass(frozen=True, eq=False)
class DesignBias(Brief):
    """Bias of profiles on the noise-free surface of a law fitted to the sweep.

    Attributes:
        law: the law and its exponents, in words.
        size: profile -> found over true N*, minus one, at each budget (m,); NaN without a minimum.
        exponent: profile -> found minus true exponent of N*.
        centre: decades from the true N* to the middle of the swept sizes, (m,).
    """

    law: str
    size: Mapping[str, Array]
    exponent: Mapping[str, float]
    centre: Array

    def largest(self, profile: str) -> float:
        """Return the largest absolute bias of N* over the budgets."""
        size = np.abs(self.size[profile])
        return float(np.nanmax(size)) if np.isfinite(size).any() else float("inf")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "law": self.law,
            "size": {name: values.tolist() for name, values in self.size.items()},
            "exponent": dict(self.exponent),
            "centre": self.centre.tolist(),
        }


def design_bias(chosen: Sweep, spec: IsoFlopSpec) -> DesignBias | None:
    """Return the bias of the chosen profile and of the parabola; None if no law can be fitted to the runs.

    The law is E + A/N^alpha + B/D^beta, fitted to the runs by least squares on the logarithm of the loss. Its optimum
    at each budget counts as the truth; the profiles are fitted to its values at the runs.
    """
    law = get("chinchilla", n=spec.n)
    try:
        fitted = fit_observations(law, chosen.rows, FitSpec(Noise("squared"), draws=0, starts=_STARTS))
    except ScalelawError:
        return None
    _, a, b, alpha, beta = fitted.coef
    if not (a > 0 and b > 0 and alpha > 0 and beta > 0):
        return None
    axis = chosen.axis("params")
    # f(t) = a e^(-alpha x) + b e^(-beta ln D), where ln D falls with x by the slope of the budget.
    middle = axis.middle[:, 0]
    tokens = np.log(chosen.flops / chosen.flops_per_nd) - middle
    pull = np.log(alpha * a / (axis.slope * beta * b)) - alpha * middle + beta * tokens
    true = middle + pull / (alpha + axis.slope * beta)
    surface = chosen.padded(law.predict(fitted.coef, chosen.rows.inputs(law.inputs)), 1.0)
    size: dict[str, Array] = {}
    exponent: dict[str, float] = {}
    names: tuple[str, ...] = (spec.profile, "parabola")
    for name in dict.fromkeys(names):
        if name == "powers" and len(chosen.rows) < 3 * len(chosen) + 2:
            continue
        found = PROFILES[name].locate(axis, surface[None]).x[0]
        size[name] = frozen(np.exp(found - true) - 1)
        there = np.isfinite(found)
        if there.sum() > 1:
            lines = (scaling(spec.n, chosen.flops[there], x[there], None, None) for x in (found, true))
            first, second = (line.exponent for line in lines)
            exponent[name] = first - second
    said = f"{law.spelling} with alpha {alpha:.3f}, beta {beta:.3f}"
    low, high = axis.range
    return DesignBias(said, size, exponent, frozen(((low + high) / 2 - true) / np.log(10)))
