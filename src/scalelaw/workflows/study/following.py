"""Choose the next command after a decision: resolve a finding first, then compare other choices."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scalelaw.core.findings import Finding
from scalelaw.core.nouns.brief import Brief
from scalelaw.runs.checking.repeated import CODE as REPEATED
from scalelaw.workflows.study.unsplit import written

LOSSES = ("loss", "bpb")
"""Metrics that plans minimise."""


@dataclass(frozen=True)
class Following(Brief):
    """Inputs of the next command.

    Attributes:
        words: the table as the command line names it; empty outside the command line.
        law: option with the law that decides or, without a plan, that is fitted.
        named: option that repeats the law or the N of the decision, or empty.
        flops: budget of the plan; None without a plan.
        tested: whether a cut of the backtest was scored; used only without a budget.
        target: the forecast metric.
        targets: all metrics of the table.
    """

    words: str
    law: str
    named: str
    flops: float | None
    tested: bool
    target: str
    targets: Sequence[str]

    def command(self, findings: Iterable[Finding]) -> str:
        """Return the next command for the shell or, without a file, for Python."""
        found = tuple(findings)
        return self._in_shell(found) if self.words else self._in_python(found)

    def _in_shell(self, findings: Sequence[Finding]) -> str:
        words, over = shlex.split(self.words), _swept(findings)
        if end := _settled(findings, "RUNS_ONE_RUN", "end"):
            return f"scalelaw extrapolate {self.words} --end {written(end)}"
        if columns := _settled(findings, "RUNS_SIZE_UNNAMED", "columns"):
            options = " ".join(f"--column {shlex.quote(f'{name}={column}')}" for name, column in columns.items())
            return f"scalelaw study {self.words} {options}"
        budget = f" --flops {self.flops:.4g}" if self.flops else ""
        if over and "--use" not in words:
            return f"scalelaw study {self.words}{self.named} --use best --over {','.join(over)}{budget}"
        if kept := _settled(findings, REPEATED, "where"):
            return f"scalelaw study {self.words}{self.named} --where epochs=..{kept['epochs']['to']:g}{budget}"
        if (loss := self._loss()) and "--law" not in self.named:
            return f"scalelaw study {shlex.join(_without(words, '--target'))} --target {shlex.quote(loss)}"
        if self.flops is not None:
            return f"scalelaw robustness {self.words}{self.named}{budget}"
        return f"scalelaw {'backtest' if self.tested else 'fit'} {self.words}{self.law}"

    def _in_python(self, findings: Sequence[Finding]) -> str:
        law, over = shlex.split(self.law)[1], _swept(findings)
        if end := _settled(findings, "RUNS_ONE_RUN", "end"):
            return f"sl.extrapolate(runs, end={end:.4g})"
        if columns := _settled(findings, "RUNS_SIZE_UNNAMED", "columns"):
            return f"sl.study(sl.load_runs(..., columns={columns!r}))"
        if over:
            return f'sl.study(runs, use="best", over={tuple(over)!r})'
        if kept := _settled(findings, REPEATED, "where"):
            return f"sl.study(runs.where(epochs=(0, {kept['epochs']['to']:g})))"
        if loss := self._loss():
            return f'sl.study(runs, target="{loss}")'
        if self.flops is not None:
            return f"sl.robustness(runs, flops={self.flops:.4g})"
        return f'sl.backtest("{law}", runs)' if self.tested else f'sl.fit("{law}", runs)'

    def _loss(self) -> str | None:
        """Return a loss of the table to plan with, if the target is a score."""
        if self.flops is not None or self.target.partition("@")[0] in LOSSES:
            return None
        return next((each for each in self.targets if each.partition("@")[0] in LOSSES), None)


def _swept(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the swept columns, if tuned and untuned runs are mixed."""
    return tuple(_settled(findings, "RUNS_SWEPT", "over") or ())


def _settled(findings: Iterable[Finding], code: str, setting: str) -> Any:
    """Return the setting that resolves the finding of a code, or None."""
    found = next((each for each in findings if each.code == code and each.answers), None)
    return found.answers[0].settings[setting] if found else None


def _without(words: Sequence[str], option: str) -> list[str]:
    """Return the words of a command line without an option and its value."""
    kept = list(words)
    while option in kept:
        at = kept.index(option)
        del kept[at : at + 2]
    return kept
