"""The result of an IsoFLOP analysis: the best size of each budget, and how sizes grow with compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import format_number
from scalelaw.core.text import table
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.design_bias import DesignBias
from scalelaw.fitting.isoflop_spec import IsoFlopSpec
from scalelaw.fitting.scaling import Scaling
from scalelaw.runs import Observations


@dataclass(frozen=True)
class Budget:
    """One budget.

    Attributes:
        flops: C in FLOP.
        runs: how many were trained at it.
        sizes: how many distinct sizes.
        params: N*, None where it is set aside.
        tokens: D*, likewise.
        loss: the profile at N*, likewise.
        error: standard error of ln N*, None where unknown.
        set_aside: why, or empty.
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
class IsoFlop:
    """Optima by budget, N* = G C^a and D* = H C^b.

    Attributes:
        budgets: every budget, those set aside with the reason.
        params: how N* grows.
        tokens: how D* grows, fitted on its own: b is not one minus a where C is not proportional to N D.
        shape: exponents that the budgets share, by name; empty for profiles that share none.
        noise: standard deviation of a loss over the loss, as the intervals take it; None without draws.
        bias: what profiles of this design find without noise; None where no law could be fitted.
        curve: sizes from the smallest to the largest, and the profile there, of the budgets used, (2, k, p).
        spec: how it was done.
        rows: the runs, of all budgets, (n,).
        group: budget of each run, (n,).
        findings: what was noticed.
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
        """Return plain values: the contract of ``scalelaw isoflop --json``."""
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

    def __str__(self) -> str:
        head = f"IsoFLOP of {self.rows.target}: {len(self.used)} of {len(self.budgets)} budgets, {self._how()}"
        return "\n".join([head, *self._laws(), "", self._table(), "", *self._lines()])

    def _how(self) -> str:
        shape = ", ".join(f"{name} {value:.3g}" for name, value in self.shape.items())
        return f"{self.spec.profile} profile" + (f" ({shape})" if shape else "")

    def _laws(self) -> list[str]:
        """Return the power laws as text."""
        lines = []
        for letter, each in (("N", self.params), ("D", self.tokens)):
            ends = each.exponent_interval(self.spec.level)
            sure = f"   {ends[0]:.4f} to {ends[1]:.4f}" if ends else ""
            lines.append(f"  {letter}* = {each.coefficient:.4g} C^{each.exponent:.4f}{sure}")
        if self.params.draws is not None:
            lines[0] += f"   ({100 * self.spec.level:g} % intervals of the exponents)"
        return lines

    def _table(self) -> str:
        rows = [["C", "runs", "sizes", "N*", "+-", "D*", "D*/N*", "loss*", ""]]
        for each in self.budgets:
            found = ["", "", "", "", ""]
            if each.params is not None and each.tokens is not None and each.loss is not None:
                error = "" if each.error is None else f"{each.error:.1%}"
                found = [
                    format_number(each.params), error, format_number(each.tokens),
                    f"{each.tokens / each.params:.3g}", f"{each.loss:.4f}",
                ]  # fmt: skip
            aside = f"set aside: {each.set_aside}" if each.set_aside else ""
            rows.append([f"{each.flops:.3g}", str(each.runs), str(each.sizes), *found, aside])
        return table(rows, right=range(8))

    def _lines(self) -> list[str]:
        """Return what stands below the table."""
        lines = [f"  rows        {self.rows.read} read, {len(self.rows)} at a budget"]
        lines += [f"              {part.n} set aside: {part.reason}" for part in self.rows.set_aside]
        if self.noise is None or self.params.draws is None:
            lines.append("  intervals   none")
        else:
            lines.append(f"  intervals   {len(self.params.draws)} resamples, noise {self.noise:.2%} of the loss")
        if self.bias is not None:
            lines += _bias_lines(self.bias)
        lines += [f"  note        {note}" for note in self.rows.notes]
        for finding in self.findings:
            if finding.grade is Grade.WARN:
                lines.append(f"  warn        {finding.message} [{finding.code}]")
                lines += [f"              {finding.fix}"] if finding.fix else []
        return lines


def _bias_lines(bias: DesignBias) -> list[str]:
    """Return what the design does to each profile, as text."""
    lines = []
    for name, values in bias.size.items():
        drift = f", exponent {bias.exponent[name]:+.4f}" if name in bias.exponent else ""
        span = f"N* {np.nanmin(values):+.2%} to {np.nanmax(values):+.2%}" if np.isfinite(values).any() else "no minimum"
        lines.append(f"{name} {span}{drift}")
    centre = f"sizes lie {bias.centre.min():+.2f} to {bias.centre.max():+.2f} decades off N*"
    said = [f"on the noise-free surface of {bias.law}:", *lines, centre]
    return [f"  {'bias' if not at else '':<12}{line}" for at, line in enumerate(said)]
