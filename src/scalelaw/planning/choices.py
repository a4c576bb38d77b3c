"""Alternatives to the choices an analyst makes before a plan, one change at a time.

An alternative changes the loss function, excludes outlying runs, counts N or C another way, uses another law, or adds
a prior on exponents from the literature. Loss functions are also varied without the outlying runs, because loss
functions differ in the effect of outliers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.accounting.pearce_song import with_embeddings, without_embeddings
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import frozen
from scalelaw.fitting.checks.outliers import outlying
from scalelaw.fitting.decision import kind_of_params
from scalelaw.fitting.refit import problem_of
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.prior import exponents_of, literature
from scalelaw.laws import HasOptimum, Law, get, names
from scalelaw.runs.currency import by_convention
from scalelaw.runs.observations import Observations

Choice = Literal["base", "loss function", "outliers", "loss function and outliers", "counting", "law", "prior"]

LOSS_FUNCTIONS = (
    Noise("huber", 1e-3),
    Noise("huber", 1e-2),
    Noise("absolute"),
    Noise("squared"),
    Noise("huber", 1e-3, "raw"),
    Noise("squared", on="raw"),
)
"""Loss functions used in published fits: Huber as in Hoffmann and Epoch, a wider Huber, absolute, squared, raw loss."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """One alternative analysis.

    Attributes:
        choice: the choice that differs from the base.
        label: description of the change.
        law: the law to fit.
        observed: the rows to fit.
        spec: the fit specification.
        params_as_base: converts its N* to the base's kind of N; None if the kinds agree.
    """

    choice: Choice
    label: str
    law: Law
    observed: Observations
    spec: FitSpec
    params_as_base: Any = None


def alternatives(base: FitResult, observed: Observations) -> Iterator[Alternative]:
    """Yield the base and every alternative that its rows and law allow.

    Args:
        base: the fit of the base.
        observed: the fitted rows.
    """
    yield Alternative("base", _described(base.law, base.spec), base.law, observed, base.spec)
    yield from _loss_functions("loss function", base, observed, "")
    apart = _without_outliers(base, observed)
    if apart is not None:
        left_out = f"{len(observed) - len(apart)} outlying rows left out"
        yield Alternative("outliers", left_out, base.law, apart, base.spec)
        yield from _loss_functions("loss function and outliers", base, apart, f", {left_out}")
    yield from _countings(base, observed)
    yield from _laws(base, observed)
    if base.spec.prior is not None:
        yield Alternative("prior", "no prior", base.law, observed, replace(base.spec, prior=None))
    elif _has_prior(base.law, base.spec):
        label = "exponents from the literature"
        yield Alternative("prior", label, base.law, observed, replace(base.spec, prior="literature"))


def _has_prior(law: Law, spec: FitSpec) -> bool:
    """Return whether a literature prior exists for this law's exponents."""
    try:
        literature(law, {*spec.fixed, *spec.ties})
    except ScalelawError:
        return False
    return True


def _described(law: Law, spec: FitSpec) -> str:
    return f"{law.spelling}, {spec.noise}"


def _loss_functions(choice: Choice, base: FitResult, observed: Observations, also: str) -> Iterator[Alternative]:
    for noise in LOSS_FUNCTIONS:
        if noise != base.spec.noise:
            yield Alternative(choice, f"{noise}{also}", base.law, observed, replace(base.spec, noise=noise))


def _without_outliers(base: FitResult, observed: Observations) -> Observations | None:
    """Return the rows without outlying runs; None without any, or with too few rows for the test."""
    problem, u = problem_of(base)
    found = outlying(problem, u, base.rows.weight, base.rows.cluster)
    if found is None or not found.flagged.any():
        return None
    flagged = np.unique(base.rows.cluster)[found.flagged]
    return observed.keep(~np.isin(observed.cluster, flagged), "lies apart from the other runs")


def _countings(base: FitResult, observed: Observations) -> Iterator[Alternative]:
    """Yield the base law with other kinds of N, and with C by convention instead of the table's own."""
    kind = kind_of_params(base.law)
    if "n" in {field.name for field in fields(base.law)}:
        for other in COUNTINGS:
            if other != kind and other in observed.columns:
                law = replace(base.law, n=other)  # type: ignore[call-arg]
                ratio = float(np.nanmedian(observed.columns[kind] / observed.columns[other]))
                label = f"N as {other}, the table's column; N* times {ratio:.3g} for comparison"
                yield Alternative("counting", label, law, observed, base.spec, lambda n, r=ratio: n * r)
        yield from _converted(base, observed, kind)
    if base.cost is not None:
        plain = COUNTINGS[kind]
        yield Alternative(
            "counting", f"{plain.words}, not the table's own", base.law, by_convention(observed), base.spec
        )


def _converted(base: FitResult, observed: Observations, kind: str) -> Iterator[Alternative]:
    """Yield the base law with params or params_non_embedding converted to the other, after Pearce and Song."""
    there, back = {
        "params": (without_embeddings, with_embeddings),
        "params_non_embedding": (with_embeddings, without_embeddings),
    }.get(kind, (None, None))
    other = "params_non_embedding" if kind == "params" else "params"
    if there is None or other in observed.columns:
        return
    columns = {**observed.columns, other: frozen(there(observed.inputs([kind])[kind]))}
    label = f"N as {other}, by Pearce and Song"
    law = replace(base.law, n=other)  # type: ignore[call-arg]
    yield Alternative("counting", label, law, replace(observed, columns=columns), base.spec, back)


def _laws(base: FitResult, observed: Observations) -> Iterator[Alternative]:
    """Yield every registered law of the same N and tokens, and the base with equal exponents."""
    kind = kind_of_params(base.law)
    plain = replace(base.spec, fixed={}, ties={}, bounds={}, prior=None)
    for name in names():
        law = get(name)
        if "n" in {field.name for field in fields(law)}:
            law = get(name, n=kind)
        if law.spelling != base.law.spelling and type(law) is not type(base.law) and _splits(law, kind):
            yield Alternative("law", law.spelling, law, observed, plain)
    exponents = exponents_of(base.law)
    held = {*base.spec.fixed, *base.spec.ties, *base.spec.bounds}
    if len(exponents) == 2 and not held & set(exponents):
        first, second = exponents
        yield Alternative(
            "law", f"{first} = {second}", base.law, observed, replace(base.spec, ties={**base.spec.ties, second: first})
        )


def _splits(law: Law, kind: str) -> bool:
    """Return whether a law splits a budget between this kind of N and tokens."""
    try:
        return isinstance(law, HasOptimum) and kind_of_params(law) == kind
    except ScalelawError:
        return False
