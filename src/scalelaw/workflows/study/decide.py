"""Decide from a table: the one path that ``plan``, ``study``, ``report``, ``forecast`` and projects share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Unpack

from scalelaw.accounting.budget import AHEAD, default_budget
from scalelaw.accounting.flops import COUNTINGS
from scalelaw.allocation.edges import check_edges
from scalelaw.backtesting.backtest import DRAWS as REFITS
from scalelaw.backtesting.backtest import Backtest, Progress, backtest_observations
from scalelaw.backtesting.ensemble_backtest import backtest_ensemble
from scalelaw.core.errors import BadInput, NeedsAnswer, ScalelawError
from scalelaw.core.findings import Finding
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number
from scalelaw.fitting.checks.suspects import said
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.held import HeldAt
from scalelaw.fitting.observe import observe, observe_rows
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitOptions, FitSpec
from scalelaw.forecasting.calibration import Calibration, shipped
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.ensemble_name import ensemble_named
from scalelaw.forecasting.forecast import DRAWS, forecast_observations
from scalelaw.laws import Law, LawAt, get
from scalelaw.planning.answer import Plan
from scalelaw.planning.larger_runs import Expected, predict_larger
from scalelaw.planning.question import QuestionOptions, ask
from scalelaw.planning.solve import plan
from scalelaw.reporting.answer import Answer, Evidence, answer
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.suspects import CODE
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.table import RunTable
from scalelaw.workflows.study.following import Following
from scalelaw.workflows.study.unsplit import of_several, why_unsplit

PROJECT = "(project)"
"""Value of ``words`` in a project, whose table no command line names."""
_LAW = "chinchilla"


@dataclass(frozen=True, eq=False)
class EnsembleRules:
    """Options of the ensemble.

    Attributes:
        n: kind of N its laws take, if the table has several.
        calibration: calibration of its intervals; None for the shipped one.
        fallback: whether chinchilla decides if no ensemble can; otherwise an error is raised.
    """

    n: str | None = None
    calibration: Calibration | None = None
    fallback: bool = True


_RULES = EnsembleRules()


@dataclass(frozen=True, eq=False)
class Decided(Brief):
    """The decision from one table, by the ensemble of laws or by one law.

    Attributes:
        runs: the table.
        observed: the rows used.
        law: the named law, or the first of the ensemble.
        forecaster: the ensemble, or the fit of one law.
        plan: the plan for the budget; None without a compute-optimal split.
        expected: forecast of one run, if ``plan`` is missing.
        backtest: backtest of the same forecaster.
        spec: how one law is fitted.
        skipped: ``plan`` or ``mixture`` (the ensemble) -> why it is missing.
        without: the plan without the runs that blew up, if there are any.
        words: the table as the command line names it, for the next command; empty outside the command line.
        held: the fit of one law at fixed values of its other inputs; None without such inputs.
    """

    runs: RunTable
    observed: Observations
    law: Law
    forecaster: Ensemble | FitResult
    plan: Plan | None
    expected: Expected | None
    backtest: Backtest
    spec: FitSpec
    skipped: dict[str, str]
    words: str = ""
    held: HeldAt | None = None
    without: Plan | None = None

    @property
    def planner(self) -> Ensemble | FitResult | HeldAt:
        """The forecaster that plans, with its other inputs fixed."""
        return self.held or self.forecaster

    @property
    def fitted(self) -> dict[str, Any]:
        """The law, or ``ensemble``, and its fit specification, as plain values."""
        one = isinstance(self.forecaster, FitResult)
        return {
            "law": self.law.spelling if one else "ensemble",
            **({"at": dict(self.held.values)} if self.held else {}),
            "spec": self.spec.to_dict(),
        }

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, each once."""
        open_ = why_unsplit(self.runs) if self.plan is None and self.expected is not None else []
        known = (*open_, *self.runs.findings, *self.observed.findings, *self.forecaster.findings, *self._edges)
        once = {(each.code, each.message): each for each in known}.values()
        if self.plan is None or self.without is None:
            return tuple(once)
        answers = _size(self.plan), _size(self.without)
        return tuple(said(each, *answers) if each.code == CODE else each for each in once)

    @cached_property
    def _edges(self) -> list[Finding]:
        """Findings on the largest budgets whose best size lies outside the trained sizes."""
        counting = self.forecaster.counting
        return check_edges(self.observed, counting.params) if self.plan is not None and counting else []

    @cached_property
    def answer(self) -> Answer:
        """The six lines."""
        made = self.forecaster
        who = made.label if isinstance(made, Ensemble) else f"{self.law.spelling} alone"
        return answer(
            Evidence(
                self.observed.target,
                who,
                self.plan,
                self.expected,
                self.skipped.get("plan", ""),
                self.backtest,
                _others(self.forecaster),
                self.findings,
                self._next(),
                len(self.observed),
            )
        )

    def _which(self) -> str:
        """Return the option that names the ensemble's N, if the table has several."""
        counting = self.forecaster.counting
        named = counting is not None and _open_kinds(self.observed)
        return f" --law {_quoted(f'ensemble[n={counting.params}]')}" if named and counting else ""

    def _next(self) -> str:
        """Return the next command."""
        if self.words == PROJECT:
            return "scalelaw report"
        if "--demo" in self.words.split():
            return "scalelaw report --demo"
        one = isinstance(self.forecaster, FitResult)
        fixed = "".join(f" --fix {name}={value:g}" for name, value in self.spec.fixed.items()) if one else ""
        law = f" --law {_quoted(self.law.spelling)}{fixed}"
        usual = not set(self.law.inputs) - {*COUNTINGS, "tokens"}
        flops = self.plan.flops.value if self.plan and (usual or not self.words) else None
        named = law if one and (self.plan or not self.skipped.get("mixture")) else self._which()
        tested = flops is None and self.backtest.nearest(1.0) is not None
        target, targets = self.observed.target, self.runs.targets
        return Following(self.words, law, named, flops, tested, target, targets).command(self.findings)


