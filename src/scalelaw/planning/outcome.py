"""The decision of one alternative analysis."""

import math
from dataclasses import dataclass
from typing import Any

from scalelaw.core.estimate import Estimate
from scalelaw.core.nouns.brief import Brief
from scalelaw.planning.choices import Choice


@dataclass(frozen=True, eq=False)
class ChoiceOutcome(Brief):
    """The decision of one alternative.

    Attributes:
        choice: the choice that differs from the base.
        label: description of the change.
        rows: number of rows fitted.
        params: N*, in the base's kind of N; None without a compute-optimal split.
        tokens: D*; None without a compute-optimal split.
        tokens_per_param: D* / N*; None without a compute-optimal split.
        loss: loss at N* and D*; None without a compute-optimal split.
        held_out: mean |predicted - measured| / measured on the larger runs, fitted to the smaller ones; None if the
            table has no such split.
        comparable: whether that error is within ``COMPARABLE`` times the least; True if unknown.
        failed: reason for a missing decision, or empty.
        doubts: doubts about the optimum of the fit.
    """

    choice: Choice
    label: str
    rows: int
    params: Estimate | None
    tokens: Estimate | None
    tokens_per_param: Estimate | None
    loss: Estimate | None
    held_out: float | None
    comparable: bool = True
    failed: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """Tokens per parameter; NaN without a decision."""
        return math.nan if self.tokens_per_param is None else self.tokens_per_param.value

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        decided = {name: getattr(self, name) for name in ("params", "tokens", "tokens_per_param", "loss")}
        return {
            "choice": self.choice,
            "label": self.label,
            "rows": self.rows,
            **{name: None if each is None else each.to_dict() for name, each in decided.items()},
            "held_out_error": self.held_out,
            "comparable": self.comparable,
            "failed": self.failed or None,
            "doubts": list(self.doubts),
        }
