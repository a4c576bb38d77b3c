"""Fit a law to runs: choose the rows, find the optimum, check it, draw its uncertainty.

code            grade  when
FIT_DRAWS_LOST  warn   more than one resample in twenty does not determine the coefficients
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from scalelaw.core.components import components, kind_of
from scalelaw.core.errors import BadTable, UnknownName
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.nouns.coefficients import named_array
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.fitting.checks.misfit import misfit
from scalelaw.fitting.checks.status import FitStatus, assess
from scalelaw.fitting.checks.suspects import compared
from scalelaw.fitting.fitted_rows import FittedRows
from scalelaw.fitting.observe import capitals_of, check_sizes, observe
from scalelaw.fitting.recalled import fitted
from scalelaw.fitting.result import ENOUGH, FitResult
from scalelaw.fitting.solver.penalty import Prior
from scalelaw.fitting.solver.solve import Problem
from scalelaw.fitting.spec import FitOptions, FitSpec
from scalelaw.fitting.uncertainty.prior import check_prior, prior_of
from scalelaw.laws import AboveChance, Law
from scalelaw.runs.chance import Chance
from scalelaw.runs.checking.values import check_design
from scalelaw.runs.currency import currency
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reducing.pooling import check_pooling, indicators, shared_conditions
from scalelaw.runs.reducing.suspects import called
from scalelaw.runs.reducing.sweeps import SWEPT

_INPUTS = ("DESIGN_COLLINEAR", "DESIGN_CONSTANT")
_FEW_LOST = 0.05
_ROUNDING = 1e-13
"""Residuals of this size, relative to the target, are rounding; their trend means nothing."""
_ASKED_FOR = "FIT_PRIOR"
"""Shown with the fit but not raised as a warning, since the user chose prior=."""


def fit(
    law: str | Law,
    runs: Any,
    *,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    x: str | None = None,
    chance: Chance | None = None,
    **options: Unpack[FitOptions],
) -> FitResult:
    """Fit a law to the runs of a table.

    Args:
        law: a name (``chinchilla``), a spelling with its shape (``power[input=tokens]``), any formula
            (``E + A/params**a``), or a law.
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: what to fit, ``metric@eval_set``; optional if the table has one target.
        use: which rows to fit: ``endpoints`` (the default), the ``best`` of each swept cell, or all ``curves``.
        over: what was swept, for ``use="best"``.
        x: target that a law of a measured input takes, such as ``loss@c4``; only if several may be meant.
        chance: score of guessing, as in ``load_runs``.
        **options: how to fit, see ``FitSpec``.

    Returns:
        Coefficients with draws, status and the fitted and excluded rows.

    Raises:
        BadInput: a bad argument, or a table the law cannot be fitted to.
        NeedsAnswer: the user must choose the target, the rows or the kind of N.
        FitFailed: no start reached a finite objective.

    Example:
        >>> import scalelaw as sl
        >>> result = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=0)
        >>> result.status.converged
        True
    """
    chosen, observed = observe(law, runs, target=target, use=use, over=over, x=x, chance=chance)
    result = compared(fit_observations(chosen, observed, make_spec(**options)), observed, fit_observations)
    enforce(finding for finding in result.findings if finding.grade is Grade.WARN and finding.code != _ASKED_FOR)
    return result


def make_spec(**options: Unpack[FitOptions]) -> FitSpec:
    """Return the spec of these options.

    Raises:
        UnknownName: an option that does not exist.
    """
    known = FitOptions.__annotations__
    for name in options:
        if name not in known:
            raise UnknownName.among("option of fit", name, known)
    return FitSpec(**options)


def fit_observations(law: Law, observed: Observations, spec: FitSpec) -> FitResult:
    """Fit without raising warnings; they are only in the findings.

    Raises:
        BadInput: the law cannot be fitted to these rows.
        FitFailed: no start reached a finite objective.
    """
    spec = replace(spec, noise=spec.noise.above(law.chance if isinstance(law, AboveChance) else None))
    usable, prior, design = check_fit(law, observed, spec)
    x = usable.inputs(law.inputs)
    found, draws = fitted(law, usable, x, spec, prior)
    sample = found.sample
    problem, u, weight = sample.problem, sample.u, sample.weight
    status = assess(problem, found.solution, found.best, weight)
    lost = _lost_draws(draws, spec)
    findings = (*usable.findings, *design, *_doubts(status), *lost, *_misfit(problem, u, usable))
    if prior is not None:
        findings = (*findings, *check_prior(prior, draws))
    return FitResult(
        law=law,
        coef=named_array(frozen(problem.coordinates.coef(u[None])[0]), law.coef_names),
        draws=None if draws is None else frozen(draws),
        objective=float(found.solution.objective[found.best]) if prior is None else _of_rows(problem, u, weight),
        status=status,
        spec=spec,
        rows=FittedRows(
            x,
            frozen(usable.y),
            frozen(weight),
            usable.cluster,
            usable.read,
            usable.set_aside,
            usable.digest_of((*law.inputs, "flops")),
            {name: usable.levels[name] for name in law.inputs if name in usable.levels},
            called(usable),
            usable.setting,
        ),
        target=usable.target,
        domain=usable.domain(),
        findings=findings,
        notes=usable.notes,
        noise=problem.noise,
        spread=found.spread,
        conditions=shared_conditions(usable),
        cost=currency(usable, law.inputs),
    )


def check_fit(law: Law, observed: Observations, spec: FitSpec) -> tuple[Observations, Prior | None, list[Finding]]:
    """Return the rows to fit, the prior and the warnings about the design; refuse what no search can fit.

    Raises:
        BadInput: the law cannot be fitted to these rows.
    """
    spec.restrictions.check(law)
    usable = _usable(law, observed, spec)
    prior = prior_of(spec, law)
    free = len(law.coefs) - len(spec.fixed) - len(spec.ties) - (0 if prior is None else len(prior.names))
    design = [*check_pooling(usable, law.inputs), *_designed(law, check_design(usable, law.inputs, free))]
    enforce(finding for finding in design if finding.grade is not Grade.WARN)
    return usable, prior, design


def _designed(law: Law, found: Sequence[Finding]) -> list[Finding]:
    """Add to findings about inputs the meaning of a formula's capital letters."""
    meaning = capitals_of(law)
    if not meaning:
        return list(found)
    return [replace(each, fix=f"{each.fix}; {meaning}") if each.code in _INPUTS else each for each in found]