def _open_kinds(observed: Observations) -> bool:
    """Return whether rows have both total and active parameters, so that N must be named."""
    return {"params", "params_active"} <= set(observed.columns)


def _quoted(spelling: str) -> str:
    import shlex

    return shlex.quote(spelling)


def _others(forecaster: Ensemble | FitResult) -> str:
    if not isinstance(forecaster, Ensemble):
        return "not tested on other studies"
    known = forecaster.calibration
    return f"intervals calibrated on {known.cases} forecasts of larger runs of {len(known.sources)} other studies"


def decide(
    runs: Any,
    *,
    law: str | Law | LawAt | None = None,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    ensemble: EnsembleRules = _RULES,
    asked: QuestionOptions | None = None,
    progress: Progress | None = None,
    **options: Unpack[FitOptions],
) -> Decided:
    """Decide from one table by the ensemble of laws, or by one law, with a backtest of the same forecaster.

    Args:
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        law: the law that decides alone, as for ``fit``, or ``laws.at(law, dropout=0.1)``; None for the ensemble.
        target: metric to forecast, if the table has several.
        use: rows to use, as in ``fit``.
        over: swept columns, for ``use="best"``.
        ensemble: options of the ensemble.
        asked: the question, as for ``plan``; by default ten times the compute of the largest run.
        progress: called with (done, of) as windows are scored; without it, each is scored on first access.
        **options: how one law is fitted, see ``FitSpec``; ``draws``, ``seed``, ``level`` and ``prior`` (``none`` for
            no published studies) also apply to the ensemble.

    Raises:
        BadInput: a bad argument, or a table that no law can be fitted to.

    Example:
        >>> import scalelaw as sl
        >>> found = sl.decide(sl.datasets.load("synthetic-ladder"), asked={"flops": 1e22})
        >>> found.plan.params.value == sl.study(found.runs, flops=1e22).plan.params.value
        True
    """
    spec = check_named(law, make_spec(**options))
    law, at, ensemble = _who(law, ensemble)
    question = {name: value for name, value in (asked or {}).items() if value is not None and name != "level"}
    named = any(name in question for name in ("flops", "params", "tokens", "loss"))
    if named:
        ask(**question, level=spec.level)  # type: ignore[arg-type]
    table = of_several(runs if isinstance(runs, RunTable) else load_runs(runs), law, use)
    named_rows = (law, table, target, use, over)
    chosen, observed, forecaster, skipped = _forecaster(named_rows, ensemble, spec, options.get("draws"))
    if "prior" not in question and isinstance(forecaster, Ensemble) and options.get("prior") == "none":
        question["prior"] = "none"
    held = _held(forecaster, at)
    planned = expected = None
    try:
        if not named:
            question["flops"] = default_budget(forecaster.domain)
        planned = plan(held or forecaster, **question, level=spec.level)  # type: ignore[arg-type]
    except BadInput as error:
        expected = _expected(forecaster, question, spec.level)
        if named and (expected is None or "flops" not in question):
            raise
        skipped["plan"] = str(error)
    tested = _tested(chosen, observed, forecaster, spec, progress)
    without = _without(named_rows, observed, ensemble, (spec, options.get("draws"), at), question) if planned else None
    return Decided(table, observed, chosen, forecaster, planned, expected, tested, spec, skipped, "", held, without)


def check_named(law: str | Law | LawAt | None, spec: FitSpec) -> FitSpec:
    """Return the spec; raise if it constrains coefficients and no law is named.

    Raises:
        BadInput: the option, and the remedy.
    """
    if _who(law, _RULES)[0] is not None:
        return spec
    for option in ("fixed", "ties", "bounds"):
        if constrained := getattr(spec, option):
            name, value = next(iter(constrained.items()))
            raise BadInput(
                f"{option} of {name} ({value}) applies to one law only, but the ensemble of laws decides here; name a "
                f"law with this coefficient, e.g. law='chinchilla', or omit {option}"
            )
    return spec


