"""Explain a compute-optimal exponent by the corrections that separate Kaplan's exponent from Chinchilla's exponent.

Kaplan et al. (2020) and Hoffmann et al. (2022) disagree on a in N* ~ C^a. Porian et al. (2024) turned the one into the
other by corrections: counting the FLOPs of the head, warm-up in proportion to the model, learning rates decayed over
the run's own length, hyper-parameters tuned by size. This module makes the same waterfall from any table, either from
columns that describe how runs differ (``base`` and ``steps``), or from the quantities it has (``corrections``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Unpack

from scalelaw.accounting.budget import default_budget
from scalelaw.allocation.corrections import Correction, automatic, named
from scalelaw.allocation.isoflop_analysis import NO_SWEEP
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopOptions, make_isoflop_spec
from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.estimate import Estimate, estimated
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.rendering import Renderable, Report, Table
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

Steps = Mapping[str, Mapping[str, Any]]
"""Name of a correction -> the column conditions it changes, in the form of ``where``."""


@dataclass(frozen=True, eq=False)
class CorrectedExponent(Brief):
    """The exponent after one correction.

    Attributes:
        name: the correction.
        how: which part of the table was read, in words.
        exponent: a in N* ~ C^a, or None if the correction was skipped.
        params: N* at the requested compute, or None if the correction was skipped.
        change: a minus the previous a, or None.
        budgets: number of used budgets and of all budgets.
        skipped: reason why the correction was skipped, or empty.
        found: the IsoFLOP analysis behind it, or None.
    """

    name: str
    how: str
    exponent: Estimate | None = None
    params: Estimate | None = None
    change: float | None = None
    budgets: tuple[int, int] = (0, 0)
    skipped: str = ""
    found: IsoFlop | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "how": self.how,
            "exponent": None if self.exponent is None else self.exponent.to_dict(),
            "change": self.change,
            "params": None if self.params is None else self.params.to_dict(),
            "budgets": list(self.budgets),
            "skipped": self.skipped or None,
        }


@dataclass(frozen=True, eq=False)
class Explanation(Renderable, Tabular):
    """A waterfall of exponents.

    Attributes:
        target: the measured quantity, ``metric@eval_set``.
        flops: the compute at which N* is given, FLOP.
        level: level of the intervals.
        profile: the form of the IsoFLOP profiles.
        readings: exponents, from the first reading of the table to the last correction.
    """

    target: str
    flops: float
    level: float
    profile: str
    readings: tuple[CorrectedExponent, ...]

    @property
    def made(self) -> tuple[CorrectedExponent, ...]:
        """The readings whose correction was not skipped."""
        return tuple(reading for reading in self.readings if not reading.skipped)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw explain --json``."""
        return {
            "schema": "scalelaw.explanation/1",
            "target": self.target,
            "flops": self.flops,
            "level": self.level,
            "profile": self.profile,
            "readings": [reading.to_dict() for reading in self.readings],
        }

    def to_columns(self) -> Columns:
        """Return one row per correction."""
        return columns_of(each.to_dict() for each in self.readings)

    def report(self) -> Report:
        """Return the report, with one line per correction."""
        percent = f"{100 * self.level:g} % interval"
        rows = [["correction", "a", percent, "change", f"N* at {format_number(self.flops)}", "budgets", ""]]
        for each in self.readings:
            if each.exponent is None or each.params is None:
                rows.append([each.name, "", "", "", "", "", f"skipped: {each.skipped}"])
                continue
            a = each.exponent
            sure = "unknown" if a.lo is None or a.hi is None else f"{a.lo:.3f} to {a.hi:.3f}"
            change = "" if each.change is None else f"{each.change:+.3f}"
            used = f"{each.budgets[0]} of {each.budgets[1]}"
            rows.append(
                [each.name, f"{a.value:.3f}", sure, change, format_number(each.params.value, 3), used, each.how]
            )
        head = (
            f"Compute-optimal exponent a of N* ~ C^a, {self.target}, {self.profile} profiles, one correction at a time"
        )
        return Report(head, [Table(rows, right=(1, 3, 4))])


