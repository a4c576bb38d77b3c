"""What one way to make the choices behind a plan decides."""

import math
from dataclasses import dataclass
from typing import Any

from scalelaw.core.estimate import Estimate
from scalelaw.core.nouns.brief import Brief
from scalelaw.planning.choices import Choice


@dataclass(frozen=True, eq=False)
class ChoiceOutcome(Brief):
    """What one way to make the choices decides.

    Attributes:
        choice: which choice differs from the base.
        label: how.
        rows: rows fitted.
        params: N*, as the base counts it; None where there is no split.
        tokens: D*, None likewise.
        tokens_per_param: D* / N*, None likewise.
        loss: loss there, None likewise.
        held_out: mean |predicted - measured| / measured of the larger runs, fitted to the smaller ones; None where the
            table has no such split.
        comparable: whether that error is within ``COMPARABLE`` times the least; True where it is not known.
        failed: why there is no decision, or empty.
        doubts: what speaks against the optimum of the fit.
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
        """Tokens per parameter; NaN where there is no decision."""
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
