"""Measure how much a decision depends on single runs, and on a group of outlying runs.

code             grade  when
INFLUENCE_RUN    warn   leaving out one run moves the decision by more than a tenth
INFLUENCE_GROUP  warn   outlying runs together move the decision by more than a tenth
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.accounting.budget import AHEAD, default_budget
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.fitting.checks.outliers import RATE, ROWS_PER_COEF, OutlierFlags, outlying
from scalelaw.fitting.decision import PLANNED, Decision, decision
from scalelaw.fitting.refit import problem_of
from scalelaw.fitting.solver.solve import Problem, solve

if TYPE_CHECKING:
    from scalelaw.fitting.fitted_rows import FittedRows
    from scalelaw.fitting.result import FitResult

_AT_ONCE = 256
_SHOWN = 8
_NEXT = 3
_CLOSE = 4.0
_MUCH = 0.1


@dataclass(frozen=True, eq=False)
class OutlierGroup(Brief):
    """Outlying runs and their joint effect.

    Attributes:
        members: numbers of the runs, the farthest out first.
        value: the decision without the whole group.
        distance: distance of every run from the fit without the group, in robust standard deviations, (m,).
        rate: the smallest accepted share of false flags at which each run would be flagged, (m,).
    """

    members: tuple[int, ...]
    value: float
    distance: Array
    rate: Array


@dataclass(frozen=True, eq=False)
class Influence(Renderable, Tabular):
    """The decision of a fit with and without each run.

    Attributes:
        decision: the decision.
        value: its value from all runs.
        without: its value without each run, (m,).
        shift: change from ``value``, (m,): log ratio for N*, D* and D/N, which span decades, else the difference.
        rank: rank of each run by the size of its shift, one for the largest, (m,).
        runs: name ``run``, inputs and measured value of each run, in the order of ``without``.
        group: the outlying runs; None if the rows are too few to separate outliers from noise.
        law: the law's spelling.
        target: the fitted target.
        rate: share of false flags accepted in ``group``.
        digest: digest of the fit.
        notes: assumptions in words.
    """

    decision: Decision
    value: float
    without: Array
    shift: Array
    rank: AnyArray
    runs: tuple[Mapping[str, float | str], ...]
    group: OutlierGroup | None
    law: str
    target: str
    rate: float
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Warnings: the decision depends on one run, or on a group of outlying runs."""
        found, top = [], int(np.argmin(self.rank))
        if self._moves(self.without[top]):
            message = (
                f"leaving out one run moves {self.decision} from {_number(self.value)} to {_number(self.without[top])}"
            )
            found.append(Finding("INFLUENCE_RUN", Grade.WARN, f"{message} ({self._named(top)})", 1))
        if self.group and self.group.members and self._moves(self.group.value):
            count = len(self.group.members)
            message = f"{counted(count, 'run')} that {'does' if count == 1 else 'do'} not belong with the others"
            message += f" move {self.decision} from {_number(self.group.value)} to {_number(self.value)}"
            fix = "check how they were trained; if that explains them, exclude them with where= or exclude_top="
            found.append(Finding("INFLUENCE_GROUP", Grade.WARN, message, count, fix))
        return tuple(found)

    def _moves(self, other: float) -> bool:
        return bool(np.isnan(other) or abs(other - self.value) > _MUCH * abs(self.value))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw influence --json``; every run, the most influential first."""
        group = self.group
        return {
            "schema": "scalelaw.influence/1",
            "law": self.law,
            "target": self.target,
            "quantity": self.decision.quantity,
            "flops": self.decision.flops,
            "at": dict(self.decision.at),
            "unit": self.decision.unit,
            "value": self.value,
            "relative": self.decision.relative,
            "runs": [self._run(i) for i in np.argsort(self.rank)],
            "group": None
            if group is None
            else {
                "rate": self.rate,
                "value": group.value,
                "members": [self._run(i) for i in group.members],
            },
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "digest": self.digest,
        }

    def to_columns(self) -> Columns:
        """Return one row per run, the most influential first."""
        return columns_of(self.to_dict()["runs"])

    def _run(self, i: int) -> dict[str, Any]:
        known = (
            {} if self.group is None else {"distance": float(self.group.distance[i]), "rate": float(self.group.rate[i])}
        )
        own = {"without": float(self.without[i]), "shift": float(self.shift[i]), "rank": int(self.rank[i])}
        return {**self.runs[i], **own, **known}

    def _named(self, i: int) -> str:
        return ", ".join(f"{name} {_number(value)}" for name, value in self.runs[i].items())

    def report(self) -> Report:
        """Return the most influential runs, the outlying runs, notes and warnings."""
        runs = f"{self.law} fitted to {len(self.runs)} runs of {self.target}"
        lines = [("note", note) for note in self.notes]
        lines += [(finding.grade.shown, f"{finding} [{finding.code}]") for finding in self.findings]
        parts = [Report("one run left out", [self._table(np.argsort(self.rank)[:_SHOWN].tolist())]), self._apart()]
        return Report(f"{self.decision}, {runs}: {_number(self.value)}", [*parts, Lines(lines)])

    def _table(self, rows: list[int]) -> Table:
        known = [] if self.group is None else ["distance", "rate"]
        head = ["rank", *self.runs[0], "without", "shift", *known]
        body = [
            [
                str(self.rank[i]),
                *(_number(value) for value in self.runs[i].values()),
                _number(self.without[i]),
                f"{100 * (np.exp(self.shift[i]) - 1):+.1f}%" if self.decision.relative else f"{self.shift[i]:+.3g}",
                *([f"{self.group.distance[i]:+.1f}", f"{self.group.rate[i]:.2g}"] if self.group else []),
            ]
            for i in rows
        ]
        return Table([head, *body], right=range(len(head)))

    def _apart(self) -> Report:
        """Return the outlying runs."""
        if self.group is None:
            return Report(f"too few rows to find outliers: {ROWS_PER_COEF} per coefficient are needed")
        count, rule = len(self.group.members), f"expected false flags: {100 * self.rate:.0f}%"
        near = [i for i in np.argsort(self.group.rate, kind="stable").tolist() if i not in self.group.members][:_NEXT]
        close = [f"{self.group.rate[i]:.2g}" for i in near if self.group.rate[i] < _CLOSE * self.rate]
        lines = Lines([("next in line, not flagged", f"rate {', '.join(close)}")] if close else [], width=0)
        if not count:
            return Report(f"no run lies apart from the others ({rule})", [lines])
        without = f"without {'it' if count == 1 else 'them'}: {_number(self.group.value)}"
        title = f"{counted(count, 'run')} {'lies' if count == 1 else 'lie'} apart from the others ({rule}); {without}"
        return Report(title, [self._table(list(self.group.members)), lines])


def influence(
    fit: "FitResult",
    quantity: str = "tokens_per_param",
    *,
    flops: float | str | None = None,
    rate: float = RATE,
    at: Mapping[str, float | str] | None = None,
) -> Influence:
    """Measure how much a decision depends on each run, and on the outlying runs together.

    Leave out every run once, with all its rows, and refit the law from the optimum, all refits in one batch. The size
    of the outlying group need not be given; see ``scalelaw.fitting.checks.outliers``.

    Args:
        fit: the fit.
        quantity: ``tokens_per_param``, ``params``, ``tokens`` or ``loss`` at the compute-optimal split of ``flops``, or
            the name of a coefficient.
        flops: the budget, FLOP; ten times that of the largest run unless given.
        rate: share of false flags to accept among those flagged, in (0, 1).
        at: input besides params and tokens -> the value it is held at.

    Raises:
        UnknownName: no such quantity or input.
        BadInput: a budget or an input value is missing or not needed, the rate is not a share, or the fit has a single
            run.

    Example:
        >>> import scalelaw as sl
        >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=0)
        >>> found = fit.influence("tokens_per_param", flops=1e22)
        >>> found.group.members, int(found.rank.min())
        ((), 1)
    """
    if not 0 < rate < 1:
        raise BadInput(f"rate must lie strictly between 0 and 1, got {rate}; {RATE} is usual")
    asked, notes = _asked(fit, quantity, flops, at or {})
    rows = fit.rows
    _, run = np.unique(rows.cluster, return_inverse=True)
    if run.max() == 0:
        raise BadInput("influence compares the fit with and without each run, but there is one run; add runs")
    problem, u = problem_of(fit)
    value = float(asked.value(fit.coef[None])[0])
    without = _left_out(problem, u, rows.weight, run, asked)
    without[np.bincount(run, rows.weight) == 0] = value
    shift = asked.shift(without, value)
    found = outlying(problem, u, rows.weight, rows.cluster, rate)
    return Influence(
        decision=asked,
        value=value,
        without=frozen(without),
        shift=frozen(shift),
        rank=frozen(_ranked(shift)),
        runs=_described(rows, run, fit.target),
        group=None if found is None else _group(problem, u, rows.weight, run, asked, found),
        law=fit.law.spelling,
        target=fit.target,
        rate=rate,
        digest=fit.digest,
        notes=notes,
    )


def _asked(
    fit: "FitResult", quantity: str, flops: float | str | None, at: Mapping[str, float | str]
) -> tuple[Decision, tuple[str, ...]]:
    """Return the decision, and notes on assumptions and on inputs outside the fitted range."""
    notes: tuple[str, ...] = ()
    if flops is None and quantity in PLANNED and "flops" in fit.domain:
        flops = default_budget(fit.domain)
        notes = (f"no budget given; used {AHEAD:g} times the largest fitted (set it with --flops)",)
    held = fit.at(**at)
    return decision(fit.law, quantity, flops, fit.cost, held.values), (*notes, *held.caveats[len(fit.caveats) :])


def _ranked(shift: Array) -> AnyArray:
    """Return the rank of each run by the size of its shift, one for the largest, (m,)."""
    size = np.where(np.isnan(shift), np.inf, np.abs(shift))
    rank = np.empty(len(size), int)
    rank[np.argsort(-size, kind="stable")] = np.arange(1, len(size) + 1)
    return rank


def _left_out(problem: Problem, u: Array, weight: Array, run: AnyArray, asked: Decision) -> Array:
    """Return the decision without each run, (m,)."""
    values = []
    for first in range(0, run.max() + 1, _AT_ONCE):
        left_out = np.arange(first, min(first + _AT_ONCE, run.max() + 1))
        weights = weight * (run[None, :] != left_out[:, None])
        solution = solve(problem, np.tile(u, (len(left_out), 1)), weights, warm=True)
        values.append(_decided(problem, solution.u, asked))
    return np.concatenate(values)


def _decided(problem: Problem, u: Array, asked: Decision) -> Array:
    with np.errstate(all="ignore"):
        return asked.value(problem.coordinates.coef(u))


def _group(
    problem: Problem, u: Array, weight: Array, run: AnyArray, asked: Decision, found: OutlierFlags
) -> OutlierGroup:
    members = np.flatnonzero(found.flagged)
    members = members[np.argsort(-np.abs(found.distance[members]), kind="stable")]
    refit = solve(problem, u[None], (weight * ~found.flagged[run])[None])
    value = float(_decided(problem, refit.u, asked)[0])
    return OutlierGroup(tuple(members.tolist()), value, frozen(found.distance), frozen(found.rate))


def _described(rows: "FittedRows", run: AnyArray, target: str) -> tuple[dict[str, float | str], ...]:
    """Return name, inputs and measured value of each run at its last row."""
    names = rows.run_names()
    last = len(run) - 1 - np.unique(run[::-1], return_index=True)[1]
    quantities = {**{name: np.asarray(values) for name, values in rows.x.items()}, target: rows.y}
    return tuple(
        {"run": str(names[at]), **{name: float(values[at]) for name, values in quantities.items()}} for at in last
    )


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "none" if np.isnan(value) else format_number(float(value), 4)
