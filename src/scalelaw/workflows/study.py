"""The study: one table of runs becomes a fit, a backtest, a calibrated plan and figures, printed together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

from scalelaw.backtesting import (
    DRAWS,
    Backtest,
    Mixture,
    Progress,
    backtest_observations,
    forecast_observations,
    shipped,
)
from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.optional import require
from scalelaw.core.sheet import Lines, Printed, Sheet
from scalelaw.fitting import FitOptions, FitResult, FitSpec, fit_observations, make_spec, observe
from scalelaw.laws import Law
from scalelaw.planning import Plan, ask, plan
from scalelaw.runs import SWEPT, Observations, Reduction, RunTable, load_runs
from scalelaw.viz import save
from scalelaw.workflows.figures import Drawn, draw

_AHEAD = 10.0


@dataclass(frozen=True, eq=False)
class Study(Printed):
    """Everything one table says: under one law, and under the mixture whose interval is calibrated.

    Attributes:
        runs: the table.
        observed: the rows of it that may be fitted.
        fit: the law fitted to all of it.
        backtest: how fits to its cheaper runs forecast the dearer ones.
        plan: how to spend the budget asked for, by the mixture; by the law where there is none, and None where
            that cannot plan either.
        figures: name -> file written.
        skipped: ``plan``, ``mixture`` or the name of a figure -> why there is none.
        drawn: the figures themselves, where they were asked for.
        mixture: all laws the runs allow, or None where they allow none or no draws were asked for.
        alone: the plan of the law alone, where ``plan`` is that of the mixture.
    """

    runs: RunTable
    observed: Observations
    fit: FitResult
    backtest: Backtest
    plan: Plan | None
    figures: Mapping[str, Path]
    skipped: Mapping[str, str] = field(default_factory=dict)
    drawn: Drawn | None = None
    mixture: Mixture | None = None
    alone: Plan | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.study/1",
            "runs": self.runs.to_dict(),
            "fit": self.fit.to_dict(),
            "backtest": self.backtest.to_dict(),
            "mixture": self.mixture.to_dict() if self.mixture else None,
            "plan": self.plan.to_dict() if self.plan else None,
            "alone": self.alone.to_dict() if self.alone else None,
            "figures": {name: str(path) for name, path in self.figures.items()},
            "skipped": dict(self.skipped),
        }

    def sheet(self) -> Sheet:
        """Return the printouts of all parts; what the table says already the fit does not repeat."""
        notes = tuple(note for note in self.fit.notes if note not in self.runs.notes)
        findings = tuple(finding for finding in self.fit.findings if finding not in self.runs.findings)
        told: list[Printed] = [self.runs, replace(self.fit, notes=notes, findings=findings), self.backtest]
        told += [each for each in (self.mixture, self.plan) if each is not None]
        figures = Lines([(name, str(path)) for name, path in self.figures.items()], width=18)
        skipped = [Sheet(f"no {name}: {why}") for name, why in self.skipped.items()]
        drawn = [Sheet("figures", [figures])] if self.figures else []
        return Sheet("", [*(each.sheet() for each in told), *self._beside(), *drawn, *skipped])

    def _beside(self) -> list[Sheet]:
        """Return what the law alone would have said, for comparison."""
        if self.alone is None:
            return []
        names = ("params", "tokens", "loss", "tokens_per_param")
        lines = [(name.replace("_", " "), str(getattr(self.alone, name))) for name in names]
        title = f"{self.fit.label} alone, whose interval carries no doubt of its form"
        return [Sheet(title, [Lines(lines, width=18)])]


def study(
    runs: Any,
    *,
    law: str | Law = "chinchilla",
    target: str | None = None,
    flops: float | str | None = None,
    out: str | Path | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    progress: Progress | None = None,
    **options: Unpack[FitOptions],
) -> Study:
    """Fit, backtest and plan from one table.

    Args:
        runs: a table, or anything ``load_runs`` reads.
        law: name, spelling, formula or law.
        target: what to fit, where the table has several targets.
        flops: budget to plan for, FLOP; ten times the dearest run unless given.
        out: folder the figures are written to; none are drawn without it.
        use: what of the table to fit, as in ``fit``.
        over: what was swept, for ``use="best"``.
        progress: told (done, of) as the windows of the backtest are scored.
        **options: how to fit, see ``FitSpec``; the backtest refits each window at most 400 times.

    Raises:
        BadInput: a bad argument, or a table the law cannot be fitted to.
        FitFailed: no start reached a finite objective.
        MissingExtra: figures are asked for and matplotlib is not installed.
    """
    spec = make_spec(**options)
    if flops is not None:
        ask(flops=flops, level=spec.level)
    if out is not None:
        _make_folder(Path(out))
    table = runs if isinstance(runs, RunTable) else load_runs(runs)
    chosen, observed = observe(law, table, target=target, use=use, over=over)
    fitted = fit_observations(chosen, observed, spec)
    mixture, skipped = _mixed(observed, spec)
    planned, alone, unplanned = _plans(fitted, mixture, flops)
    skipped |= unplanned
    tested = backtest_observations(chosen, observed, replace(spec, draws=min(spec.draws, DRAWS)), progress=progress)
    if out is None:
        return Study(table, observed, fitted, tested, planned, {}, skipped, None, mixture, alone)
    drawn = draw(fitted, observed, spec)
    figures = {name: save(figure, Path(out) / f"{name}.png") for name, figure in drawn[0].items()}
    return Study(table, observed, fitted, tested, planned, figures, skipped | drawn[1], drawn, mixture, alone)


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


def _mixed(observed: Observations, spec: FitSpec) -> tuple[Mixture | None, dict[str, str]]:
    """Return the mixture of all laws, or why there is none."""
    if not spec.draws:
        return None, {"mixture": "it rests on draws, and none were asked for"}
    try:
        return forecast_observations(observed, calibration=shipped(), seed=spec.seed), {}
    except ScalelawError as error:
        return None, {"mixture": str(error)}


def _plans(
    fitted: FitResult, mixture: Mixture | None, flops: float | str | None
) -> tuple[Plan | None, Plan | None, dict[str, str]]:
    """Plan by the mixture, and by the law alone beside it.

    Where neither can, say why, which is an error only where a budget was named.
    """
    if flops is None and "flops" not in fitted.domain:
        return None, None, {"plan": "the table has no compute; name a budget with flops= (CLI: --flops)"}
    budget = flops if flops is not None else _AHEAD * fitted.domain["flops"][1]
    try:
        alone = plan(fitted, flops=budget, level=fitted.spec.level)
    except BadInput as error:
        if flops is not None:
            raise
        return None, None, {"plan": str(error)}
    if mixture is None or not mixture.deciding or mixture.inputs != fitted.inputs:
        return alone, None, {}
    return plan(mixture, flops=budget, level=fitted.spec.level), alone, {}
