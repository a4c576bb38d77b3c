"""The study: one table of runs becomes a decision, its test, a fit and figures, printed together."""

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
    """Everything one table says: the decision first, then what it rests on.

    Attributes:
        decided: the decision, who made it and how that was tested.
        fit: one law fitted to all rows, for its coefficients.
        figures: name -> file written.
        skipped: ``plan``, ``mixture`` or the name of a figure -> why there is none.
        drawn: the figures themselves, where they were asked for.
        alone: the plan of that law alone, where ``plan`` is that of the ensemble.
        verbose: whether everything is printed.
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
        """The rows of it that may be fitted."""
        return self.decided.observed

    @property
    def answer(self) -> Answer:
        """The six lines."""
        return self.decided.answer

    @property
    def plan(self) -> Plan | None:
        """How to spend the budget asked for, or None."""
        return self.decided.plan

    @property
    def backtest(self) -> Backtest:
        """How the same forecaster did on the larger runs, fitted to the smaller ones."""
        return self.decided.backtest

    @property
    def mixture(self) -> Ensemble | None:
        """The ensemble of laws, or None where one law decides."""
        forecaster = self.decided.forecaster
        return forecaster if isinstance(forecaster, Ensemble) else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed, once."""
        return self.decided.findings

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.study/1",
            "answer": self.answer.to_dict(),
            "plan": self.plan.to_dict() if self.plan else None,
            "backtest": self.backtest.to_dict(),
            "mixture": self.mixture.to_dict() if self.mixture else None,
            "alone": self.alone.to_dict() if self.alone else None,
            "fit": self.fit.to_dict(),
            "runs": self.runs.to_dict(),
            "fitted": self.decided.fitted,
            "figures": {name: str(path) for name, path in self.figures.items()},
            "skipped": dict(self.skipped),
        }

    def to_columns(self) -> Columns:
        """Return one row a number of the plan, or a run forecast where no budget is split."""
        if self.plan is not None:
            return self.plan.to_columns()
        return columns_of([self.decided.expected.to_dict()] if self.decided.expected else [])

    def sheet(self) -> Report:
        """Return the answer, then the plan and its test; with ``verbose`` all it rests on."""
        parts = [self.answer.sheet(), *self.answer.further(None if self.verbose else _SHOWN)]
        parts += [self.answer.below(self.plan).sheet()] if self.plan and self.verbose else []
        parts += [self.backtest.sheet()]
        if self.verbose:
            parts += [self.answer.beside(self.mixture.sheet())] if self.mixture else []
            parts += [*self._beside(), self.once().sheet(), self.answer.beside(self.runs.sheet())]
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
        """Return the fit without what the table says already."""
        notes = tuple(note for note in self.fit.notes if note not in self.runs.notes)
        known = {(each.code, each.message) for each in self.findings}
        findings = tuple(each for each in self.fit.findings if (each.code, each.message) not in known)
        return replace(self.fit, notes=notes, findings=findings)

    def _beside(self) -> list[Report]:
        """Return what the law alone would have said, for comparison."""
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
    """Decide, test, fit and draw from one table.

    Args:
        runs: a table, or anything ``load_runs`` reads.
        law: name, spelling, formula or law to decide by alone, ``laws.at(law, dropout=0.1)`` where it takes more than
            params and tokens; the ensemble of laws unless given.
        target: what to fit, where the table has several targets.
        flops: budget to plan for, FLOP; ten times the largest run unless given.
        out: folder the figures are written to; none are drawn without it.
        use: what of the table to fit, as in ``fit``.
        over: what was swept, for ``use="best"``.
        progress: called with (done, of) as the windows of the backtest are scored.
        **options: how to fit, see ``FitSpec``; ``prior="none"`` leaves published studies out of the decision.

    Raises:
        BadInput: a bad argument, or a table the law cannot be fitted to.
        FitFailed: no start reached a finite objective.
        MissingExtra: figures are asked for and matplotlib is not installed.
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
    """Make the folder for the figures, before any work is done.

    Raises:
        BadInput: it cannot be made.
        MissingExtra: nothing can be drawn.
    """
    require("matplotlib", extra="plot", why="draw figures")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"the folder {str(out)!r} cannot be made: {error.strerror}") from error
