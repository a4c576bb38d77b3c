"""Compare the answer of a fit with and without the runs that blew up, for the finding that names them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.accounting.budget import default_budget
from scalelaw.core.errors import ScalelawError
from scalelaw.core.findings import Finding
from scalelaw.core.numbers import format_number
from scalelaw.fitting.decision import optimum_at
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.suspects import CODE

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

_STARTS = 16

Refit = Callable[[Law, Observations, FitSpec], "FitResult"]
"""A function that fits a law to rows."""


def noted(
    findings: Iterable[Finding], law: Law, observed: Observations, spec: FitSpec, refit: Refit
) -> tuple[Finding, ...]:
    """Return the findings; the one about runs that blew up also gives the answer with and without them.

    Args:
        findings: findings about the rows.
        law: the law.
        observed: the rows, which name the runs.
        spec: how to fit the law.
        refit: fits the law to rows.
    """
    found = tuple(findings)
    if not observed.suspects:
        return found
    spec = replace(spec, draws=0, starts=min(spec.starts, _STARTS))
    try:
        answers = [_answer(refit(law, rows, spec)) for rows in (observed, unsuspected(observed))]
    except ScalelawError:
        return found
    alone = [f"{each} (by {law.spelling} alone)" for each in answers[1:]]
    return tuple(said(each, answers[0], *alone) if each.code == CODE else each for each in found)


def compared(fit: "FitResult", observed: Observations, refit: Refit) -> "FitResult":
    """Return a fit whose finding about runs that blew up gives the answer with and without them."""
    return replace(fit, findings=noted(fit.findings, fit.law, observed, fit.spec, refit)) if observed.suspects else fit


def unsuspected(observed: Observations) -> Observations:
    """Return the rows without the runs that blew up."""
    names = observed.run_names().astype(str)
    return observed.keep(~np.isin(names, observed.suspects), "far above their neighbours")


def said(finding: Finding, with_them: str, without: str) -> Finding:
    """Add to a finding the answers with and without the runs it names."""
    it = "it" if finding.rows == 1 else "them"
    return replace(finding, message=f"{finding.message}: with {it} {with_them}, without {it} {without}")


def _answer(fit: "FitResult") -> str:
    """Describe N*, D* and loss at ten times the largest budget if the law splits one, else the coefficients."""
    kinds = [name for name in fit.law.inputs if name.startswith("params")]
    if set(fit.law.inputs) == {*kinds, "tokens"} and len(kinds) == 1 and "flops" in fit.domain:
        budget = default_budget(fit.domain)
        params, tokens, loss = (float(each[0]) for each in optimum_at(fit.law, fit.coef[None], budget, fit.cost))
        if np.isfinite([params, tokens, loss]).all():
            size = f"{format_number(params, 3)} on {format_number(tokens, 3)} tokens"
            return f"{size} and a loss of {loss:.4g} at {format_number(budget, 3)} FLOP"
    return ", ".join(f"{coef.name} {value:.4g}" for coef, value in zip(fit.law.coefs, fit.coef, strict=True))
