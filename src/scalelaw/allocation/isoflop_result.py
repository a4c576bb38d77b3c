"""Result of an IsoFLOP analysis: the best size of each budget, and its growth with compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from scalelaw.allocation.design_bias import DesignBias
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.scaling import Scaling, power_laws
from scalelaw.core.digest import digest
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations


@dataclass(frozen=True)
class Budget(Brief):
    """One budget.

    Attributes:
        flops: C in FLOP.
        runs: number of runs.
        sizes: number of distinct sizes.
        params: N*; None if the budget is excluded.
        tokens: D*; None if the budget is excluded.
        loss: the profile at N*; None if the budget is excluded.
        error: standard error of ln N*; None without draws.
        set_aside: reason of exclusion, or empty.
    """

    flops: float
    runs: int
    sizes: int
    params: float | None = None
    tokens: float | None = None
    loss: float | None = None
    error: float | None = None
    set_aside: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "flops": self.flops, "runs": self.runs, "sizes": self.sizes, "params": self.params, "tokens": self.tokens,
            "loss": self.loss, "error": self.error, "set_aside": self.set_aside or None,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class IsoFlop(Renderable, Tabular):
    """Optima by budget, N* = G C^a and D* = H C^b.

    Attributes:
        budgets: every budget; excluded ones have the reason.
        params: growth of N*.
        tokens: growth of D*, fitted separately: b is one minus a only if C is proportional to N D.
        shape: exponents common to all budgets, by name; empty for profiles without them.
        noise: standard deviation of a loss over the loss, used for the intervals; None without draws.
        bias: bias of profiles on this design without noise; None if no law could be fitted.
        curve: sizes from smallest to largest, and the profile there, for the used budgets, (2, k, p).
        spec: options of the analysis.
        rows: the runs of all budgets, (n,).
        group: budget of each run, (n,).
        findings: warnings and other findings.
    """

    budgets: tuple[Budget, ...]
    params: Scaling
    tokens: Scaling
    shape: Mapping[str, float]
    noise: float | None
    bias: DesignBias | None
    curve: Array
    spec: IsoFlopSpec
    rows: Observations
    group: AnyArray
    findings: tuple[Finding, ...] = ()

    @property
    def used(self) -> tuple[Budget, ...]:
        """The budgets that have a best size."""
        return tuple(budget for budget in self.budgets if not budget.set_aside)

    @cached_property
    def digest(self) -> str:
        """Digest of rows and spec: equal inputs, equal digest."""
        return digest({"rows": self.rows.digest, "target": self.rows.target, "isoflop": self.spec.to_dict()})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw isoflop --json``."""
        level = self.spec.level
        return {
            "schema": "scalelaw.isoflop/1",
            "target": self.rows.target,
            "level": level,
            "params": self.params.to_dict(level),
            "tokens": self.tokens.to_dict(level),
            "budgets": [budget.to_dict() for budget in self.budgets],
            "shape": dict(self.shape),
            "noise": self.noise,
            "bias": None if self.bias is None else self.bias.to_dict(),
            "set_aside": [part.to_dict() for part in self.rows.set_aside],
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.rows.notes),
            "spec": self.spec.to_dict(),
            "digest": self.digest,
        }

    def to_columns(self) -> Columns:
        """Return one row per budget."""
        return columns_of(budget.to_dict() for budget in self.budgets)

    def report(self) -> Report:
        """Return the report: the power laws, one line per budget, rows, intervals and warnings."""
        title = f"IsoFLOP of {self.rows.target}: {len(self.used)} of {len(self.budgets)} budgets, {self._how()}"
        powers = power_laws(self.params, self.tokens, self.spec.level)
        return Report(title, [powers, Report("", [self._table(), Lines(self._lines())])])

    def _how(self) -> str:
        shape = ", ".join(f"{name} {value:.3g}" for name, value in self.shape.items())
        return f"{self.spec.profile} profile" + (f" ({shape})" if shape else "")

    def _table(self) -> Table:
        rows = [["C", "runs", "sizes", "N*", "+-", "D*", "D*/N*", "loss*", ""]]
        for each in self.budgets:
            found = ["", "", "", "", ""]
            if each.params is not None and each.tokens is not None and each.loss is not None:
                error = "" if each.error is None else f"{each.error:.1%}"
                found = [
                    format_number(each.params), error, format_number(each.tokens),
                    f"{each.tokens / each.params:.3g}", f"{each.loss:.4f}",
                ]  # fmt: skip
            aside = f"excluded: {each.set_aside}" if each.set_aside else ""
            rows.append([f"{each.flops:.3g}", str(each.runs), str(each.sizes), *found, aside])
        return Table(rows, right=range(8))

    def _lines(self) -> list[tuple[str, str]]:
        """Return the lines below the table."""
        lines = [("rows", f"{self.rows.read} read, {len(self.rows)} at a budget")]
        lines += [("", f"{part.n} excluded: {part.reason}") for part in self.rows.set_aside]
        if self.noise is None or self.params.draws is None:
            lines.append(("intervals", "none"))
        else:
            lines.append(
                ("intervals", f"{counted(len(self.params.draws), 'resample')}, noise {self.noise:.2%} of the loss")
            )
        if self.bias is not None:
            lines += _bias_lines(self.bias)
        lines += [("note", note) for note in self.rows.notes]
        for finding in self.findings:
            if finding.grade is Grade.WARN:
                lines.append(("warn", f"{finding.message} [{finding.code}]"))
                lines += [("", finding.fix)] if finding.fix else []
        return lines


def _bias_lines(bias: DesignBias) -> list[tuple[str, str]]:
    """Describe the bias of each profile on this design."""
    lines = []
    for name, values in bias.size.items():
        drift = f", exponent {bias.exponent[name]:+.4f}" if name in bias.exponent else ""
        span = f"N* {np.nanmin(values):+.2%} to {np.nanmax(values):+.2%}" if np.isfinite(values).any() else "no minimum"
        lines.append(f"{name} {span}{drift}")
    centre = f"sizes lie {bias.centre.min():+.2f} to {bias.centre.max():+.2f} decades off N*"
    said = [f"on the noise-free surface of {bias.law}:", *lines, centre]
    return [("" if at else "bias", line) for at, line in enumerate(said)]
