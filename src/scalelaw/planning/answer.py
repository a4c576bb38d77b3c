"""A plan: what to train, what it should reach, how sure that is, and what it assumes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scalelaw.planning.estimate import Estimate
from scalelaw.planning.question import Question


@dataclass(frozen=True, eq=False)
class Plan:
    """An answer with intervals and assumptions.

    Attributes:
        params: N to train, in the kind of N the forecaster takes (``assumptions`` names it).
        tokens: D to train on.
        flops: C that this takes.
        loss: what a run at this N and D should reach.
        tokens_per_param: D / N.
        reach: planned over largest fitted, per quantity whose fitted range is known.
        binding_constraints: the limits that moved the plan off the optimum, and their price.
        assumptions: what the numbers stand on.
        forecaster: label of the forecaster asked.
        digest: its digest.
        question: what was asked.
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
        }

    def _estimates(self) -> dict[str, Estimate]:
        return {
            "params": self.params,
            "tokens": self.tokens,
            "flops": self.flops,
            "loss": self.loss,
            "tokens_per_param": self.tokens_per_param,
        }

    def __str__(self) -> str:
        lines = [f"Plan for {self.question}, by {self.forecaster}"]
        if any(estimate.lo is not None for estimate in self._estimates().values()):
            lines.append(f"{'':32}{100 * self.question.level:g} % interval")
        for name, estimate in self._estimates().items():
            digits = 5 if name == "loss" else 4
            unit = f"  {estimate.unit}" if name in ("flops", "loss") else ""
            lines.append(f"  {name.replace('_', ' '):<18}{estimate.text(digits)}{unit}")
        if self.reach:
            reached = ", ".join(f"{name} {times:.3g}x" for name, times in self.reach.items())
            lines.append(f"  {'reach':<18}{reached} the largest fitted")
        for title, items in (("bound by", self.binding_constraints), ("assumes", self.assumptions)):
            lines += [f"  {title:<18}{items[0]}", *(f"{'':20}{item}" for item in items[1:])] if items else []
        return "\n".join(lines)
