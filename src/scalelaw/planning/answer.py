"""The result of planning: N, D, C and loss with intervals and assumptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scalelaw.core.estimate import Estimate
from scalelaw.core.nouns.plottable import Plottable
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.planning.question import Question


@dataclass(frozen=True, eq=False)
class Plan(Renderable, Tabular, Plottable):
    """A compute-optimal plan with intervals and assumptions.

    Attributes:
        params: N to train, in the kind of N the forecaster takes (see ``assumptions``).
        tokens: D to train on.
        flops: C of the run, FLOP.
        loss: forecast loss at this N and D.
        tokens_per_param: D / N.
        reach: quantity -> planned value over the largest fitted one.
        binding_constraints: limits that moved the plan off the optimum, and their cost.
        assumptions: assumptions behind the numbers.
        forecaster: label of the forecaster.
        digest: digest of the forecaster.
        question: the question this plan answers.
        runs_only: the plan without published studies, if this plan uses them; else None.
        literature: summary of the published studies; None if the plan does not use them.
    """

    params: Estimate
    tokens: Estimate
    flops: Estimate
    loss: Estimate
    tokens_per_param: Estimate
    reach: Mapping[str, float]
    binding_constraints: tuple[str, ...]
    assumptions: tuple[str, ...]
    forecaster: str
    digest: str
    question: Question
    runs_only: "Plan | None" = None
    literature: str | None = None

    @property
    def disagrees(self) -> bool:
        """Whether N* of this plan and of the runs-only plan lie outside each other's interval."""
        alone = self.runs_only
        return alone is not None and not (
            self.params.holds(alone.params.value) and alone.params.holds(self.params.value)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, schema ``scalelaw.plan/1``."""
        return {
            "schema": "scalelaw.plan/1",
            **{name: estimate.to_dict() for name, estimate in self._estimates().items()},
            "tokens_per_param": self.tokens_per_param.value,
            "reach": dict(self.reach),
            "binding_constraints": list(self.binding_constraints),
            "assumptions": list(self.assumptions),
            "tokens_per_param_interval": self.tokens_per_param.to_dict(),
            "forecaster": {"label": self.forecaster, "digest": self.digest},
            "question": self.question.to_dict(),
            "runs_only": self.runs_only.to_dict() if self.runs_only else None,
            "literature": self.literature,
            "disagrees": self.disagrees,
        }

    def to_columns(self) -> Columns:
        """Return one row per number: params, tokens, flops, loss, tokens_per_param."""
        return columns_of({"name": name, **estimate.to_dict()} for name, estimate in self._estimates().items())

    def _estimates(self) -> dict[str, Estimate]:
        return {
            "params": self.params,
            "tokens": self.tokens,
            "flops": self.flops,
            "loss": self.loss,
            "tokens_per_param": self.tokens_per_param,
        }

    def _beside(self) -> list[tuple[str, str]]:
        """Return lines on the runs-only plan and the published studies, if the plan combines them."""
        if self.runs_only is None:
            return []
        alone = self.runs_only
        (n, of_n), (d, of_d) = alone.params.texts(3), alone.tokens.texts(3)
        lines = [("runs alone", f"{n} parameters ({of_n}) on {d} tokens ({of_d})")]
        return [*lines, ("published", self.literature)] if self.literature else lines

    def in_brief(self) -> str:
        """Return what to train, which ``repr`` shows."""
        numbers = (self.params.texts()[0], self.tokens.texts()[0], self.loss.texts(5)[0])
        return "{} parameters on {} tokens, loss {}".format(*numbers) + f", for {self.question}, by {self.forecaster}"

    def report(self) -> Report:
        """Return the plan with its intervals, reach and assumptions."""
        known = any(estimate.lo is not None for estimate in self._estimates().values())
        rows = [["", "", f"{100 * self.question.level:g} % interval" if known else "", ""]]
        for name, estimate in self._estimates().items():
            value, span = estimate.texts(5 if name == "loss" else 4)
            unit = estimate.unit if name in ("flops", "loss") else ""
            rows.append([name.replace("_", " "), value, span, unit])
        lines = self._beside()
        if self.reach:
            reached = ", ".join(f"{name} {times:.3g}x" for name, times in self.reach.items())
            lines.append(("reach", f"{reached} the largest fitted value"))
        for title, items in (("bound by", self.binding_constraints), ("assumes", self.assumptions)):
            lines += [(title if at == 0 else "", item) for at, item in enumerate(items)]
        return Report(f"Plan for {self.question}, by {self.forecaster}", [Table(rows), Lines(lines, width=18)])
