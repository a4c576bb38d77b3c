"""The laws of the ensemble, the priors on their exponents, and how each is fitted.

Different functional forms have different errors, so the ensemble combines laws that add the effects of params and
tokens, let them interact, have no irreducible loss, or use compute alone. Priors on the exponents stabilise fits to few
runs. Runs near the budget of interest are the most informative, so a run's weight halves per decade of compute below
the largest. docs/forecasts.md measures the value of each choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput, FitFailed, ScalelawError
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import Law, as_law
from scalelaw.runs.observations import Observations

HALVED_BY = 10.0
"""A run with this many times less compute than the largest has half its weight."""
STARTS = 8
"""Starts of each member; with priors there are few local optima."""
_NOISE = Noise("huber", delta=0.02)
_WITHOUT_FLOOR = {"alpha": (0.08, 1.65)}
_STEP = 1 - 1e-6
_TIMES = 1.42
"""Factor of one standard deviation in an exponent's prior, as published exponents spread."""


@dataclass(frozen=True)
class Member(Brief):
    """One law of the ensemble.

    Attributes:
        law: the law.
        prior: coefficient -> (value, factor), as in ``FitSpec``.
        fixed: coefficient -> fixed value.
    """

    law: Law
    prior: Mapping[str, tuple[float, float]]
    fixed: Mapping[str, float] = field(default_factory=dict)

    def spec(self, draws: int, seed: int) -> FitSpec:
        """Return the fit specification."""
        return FitSpec(noise=_NOISE, prior=self.prior, fixed=self.fixed, starts=STARTS, draws=draws, seed=seed)


def members(observed: Observations, n: str | None = None) -> tuple[Member, ...]:
    """Return the members the rows allow: laws of one N and tokens, and of compute; else of the one axis that varies.

    Args:
        observed: the rows.
        n: kind of N; by default the first that the rows have.

    Raises:
        BadInput: the rows lack that N, or it does not vary.
    """
    found: list[Member] = []
    kind = n or next((name for name in COUNTINGS if varies(observed, name)), None)
    if n is not None and not (n in COUNTINGS and varies(observed, n)):
        have = [name for name in COUNTINGS if varies(observed, name)]
        if not have:
            raise BadInput(f"all {len(observed)} runs have the same size; a law of {n} needs runs of several sizes")
        raise BadInput(
            f"{n} is missing or does not vary in these runs; use n={' or n='.join(have)} (CLI: --params-kind)"
        )
    if kind is not None and varies(observed, "tokens"):
        found += _of_params_and_tokens(kind)
    axes = ["flops"] if found else [name for name in ("flops", kind, "tokens") if name]
    axis = next((name for name in axes if varies(observed, name)), None)
    if axis is not None:
        found += _of_one(axis, floors=(True,) if found and not in_step(observed, kind) else (True, False))
    return tuple(found)


def _of_one(axis: str, floors: tuple[bool, ...]) -> list[Member]:
    """Return power laws of one axis, with and without irreducible loss, so that two forms are compared."""
    of_floor = {"alpha": (0.15 if axis == "flops" else 0.33, _TIMES)}
    return [
        Member(as_law(f"power[input={axis},floor={'yes' if floor else 'no'}]"), of_floor if floor else _WITHOUT_FLOOR)
        for floor in floors
    ]


def in_step(observed: Observations, kind: str | None, correlation: float = _STEP) -> bool:
    """Return whether tokens follow params so closely, on the log, that their effects cannot be separated."""
    if kind is None:
        return False
    sizes = np.array([np.asarray(observed.columns[name], float) for name in (kind, "tokens")])
    logs = np.log(sizes[:, (sizes > 0).all(axis=0)])
    return logs.shape[1] > 1 and bool(abs(np.corrcoef(logs)[0, 1]) > correlation)


def _of_params_and_tokens(kind: str) -> list[Member]:
    shape = f"[n={kind}]"
    powers = {"alpha": (0.33, _TIMES), "beta": (0.33, _TIMES)}
    halves = {"alpha": (0.15, 1.65), "beta": (0.15, 1.65)}
    lower = {"alpha": (0.1, 1.65), "beta": (0.1, 1.65), "q": (0.2, 2.0)}
    return [
        Member(as_law(f"chinchilla{shape}"), powers),
        Member(as_law(f"nested{shape}"), {**powers, "q": (0.7, 1.65)}),
        Member(as_law(f"nested{shape}"), lower, {"E": 0.0}),
        Member(as_law(f"joint_power{shape}"), halves),
    ]


def fit_members(
    observed: Observations, draws: int, seed: int = 0, n: str | None = None
) -> tuple[tuple[FitResult, ...], dict[str, str]]:
    """Fit every member the rows allow; return the fits, and law -> why it was left out.

    Args:
        observed: the rows; each row's weight is multiplied by that of its compute.
        draws: draws of the coefficients of each member.
        seed: seed of the draws.
        n: kind of N, see ``members``.

    Raises:
        FitFailed: no member could be fitted.
    """
    weighed = replace(observed, weight=observed.weight * by_compute(observed))
    fitted, left_out = [], {}
    for member in members(observed, n):
        name = named(member.law, member.fixed)
        try:
            fit = fit_observations(member.law, weighed, member.spec(draws, seed))
        except ScalelawError as error:
            left_out[name] = str(error)
            continue
        if fit.draws is None:
            left_out[name] = "no draws: too few rows"
        else:
            fitted.append(fit)
    if not fitted:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise FitFailed(f"no law could be fitted to these rows: {why or 'params, tokens and flops do not vary'}")
    return tuple(fitted), left_out


def by_compute(observed: Observations) -> Array:
    """Return the weight of each row by its compute, one for the largest, (n,)."""
    name = next((name for name in ("flops", "tokens", *COUNTINGS) if varies(observed, name)), None)
    if name is None:
        return np.ones(len(observed))
    spent = np.asarray(observed.columns[name], float)
    decades = np.log(np.nanmax(spent) / np.where(np.isfinite(spent), spent, np.nanmax(spent))) / np.log(HALVED_BY)
    return np.asarray(0.5**decades)


def varies(observed: Observations, name: str) -> bool:
    """Return whether a column is there, finite and not the same in every row."""
    if name not in observed.columns:
        return False
    values = np.asarray(observed.columns[name], float)
    return bool(np.isfinite(values).all() and len(np.unique(values)) > 1)


def named(law: Law, fixed: Mapping[str, float]) -> str:
    """Return a member's name: the law's spelling and its fixed coefficients."""
    return law.spelling + "".join(f", {name} = {value:g}" for name, value in fixed.items())
