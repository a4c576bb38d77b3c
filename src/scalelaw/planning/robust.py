"""Compare a plan under other defensible choices.

code             grade  when
ROBUST_DISAGREE  warn   alternatives with similar held-out error decide outside the interval of the base
ROBUST_NO_SPLIT  warn   an alternative has no compute-optimal split, or cannot be fitted
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from scalelaw.accounting.budget import default_budget
from scalelaw.accounting.flops import COUNTINGS
from scalelaw.backtesting.windows import windows
from scalelaw.core.errors import BadInput, FitFailed, ScalelawError, ScalelawWarning
from scalelaw.core.estimate import Estimate
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.observe import observe, observe_rows
from scalelaw.fitting.spec import FitOptions, FitSpec
from scalelaw.forecasting.ensemble_name import ensemble_named
from scalelaw.laws import Law, get
from scalelaw.planning.answer import Plan
from scalelaw.planning.by_ensemble import against, ensemble_outcomes
from scalelaw.planning.choices import Alternative, alternatives
from scalelaw.planning.outcome import ChoiceOutcome
from scalelaw.planning.question import Number, Prior, ask
from scalelaw.planning.solve import plan
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reducing.pooling import check_which_params
from scalelaw.runs.reducing.sweeps import SWEPT

DRAWS = 200
"""Default number of refits of each alternative."""
COMPARABLE = 1.25
"""An alternative is comparable if its held-out error is at most this many times the least."""

_SHOWN = 3
"""Failed alternatives that a finding lists."""
_REACH = 10.0
_DIFFERENT = 0.25
_STARTS = 16


@dataclass(frozen=True, eq=False)
class Robustness(Renderable, Tabular):
    """One decision under all alternatives; the first outcome is the base.

    Attributes:
        flops: the budget, FLOP.
        level: probability of the intervals.
        law: spelling of the base law.
        target: the fitted metric.
        outcomes: the base, then each alternative.
        cut: C in FLOP that separates fitted from held-out runs; None if the table allows no such split.
        spec: how the base is fitted.
    """

    flops: float
    level: float
    law: str
    target: str
    outcomes: tuple[ChoiceOutcome, ...]
    cut: float | None
    spec: FitSpec | None = None

    @property
    def base(self) -> ChoiceOutcome:
        """The decision with which alternatives are compared."""
        return self.outcomes[0]

    def range(self, *, comparable: bool = False) -> tuple[float, float]:
        """Return the lowest and highest tokens per parameter, of all outcomes or of the comparable ones."""
        ratios = [each.ratio for each in self.outcomes if math.isfinite(each.ratio)]
        if comparable:
            ratios = [each.ratio for each in self.outcomes if each.comparable and math.isfinite(each.ratio)] or ratios
        return min(ratios), max(ratios)

    @property
    def spreads(self) -> dict[str, tuple[float, float]]:
        """Choice -> lowest and highest tokens per parameter over its alternatives and the base; largest range first."""
        found: dict[str, list[float]] = {}
        for each in self.outcomes[1:]:
            if math.isfinite(each.ratio):
                found.setdefault(each.choice, [self.base.ratio]).append(each.ratio)
        ordered = sorted(found.items(), key=lambda item: -math.log(max(item[1]) / min(item[1])))
        return {choice: (min(ratios), max(ratios)) for choice, ratios in ordered}

    @property
    def disagree(self) -> bool:
        """Whether comparable outcomes lie outside the base's interval; without an interval, more than 25 % apart."""
        low, high = self.range(comparable=True)
        own = self.base.tokens_per_param
        if own is not None and own.lo is not None and own.hi is not None:
            return low < own.lo or high > own.hi
        return high / low > 1 + _DIFFERENT

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Disagreement, and alternatives without a decision."""
        found = []
        if self.disagree:
            found.append(Finding("ROBUST_DISAGREE", Grade.WARN, self._verdict(), fix=self._advice()))
        lost = [each for each in self.outcomes if each.failed]
        if lost:
            shown = "; ".join(f"{each.label}: {each.failed}" for each in lost[:_SHOWN])
            more = f" (and {len(lost) - _SHOWN} more)" if len(lost) > _SHOWN else ""
            found.append(Finding("ROBUST_NO_SPLIT", Grade.WARN, f"no decision by {shown}{more}"))
        return tuple(found)

    def _verdict(self) -> str:
        low, high = (format_number(value, 3) for value in self.range(comparable=True))
        few, many = (format_number(value, 3) for value in self.range())
        alike = f"{low} to {high} tokens per parameter among alternatives with similar held-out error"
        return f"the alternatives disagree: {alike}" + (
            f", {few} to {many} among all" if (low, high) != (few, many) else ""
        )

    def _advice(self) -> str:
        choice, (low, high) = next(iter(self.spreads.items()))
        ends = f"{format_number(low, 3)} to {format_number(high, 3)}"
        return f"settle the choice of {choice} first; it matters most ({ends})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw robustness --json``."""
        low, high = self.range()
        alike = self.range(comparable=True)
        return {
            "schema": "scalelaw.robustness/1",
            "law": self.law,
            "target": self.target,
            "flops": self.flops,
            "level": self.level,
            "outcomes": [each.to_dict() for each in self.outcomes],
            "tokens_per_param": {"low": low, "high": high, "comparable_low": alike[0], "comparable_high": alike[1]},
            "disagree": self.disagree,
            "spreads": {name: list(ends) for name, ends in self.spreads.items()},
            "held_out_below": self.cut,
            **({"spec": self.spec.to_dict()} if self.spec else {}),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row per alternative."""
        return columns_of(each.to_dict() for each in self.outcomes)

    def report(self) -> Report:
        """Return one row per alternative, the verdict, and the choices that matter."""
        head = ["choice", "how", "N*", "D*", "D*/N*", f"{100 * self.level:g} % interval", "loss", "held out", "rows"]
        rows = [head, *(_row(each) for each in self.outcomes)]
        lines = []
        if self.cut is not None:
            below = f"runs above {format_number(self.cut, 3)} FLOP, fitted below"
            lines.append(("held out", f"error on the {below}; * over {COMPARABLE} times the least"))
        lines.append(("verdict", self._verdict() if self.disagree else f"the alternatives agree {self._within()}"))
        lines += [
            ("matters" if first == 0 else "", f"{name}: {format_number(low, 3)} to {format_number(high, 3)}")
            for first, (name, (low, high)) in enumerate(self.spreads.items())
        ]
        lines += [("no decision", f"{each.label}: {each.failed}") for each in self.outcomes if each.failed]
        title = f"Plan for {format_number(self.flops)} FLOP by {self.law} fitted to {self.target}, and by alternatives"
        return Report(title, [Table(rows, right=range(2, len(head))), Lines(lines)])

    def _within(self) -> str:
        """Return the range within which the comparable alternatives agree."""
        own = self.base.tokens_per_param
        known = own is not None and own.lo is not None
        return "within the interval of the base" if known else f"within {_DIFFERENT:.0%}"


def robustness(
    runs: Any,
    *,
    flops: Number | None = None,
    law: str | Law | None = None,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    **options: Unpack[FitOptions],
) -> Robustness:
    """Plan one budget under every defensible loss function, outlier policy, counting, law and prior.

    The base is the decision of the ensemble of laws, as in ``study`` and ``plan``, or of ``law`` alone. Every
    alternative is one change to ``law`` (by default chinchilla) fitted with ``options``. Each alternative is also
    fitted to the smaller runs and scored on the larger ones. If one disagrees and its error there is large, it is just
    a worse forecaster; otherwise the disagreement is real.

    Args:
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        flops: the budget, FLOP; by default ten times that of the largest run.
        law: name, spelling, formula or law of the base, over params and tokens; by default the ensemble.
        target: metric to fit, as in ``fit``.
        use: rows to fit, as in ``fit``.
        over: swept columns, for ``use="best"``.
        **options: how the base is fitted, see ``FitSpec``; 200 draws by default, 0 for no intervals.

    Raises:
        BadInput: a bad argument, rows the base cannot be fitted to, or a law without a compute-optimal split.
        FitFailed: no start of the base reached a finite objective.

    Example:
        >>> import scalelaw as sl
        >>> found = sl.robustness(sl.datasets.load("synthetic-ladder"), flops=1e22, law="chinchilla", draws=0, starts=8)
        >>> found.base.label
        'chinchilla, Huber, delta 0.001, on log loss'
    """
    options.setdefault("draws", DRAWS)
    spec = make_spec(**options)
    if flops is not None:
        ask(flops=flops, level=spec.level)
    chosen, observed = _rows(law, runs, target, use, over)
    mixed = ensemble_named(law) is not None and spec.draws > 0
    if mixed:
        spec = replace(spec, prior=None)
    base = fit_observations(chosen, observed, spec)
    budget = ask(flops=default_budget(base.domain) if flops is None else flops, level=spec.level).value
    plan(base, flops=budget, level=spec.level)
    cut = _cut(observed.complete(chosen.inputs))
    outcomes = [_outcome(each, budget, cut) for each in alternatives(base, observed)]
    if mixed:
        prior: Prior = "none" if options.get("prior") == "none" else "literature"
        own = ensemble_outcomes(
            observed, budget, spec.level, prior=prior, seed=spec.seed, draws=options["draws"], cut=cut
        )
        outcomes = against(own, outcomes)
    errors = [each.held_out for each in outcomes if each.held_out is not None]
    limit = COMPARABLE * min(errors, default=math.inf)
    outcomes = [replace(each, comparable=each.held_out is None or each.held_out <= limit) for each in outcomes]
    name = "the ensemble of laws" if mixed else chosen.spelling
    return Robustness(budget, spec.level, name, observed.target, tuple(outcomes), cut, spec)


def _rows(
    law: str | Law | None, runs: Any, target: str | None, use: Reduction | None, over: Sequence[str]
) -> tuple[Law, Observations]:
    """Return the law whose alternatives are tried, and the rows; by default chinchilla with the table's N."""
    named = ensemble_named(law)
    if named is None and law is not None:
        chosen, observed = observe(law, runs, target=target, use=use, over=over)
        _check_alone(chosen)
        return chosen, observed
    rows = observe_rows(runs, target, use, over)
    if named is not None and named.n is not None:
        others = [name for name in COUNTINGS if name != named.n]
        rows = replace(rows, columns={name: cells for name, cells in rows.columns.items() if name not in others})
    enforce(check_which_params(rows, ("params", "tokens")))
    kind = next((name for name in COUNTINGS if name in rows.columns), "params")
    return observe(get("chinchilla", n=kind), rows)


def _check_alone(law: Law) -> None:
    """Check that a law takes only params and tokens, as the laws it is compared with do.

    Raises:
        BadInput: the law takes more.
    """
    further = [name for name in law.inputs if name not in (*COUNTINGS, "tokens")]
    if further and "tokens" in law.inputs and set(law.inputs) & set(COUNTINGS):
        raise BadInput(
            f"robustness compares laws of params and tokens, and {law.spelling} also takes {', '.join(further)}; "
            f"plan with `scalelaw plan FILE --law ... --at {further[0]}=VALUE`, or name another law"
        )


def _cut(usable: Observations) -> float | None:
    """Return the cut, C in FLOP, whose reach is nearest to tenfold; None without a window."""
    found = windows(usable, ["flops"])
    return min(found, key=lambda cut: abs(math.log(cut.reach / _REACH))).below if found else None


def _outcome(way: Alternative, budget: float, cut: float | None) -> ChoiceOutcome:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScalelawWarning)
            fit = fit_observations(way.law, way.observed, way.spec)
            planned = plan(fit, flops=budget, level=way.spec.level)
            held_out = _held_out(way, cut)
    except ScalelawError as error:
        return ChoiceOutcome(way.choice, way.label, len(way.observed), None, None, None, None, None, failed=str(error))
    params, ratio = _as_base(way, planned)
    rows, doubts = len(fit.rows.y), fit.status.doubts
    return ChoiceOutcome(
        way.choice, way.label, rows, params, planned.tokens, ratio, planned.loss, held_out, doubts=doubts
    )


