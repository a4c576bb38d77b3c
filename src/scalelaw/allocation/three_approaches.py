"""Compare three approaches to the compute-optimal size on one table: envelope, IsoFLOP and a law."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from scalelaw.accounting.budget import default_budget
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopOptions, IsoFlopSpec, make_isoflop_spec
from scalelaw.allocation.lower_envelope import Envelope, envelope_observations
from scalelaw.allocation.scaling import Scaling
from scalelaw.core.errors import BadInput, BadTable, ScalelawError
from scalelaw.core.estimate import Estimate, estimated
from scalelaw.core.forecaster import reach
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array
from scalelaw.fitting.decision import optimum_at
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.result import FitResult
from scalelaw.laws import HasOptimum, get
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

_STEP = 1.5


@dataclass(frozen=True, eq=False)
class Approach(Brief):
    """The result of one approach.

    Attributes:
        name: ``envelope``, ``isoflop`` or ``law``.
        exponent: a in N* ~ C^a, or None if the approach was skipped.
        params: N* at the requested compute.
        tokens: D* at the requested compute.
        tokens_per_param: D* / N* at the requested compute.
        how: which part of the table was used, in words.
        skipped: reason why the approach was skipped, or empty.
        found: the analysis behind it.
    """

    name: str
    how: str = ""
    exponent: Estimate | None = None
    params: Estimate | None = None
    tokens: Estimate | None = None
    tokens_per_param: Estimate | None = None
    skipped: str = ""
    found: Envelope | IsoFlop | FitResult | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        parts = {
            "exponent": self.exponent, "params": self.params, "tokens": self.tokens,
            "tokens_per_param": self.tokens_per_param,
        }  # fmt: skip
        told = {name: None if part is None else part.to_dict() for name, part in parts.items()}
        return {"name": self.name, "how": self.how, **told, "skipped": self.skipped or None}


@dataclass(frozen=True, eq=False)
class Agreement(Renderable, Tabular):
    """The approaches side by side.

    Attributes:
        target: the measured quantity, ``metric@eval_set``.
        flops: compute at which N* and D* are given, FLOP.
        level: level of the intervals.
        reach: that compute over the largest measured compute.
        approaches: envelope, isoflop and law, in this order.
    """

    target: str
    flops: float
    level: float
    reach: float
    approaches: tuple[Approach, ...]

    @property
    def used(self) -> tuple[Approach, ...]:
        """The approaches the table allows."""
        return tuple(each for each in self.approaches if not each.skipped)

    @property
    def disagree(self) -> tuple[tuple[str, str], ...]:
        """Pairs of approaches whose intervals of N* do not overlap."""
        known = [(each.name, each.params) for each in self.used if each.params and each.params.lo is not None]
        return tuple(
            (one, other)
            for at, (one, first) in enumerate(known)
            for other, second in known[at + 1 :]
            if (first.lo or 0) > (second.hi or np.inf) or (second.lo or 0) > (first.hi or np.inf)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw approaches --json``."""
        return {
            "schema": "scalelaw.approaches/1",
            "target": self.target,
            "flops": self.flops,
            "level": self.level,
            "reach": self.reach,
            "approaches": [each.to_dict() for each in self.approaches],
            "disagree": [list(pair) for pair in self.disagree],
        }

    def to_columns(self) -> Columns:
        """Return one row per approach."""
        return columns_of(each.to_dict() for each in self.approaches)

    def report(self) -> Report:
        """Return the report: one line per approach, and whether they agree."""
        percent = f"{100 * self.level:g} % interval"
        rows = [["approach", "a", percent, "N*", percent, "D*", "D*/N*", ""]]
        for each in self.approaches:
            if each.exponent is None or each.params is None or each.tokens is None or each.tokens_per_param is None:
                rows.append([each.name, "", "", "", "", "", "", f"skipped: {each.skipped}"])
                continue
            rows.append(
                [
                    each.name, f"{each.exponent.value:.4f}", _ends(each.exponent), format_number(each.params.value),
                    _ends(each.params), format_number(each.tokens.value), f"{each.tokens_per_param.value:.3g}",
                    each.how,
                ]
            )  # fmt: skip
        head = (
            f"Three approaches to {self.target} at {format_number(self.flops)} FLOP, {self.reach:.3g}x the largest run"
        )
        said = [f"{one} and {other} disagree: their intervals of N* do not overlap" for one, other in self.disagree]
        if not said and len(self.used) > 1:
            said = ["the intervals of N* overlap"]
        return Report(head, [Table(rows, right=(1, 3, 5, 6)), Lines([("", each) for each in said], width=0)])


def _ends(estimate: Estimate) -> str:
    return estimate.texts(3)[1] or "unknown"