def _who(
    law: str | Law | LawAt | None, ensemble: EnsembleRules
) -> tuple[str | Law | None, Mapping[str, float | str], EnsembleRules]:
    """Return the law that decides alone or None, its fixed inputs, and the options of the ensemble."""
    law, at = (law.law, law.values) if isinstance(law, LawAt) else (law, {})
    named = ensemble_named(law)
    return (law, at, ensemble) if named is None else (None, at, replace(ensemble, n=named.n or ensemble.n))


def _held(forecaster: Ensemble | FitResult, at: Mapping[str, float | str]) -> HeldAt | None:
    """Return the fit of one law at fixed values of its other inputs, or None without such values."""
    return forecaster.at(**at) if at and isinstance(forecaster, FitResult) else None


def _without(
    named: tuple[str | Law | None, RunTable, str | None, Reduction | None, Sequence[str]],
    observed: Observations,
    ensemble: EnsembleRules,
    drawn: tuple[FitSpec, int | None, Mapping[str, float | str]],
    question: dict[str, Any],
) -> Plan | None:
    """Return the plan without the runs that blew up; None without such runs, or if the others give no plan."""
    if not observed.suspects:
        return None
    law, table, target, use, over = named
    spec, draws, at = drawn
    try:
        left = table.exclude(run=list(observed.suspects), reason="far above their neighbours")
        forecaster = _forecaster((law, left, target, use, over), ensemble, spec, draws)[2]
        return plan(_held(forecaster, at) or forecaster, **question, level=spec.level)
    except ScalelawError:
        return None


def _size(planned: Plan) -> str:
    """Return the planned size, tokens and loss as text."""
    params, tokens = (format_number(each.value, 3) for each in (planned.params, planned.tokens))
    return f"{params} on {tokens} tokens to {planned.loss.value:.4g}"


def _tested(
    law: Law, observed: Observations, forecaster: Ensemble | FitResult, spec: FitSpec, progress: Progress | None
) -> Backtest:
    """Return the backtest of the same method; scored at once if ``progress`` is given."""
    if isinstance(forecaster, FitResult):
        tested = backtest_observations(law, observed, replace(spec, draws=min(spec.draws, REFITS)))
    else:
        n = forecaster.counting.params if forecaster.counting else None
        tested = backtest_ensemble(observed, calibration=forecaster.calibration, n=n, spec=spec)
    return tested if progress is None else tested.scored(progress)


def _forecaster(
    named: tuple[str | Law | None, RunTable, str | None, Reduction | None, Sequence[str]],
    ensemble: EnsembleRules,
    spec: FitSpec,
    draws: int | None,
) -> tuple[Law, Observations, Ensemble | FitResult, dict[str, str]]:
    """Return law, rows, forecaster, and what was skipped."""
    law, table, target, use, over = named
    skipped = {}
    if law is None and draws != 0:
        try:
            observed = observe_rows(table, target, use, over)
            mixture = forecast_observations(
                observed,
                calibration=ensemble.calibration or shipped(),
                n=ensemble.n,
                draws=draws or DRAWS,
                seed=spec.seed,
            )
            if ensemble.fallback and not mixture.deciding:
                _refused_split(mixture, observed)
            return mixture.members[0].law, observed, mixture, {}
        except ScalelawError as error:
            if not ensemble.fallback or isinstance(error, NeedsAnswer):
                raise
            skipped["mixture"] = str(error)
    elif law is None:
        skipped["mixture"] = "it needs draws, and draws=0"
    alone = _LAW if ensemble.n is None else get(_LAW, n=ensemble.n)
    chosen, observed = observe(law or alone, table, target=target, use=use, over=over)
    return chosen, observed, fit_observations(chosen, observed, spec), skipped


def _refused_split(mixture: Ensemble, observed: Observations) -> None:
    """Raise the error of a chinchilla fit if the ensemble left that law out.

    Raises:
        BadTable: why the rows do not determine the law.
    """
    if any(name.startswith(_LAW) for name in mixture.left_out):
        fit_observations(*observe(_LAW, observed, use=observed.reduction), FitSpec(draws=0))


def _expected(forecaster: Ensemble | FitResult, question: dict[str, Any], level: float) -> Expected | None:
    """Return the forecast of one run along the only input; None for several inputs or another question."""
    if len(forecaster.inputs) != 1 or not set(question) <= {"flops", "prior"}:
        return None
    axis = forecaster.inputs[0]
    value = question.get("flops") if axis == "flops" else None
    if value is None and axis in forecaster.domain:
        value = AHEAD * forecaster.domain[axis][1]
    return None if value is None else predict_larger(forecaster, at={axis: value}, level=level).runs[0]