def _as_base(way: Alternative, planned: Plan) -> tuple[Estimate, Estimate]:
    """Return N* and D*/N* in the base's kind of N."""
    if way.params_as_base is None:
        return planned.params, planned.tokens_per_param

    def converted(params: float | None) -> float | None:
        return None if params is None else float(way.params_as_base(params))

    value = float(way.params_as_base(planned.params.value))
    factor = value / planned.params.value
    params = replace(planned.params, value=value, lo=converted(planned.params.lo), hi=converted(planned.params.hi))
    own = planned.tokens_per_param
    lo, hi = (None if end is None else end / factor for end in (own.lo, own.hi))
    return params, replace(own, value=own.value / factor, lo=lo, hi=hi)


@np.errstate(all="ignore")
def _held_out(way: Alternative, cut: float | None) -> float | None:
    """Return the mean relative error on runs at or above the cut, of a fit to those below."""
    if cut is None:
        return None
    usable = way.observed.complete(way.law.inputs)
    compute = np.asarray(usable.columns["flops"], float)
    train, test = usable.rows(compute < cut), usable.rows(compute >= cut)
    try:
        fit = fit_observations(way.law, train, replace(way.spec, draws=0, starts=min(way.spec.starts, _STARTS)))
    except FitFailed:
        return None
    forecast = np.asarray(way.law.predict(fit.coef, test.inputs(way.law.inputs)))
    return float(np.mean(np.abs(forecast / test.y - 1)))


def _row(each: ChoiceOutcome) -> list[str]:
    def value(estimate: Estimate | None, digits: int = 4) -> str:
        return "-" if estimate is None else format_number(estimate.value, digits)

    ratio = each.tokens_per_param
    ends = ""
    if ratio is not None and ratio.lo is not None and ratio.hi is not None:
        ends = f"{format_number(ratio.lo, 3)} to {format_number(ratio.hi, 3)}"
    error = "-" if each.held_out is None else f"{each.held_out:.2%}{'' if each.comparable else '*'}"
    return [
        each.choice,
        each.label,
        value(each.params),
        value(each.tokens),
        value(ratio, 3),
        ends,
        value(each.loss, 5),
        error,
        str(each.rows),
    ]