def approaches(
    runs: Any, *, flops: float | str | None = None, target: str | None = None, **options: Unpack[IsoFlopOptions]
) -> Agreement:
    """Find the compute-optimal size by all three approaches of Hoffmann et al. and compare them.

    The envelope needs curves, IsoFLOP needs budgets, and Chinchilla's law needs any runs over params and tokens. An
    approach that the table does not allow is listed with the reason.

    Args:
        runs: a table, or anything ``load_runs`` reads.
        flops: C in FLOP at which N* and D* are given; ten times the largest run by default.
        target: the measured quantity, ``metric@eval_set``; optional if the table has one target.
        **options: options of the IsoFLOP analysis, see ``IsoFlopSpec``; ``n``, ``draws``, ``seed`` and ``level`` apply
            to all approaches.

    Raises:
        BadInput: a bad argument, or a table that no approach can use.

    Example:
        >>> import scalelaw as sl
        >>> found = sl.allocation.approaches(sl.datasets.load("synthetic-ladder"), draws=0)
        >>> [each.name for each in found.used]
        ['law']

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, section 3.
    """
    spec = make_isoflop_spec(options)
    whole = runs if isinstance(runs, RunTable) else load_runs(runs)
    name = whole.target(target)
    ends = whole.endpoints(name).complete([spec.n, "tokens", "flops"])
    compute = default_budget(ends.domain()) if flops is None else parse_number(flops, "flops")
    if not compute > 0:
        raise BadInput(f"flops must be positive, got {compute:g}")
    makers: dict[str, Callable[[], Approach]] = {
        "envelope": lambda: _of_envelope(whole, name, spec, compute),
        "isoflop": lambda: _of_isoflop(whole, name, spec, compute),
        "law": lambda: _of_law(whole, name, spec, compute),
    }
    found = tuple(_tried(label, make) for label, make in makers.items())
    if not any(not each.skipped for each in found):
        raise BadInput("; ".join(f"{each.name}: {each.skipped}" for each in found))
    return Agreement(name, compute, spec.level, reach({"flops": compute}, ends.domain())["flops"], found)


def _tried(name: str, make: Callable[[], Approach]) -> Approach:
    try:
        return make()
    except ScalelawError as error:
        return Approach(name, skipped=str(error))


def _of_envelope(runs: RunTable, target: str, spec: IsoFlopSpec, flops: float) -> Approach:
    observed = runs.curves(target)
    found = envelope_observations(observed, n=spec.n, draws=spec.draws, seed=spec.seed, level=spec.level)
    return _grown("envelope", (found.params, found.tokens), flops, spec.level, found)


def _of_isoflop(runs: RunTable, target: str, spec: IsoFlopSpec, flops: float) -> Approach:
    use = runs.curves(target) if spec.budgets is not None and runs.curves(target).clustered else runs.endpoints(target)
    found = isoflop_observations(use, spec)
    return _grown("isoflop", (found.params, found.tokens), flops, spec.level, found)


def _grown(
    name: str, grown: tuple[Scaling, Scaling], flops: float, level: float, found: Envelope | IsoFlop
) -> Approach:
    """Return the results of two power laws at one compute."""
    params, tokens = grown
    n, d = params.draws_at(flops), tokens.draws_at(flops)
    paired = n is not None and d is not None and len(n) == len(d)
    value = float(params.at(flops)), float(tokens.at(flops))
    how = {"curves": "curves", "best": "the best of each cell"}.get(found.rows.reduction, "ends of runs")
    return Approach(
        name,
        how,
        estimated(params.exponent, None if params.draws is None else params.draws[:, 1], level, "1"),
        estimated(value[0], n, level, "parameters"),
        estimated(value[1], d, level, "tokens"),
        estimated(value[1] / value[0], d / n if paired and n is not None and d is not None else None, level, "1"),
        found=found,
    )


def _of_law(runs: RunTable, target: str, spec: IsoFlopSpec, flops: float) -> Approach:
    law = get("chinchilla", n=spec.n)
    how, options = "ends of runs", make_spec(draws=spec.draws, seed=spec.seed, level=spec.level)
    try:
        found = fit_observations(law, runs.endpoints(target), options)
    except BadTable as refused:
        if not runs.curves(target).clustered:
            raise
        how = f"every checkpoint (ends of runs alone: {str(refused).partition('; ')[0]})"
        found = fit_observations(law, runs.curves(target), options)
    if not isinstance(law, HasOptimum):
        raise BadInput(f"{law.spelling} has no compute-optimal split in closed form")
    exponent, (n, d) = _share(found, found.coef[None], flops), _split(found, found.coef[None], flops)
    draws = None if found.draws is None else _split(found, found.draws, flops)
    return Approach(
        "law",
        how,
        estimated(exponent[0], None if found.draws is None else _share(found, found.draws, flops), spec.level, "1"),
        estimated(float(n[0]), None if draws is None else draws[0], spec.level, "parameters"),
        estimated(float(d[0]), None if draws is None else draws[1], spec.level, "tokens"),
        estimated(float(d[0] / n[0]), None if draws is None else draws[1] / draws[0], spec.level, "1"),
        found=found,
    )


def _split(found: FitResult, coef: Array, flops: float) -> tuple[Array, Array]:
    """Return N* and D* of coefficients (b, k), with compute counted as in the fitted table."""
    params, tokens, _ = optimum_at(found.law, coef, flops, found.cost)
    return params, tokens


def _share(found: FitResult, coef: Array, flops: float) -> Array:
    """Return a = beta / (alpha + beta) of coefficients (b, k); if C has its own cost, the local slope."""
    if found.cost is None:
        return np.asarray(coef[..., 4] / (coef[..., 3] + coef[..., 4]))
    low, high = (_split(found, coef, flops * times)[0] for times in (1 / _STEP, _STEP))
    return np.asarray(np.log(high / low) / (2 * np.log(_STEP)))
