"""The study: from one table of runs to a decision, its backtest, a fit and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

from scalelaw.backtesting.backtest import Backtest, Progress
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.optional import require
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitOptions
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.laws import Law, LawAt
from scalelaw.planning.answer import Plan
from scalelaw.planning.question import ask
from scalelaw.planning.solve import plan
from scalelaw.reporting.answer import Answer
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.table import RunTable
from scalelaw.viz import save
from scalelaw.workflows.study.decide import Decided, check_named, decide
from scalelaw.workflows.study.figures import Drawn, draw

_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Study(Renderable, Tabular):
    """The results of one table: the decision first, then its basis.

    Attributes:
        decided: the decision, its forecaster and its backtest.
        fit: one law fitted to all rows, for its coefficients.
        figures: name -> written file.
        skipped: ``plan``, ``mixture`` (the ensemble) or the name of a figure -> why it is missing.
        drawn: the figures, if requested.
        alone: the plan of only that law, if ``plan`` comes from the ensemble.
        verbose: whether to print everything.
    """

    decided: Decided
    fit: FitResult
    figures: Mapping[str, Path]
    skipped: Mapping[str, str] = field(default_factory=dict)
    drawn: Drawn | None = None
    alone: Plan | None = None
    verbose: bool = False

    @property
    def runs(self) -> RunTable:
        """The table."""
        return self.decided.runs

    @property
    def observed(self) -> Observations:
        """The usable rows of the table."""
        return self.decided.observed

    @property
    def answer(self) -> Answer:
        """The six lines."""
        return self.decided.answer

    @property
    def plan(self) -> Plan | None:
        """The plan for the budget, or None."""
        return self.decided.plan

    @property
    def backtest(self) -> Backtest:
        """The backtest of the same forecaster."""
        return self.decided.backtest

    @property
    def ensemble(self) -> Ensemble | None:
        """The ensemble of laws, or None if one law decides."""
        forecaster = self.decided.forecaster
        return forecaster if isinstance(forecaster, Ensemble) else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, each once."""
        return self.decided.findings

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.study/1",
            "answer": self.answer.to_dict(),
            "plan": self.plan.to_dict() if self.plan else None,
            "backtest": self.backtest.to_dict(),
            "mixture": self.ensemble.to_dict() if self.ensemble else None,
            "alone": self.alone.to_dict() if self.alone else None,
            "fit": self.fit.to_dict(),
            "runs": self.runs.to_dict(),
            "fitted": self.decided.fitted,
            "figures": {name: str(path) for name, path in self.figures.items()},
            "skipped": dict(self.skipped),
        }

    def to_columns(self) -> Columns:
        """Return one row per number of the plan, or without a plan one row per forecast run."""
        if self.plan is not None:
            return self.plan.to_columns()
        return columns_of([self.decided.expected.to_dict()] if self.decided.expected else [])

    def report(self) -> Report:
        """Return the answer and the backtest; with ``verbose`` also the plan, the laws, the fit and the runs."""
        parts = [self.answer.report(), *self.answer.further(None if self.verbose else _SHOWN)]
        parts += [self.answer.below(self.plan).report()] if self.plan and self.verbose else []
        parts += [self.backtest.report()]
        if self.verbose:
            parts += [self.answer.beside(self.ensemble.report())] if self.ensemble else []
            parts += [*self._beside(), self.once().report(), self.answer.beside(self.runs.report())]
        figures = Lines([(name, str(path)) for name, path in self.figures.items()], width=18)
        parts += [Report("figures", [figures])] if self.figures else []
        parts += [
            Report(f"no {'ensemble' if name == 'mixture' else name}: {why}")
            for name, why in self.skipped.items()
            if name != "plan" or self.decided.expected is None
        ]
        if not self.verbose:
            parts.append(Report("--verbose prints the laws, the fit and the runs read; --json has everything"))
        return Report("", parts)

    def once(self) -> FitResult:
        """Return the fit without notes and findings that the table already gives."""
        notes = tuple(note for note in self.fit.notes if note not in self.runs.notes)
        known = {(each.code, each.message) for each in self.findings}
        findings = tuple(each for each in self.fit.findings if (each.code, each.message) not in known)
        return replace(self.fit, notes=notes, findings=findings)

    def _beside(self) -> list[Report]:
        """Return the plan of the law alone, for comparison."""
        if self.alone is None:
            return []
        names = ("params", "tokens", "loss", "tokens_per_param")
        lines = [(name.replace("_", " "), str(getattr(self.alone, name))) for name in names]
        return [Report(f"{self.fit.label} alone (interval ignores model-form error)", [Lines(lines, width=18)])]


def study(
    runs: Any,
    *,
    law: str | Law | LawAt | None = None,
    target: str | None = None,
    flops: float | str | None = None,
    out: str | Path | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    progress: Progress | None = None,
    **options: Unpack[FitOptions],
) -> Study:
    """Plan, backtest, fit and draw figures from one table.

    Args:
        runs: a table, or anything ``load_runs`` reads.
        law: name, spelling, formula or law that decides alone, or ``laws.at(law, dropout=0.1)`` if it takes more than
            params and tokens; by default the ensemble of laws.
        target: metric to fit, if the table has several.
        flops: budget to plan for, FLOP; by default ten times that of the largest run.
        out: folder for the figures; without it no figure is drawn.
        use: rows to fit, as in ``fit``.
        over: swept columns, for ``use="best"``.
        progress: called with (done, of) as the windows of the backtest are scored.
        **options: how to fit, see ``FitSpec``; ``prior="none"`` excludes published studies from the decision.

    Raises:
        BadInput: a bad argument, or a table the law cannot be fitted to.
        FitFailed: no start reached a finite objective.
        MissingExtra: ``out`` is given and matplotlib is not installed.
    """
    spec = check_named(law, make_spec(**options))
    if flops is not None:
        ask(flops=flops, level=spec.level)
    if out is not None:
        _make_folder(Path(out))
    decided = decide(
        runs, law=law, target=target, use=use, over=over, asked={"flops": flops}, progress=progress, **options
    )
    decided.backtest.scored()
    forecaster, observed = decided.forecaster, decided.observed
    if isinstance(forecaster, FitResult):
        fitted, alone = forecaster, None
    else:
        fitted = fit_observations(decided.law, observed, spec)
        alone = plan(fitted, flops=decided.plan.flops.value, level=spec.level) if decided.plan else None
    if out is None:
        return Study(decided, fitted, {}, decided.skipped, None, alone)
    drawn = draw(decided, fitted)
    figures = {name: save(figure, Path(out) / f"{name}.png") for name, figure in drawn[0].items()}
    return Study(decided, fitted, figures, decided.skipped | drawn[1], drawn, alone)


def _make_folder(out: Path) -> None:
    """Make the folder for the figures before any other work.

    Raises:
        BadInput: the folder cannot be made.
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", extra="plot", why="draw figures")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot make the folder {str(out)!r}: {error.strerror}") from error