def explain(
    runs: Any,
    *,
    base: Mapping[str, Any] | None = None,
    steps: Steps | None = None,
    flops: float | str | None = None,
    target: str | None = None,
    **options: Unpack[IsoFlopOptions],
) -> Explanation:
    """Compute the exponent of N* ~ C^a after each of a chain of corrections, with intervals.

    With ``steps``, ``base`` selects the first runs by column values, and each step changes some of these conditions.
    Without, the corrections follow from the quantities of the table: counting of params, FLOPs of the head, warm-up,
    decay, tuned hyper-parameters. A correction that lacks a quantity is listed with the reason.

    Args:
        runs: a table, or anything ``load_runs`` reads.
        base: column -> value, list or range, as ``where`` takes them.
        steps: name -> the conditions it changes, in order.
        flops: C in FLOP at which N* is given; ten times the largest run by default.
        target: the measured quantity, ``metric@eval_set``; optional if the table has one target.
        **options: options of the IsoFLOP analysis, see ``IsoFlopSpec``.

    Raises:
        BadInput: a bad argument, or a table without an optimum at any step.

    Example:
        >>> import scalelaw as sl
        >>> kinds = {"recipe": ["old"] * 14 + ["new"] * 14}
        >>> import numpy as np
        >>> n, c = np.tile(np.geomspace(1e7, 1e9, 7), 4), np.tile(np.repeat([1e18, 1e19], 7), 2)
        >>> b = np.repeat([300.0, 2085.0], 14)
        >>> d = c / 6 / n
        >>> power = np.repeat([0.25, 0.36], 14)
        >>> runs = kinds | {"params": n, "tokens": d, "flops": c, "loss": 1.8 + 480 / n**0.34 + b / d**power}
        >>> steps = {"new recipe": {"recipe": "new"}}
        >>> found = sl.allocation.explain(runs, base={"recipe": "old"}, steps=steps, draws=0)
        >>> [round(reading.exponent.value, 3) for reading in found.made]
        [0.424, 0.514]

    Source:
        Porian et al. 2024, arXiv 2406.19146; Pearce and Song 2024, arXiv 2406.12907.
    """
    spec = make_isoflop_spec(options)
    whole = runs if isinstance(runs, RunTable) else load_runs(runs)
    whole = whole.where(**base) if base and steps is None else whole
    name = whole.target(target)
    compute = _ahead(whole, name) if flops is None else parse_number(flops, "flops")
    if not compute > 0:
        raise BadInput(f"flops must be positive, got {compute:g}")
    chain = named(whole, base or {}, steps, name, spec) if steps is not None else automatic(whole, name, spec)
    readings = tuple(_read(each, compute, spec.level) for each in chain)
    if not any(reading.found for reading in readings):
        if NO_SWEEP in readings[0].skipped:
            raise BadInput(readings[0].skipped)
        why = "; ".join(dict.fromkeys(f"{reading.name}: {reading.skipped}" for reading in readings))
        raise BadInput(f"no correction gives this table a compute-optimal exponent ({why})")
    return Explanation(name, compute, spec.level, spec.profile, _with_changes(readings))


def _ahead(runs: RunTable, target: str) -> float:
    """Return ten times the largest compute of the runs, FLOP."""
    return default_budget(runs.endpoints(target).complete(["flops"]).domain())


def _read(correction: Correction, flops: float, level: float) -> CorrectedExponent:
    """Analyse the table after one correction."""
    if correction.analyse is None:
        return CorrectedExponent(correction.name, correction.how, skipped=correction.missing)
    try:
        found = correction.analyse()
    except ScalelawError as error:
        return CorrectedExponent(correction.name, correction.how, skipped=str(error))
    grown = found.params
    drawn = None if grown.draws is None else grown.draws[:, 1]
    return CorrectedExponent(
        correction.name,
        correction.how,
        estimated(grown.exponent, drawn, level, "1"),
        estimated(float(grown.at(flops)), grown.draws_at(flops), level, "parameters"),
        budgets=(len(found.used), len(found.budgets)),
        found=found,
    )


def _with_changes(readings: tuple[CorrectedExponent, ...]) -> tuple[CorrectedExponent, ...]:
    """Fill in the change of each reading from the previous one that was not skipped."""
    changed, before = [], None
    for reading in readings:
        if reading.exponent is not None and before is not None:
            reading = replace(reading, change=reading.exponent.value - before)
        before = before if reading.exponent is None else reading.exponent.value
        changed.append(reading)
    return tuple(changed)