def _of_rows(problem: Problem, u: Array, weight: Array) -> float:
    """Return the objective without the prior."""
    return float(weight @ problem.noise.loss(problem.residual(u[None])[0]))


def _usable(law: Law, observed: Observations, spec: FitSpec) -> Observations:
    """Return the rows to fit, weighted by the spec and sorted by value, so that file order does not matter."""
    try:
        usable = observed.complete(law.inputs).with_levels(law.inputs)
    except BadTable as error:
        if meaning := capitals_of(law):
            raise BadTable(f"{error}; {meaning}", error.findings) from error
        raise
    check_sizes(law, usable)
    if spec.noise.of_items and "n_items" in usable.columns:
        usable = usable.complete(["n_items"])
    if spec.noise.logarithmic:
        usable = usable.keep(usable.y > 0, f"{usable.target} is not positive, but residuals are of its logarithm")
    if spec.noise.of_scores:
        why = f"{usable.target} is not between chance and one, but residuals are of its {spec.noise.on}"
        usable = usable.keep(spec.noise.measurable(usable.y), why)
    if spec.weights is not None:
        usable = usable.weighed(spec.weights)
    if spec.prior is not None and len(usable):
        mean = math.fsum(usable.weight) / len(usable)  # independent of row order
        usable = replace(usable, weight=usable.weight / mean)  # a prior is weighed against runs, not sums
    if not len(usable):
        message = f"no row is left to fit {law.spelling}: {_reasons(usable)}"
        fix = "mend or complete those rows; `scalelaw runs check` names them"
        raise BadTable(message, [Finding("RUNS_NONE_LEFT", Grade.REFUSE, message, usable.read, fix)])
    flat = [*components(usable.inputs(law.inputs)).values()]
    return usable.rows(np.lexsort([usable.weight, usable.y, *reversed(flat)]))


def _reasons(observed: Observations) -> str:
    return ", ".join(f"{part.n} excluded ({part.reason})" for part in observed.set_aside) or "the table has no rows"


def _lost_draws(draws: Array | None, spec: FitSpec) -> list[Finding]:
    """Warn if many resamples did not determine the coefficients."""
    lost = spec.draws - (0 if draws is None else len(draws))
    if lost <= _FEW_LOST * spec.draws:
        return []
    left = spec.draws - lost
    so = "so there are no intervals" if left < ENOUGH * spec.draws else "and intervals leave them out"
    message = f"{lost} of {spec.draws} resamples do not determine the coefficients, {so}"
    return [Finding("FIT_DRAWS_LOST", Grade.WARN, message, lost, "fit a law with fewer coefficients, or more runs")]


def _doubts(status: FitStatus) -> list[Finding]:
    return [Finding("FIT_NOT_CERTIFIED", Grade.WARN, caveat) for caveat in status.caveats]


@np.errstate(all="ignore")
def _misfit(problem: Problem, u: Array, usable: Observations) -> list[Finding]:
    """Test the residuals for a trend along each input and compute.

    A recipe that changes with size has its own warning, so a trend that its levels explain gives no second one.
    """
    state = replace(problem, penalty=None).evaluate(u[None])
    if np.all(np.abs(problem.residual(u[None])[0]) <= _ROUNDING * np.maximum(np.abs(problem.y), 1.0)):
        return []
    recipes = indicators(usable, problem.coordinates.law.inputs)
    if problem.spread is not None:
        recipes = recipes / problem.spread
    by_coordinate = np.vstack([state.slopes[0] @ state.jacobian[0], recipes])
    if not np.isfinite(by_coordinate).all():  # derivatives overflow
        return []
    axes = {name: np.asarray(usable.columns[name], float) for name in _trend_axes(problem, usable)}
    return misfit(state.residual[0], by_coordinate, axes, usable.weight, usable.cluster)


def _trend_axes(problem: Problem, usable: Observations) -> list[str]:
    names = dict.fromkeys((*problem.coordinates.law.inputs, "flops"))
    known = [name for name in names if name in usable.columns and kind_of(name) == "number"]
    return [name for name in known if _varies(usable.columns[name])]


def _varies(values: AnyArray) -> bool:
    numbers = np.asarray(values, float)
    return bool(np.all(np.isfinite(numbers) & (numbers > 0)) and len(np.unique(numbers)) > 1)
