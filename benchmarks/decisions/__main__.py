"""Score the decisions of the ensemble by the protocol: `python -m decisions --data FOLDER` from benchmarks/."""

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decisions.tables import Case, Truth, cases, protocol
from decisions.truths import simulated
from scalelaw.backtesting import forecast_observations, shipped
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.planning import plan

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(7)


@dataclass(frozen=True)
class Row:
    """One decision scored; errors and scores are of ln N*, the regret is relative to the least loss."""

    by: str
    table: str
    cut: int
    ratio: float
    design: str
    covered: float
    score: float
    missed: float
    regret: float


def decided(case: Case, cut: int, level: float) -> Iterator[Row]:
    """Yield the scored decisions of one case."""
    ensemble = forecast_observations(case.train, calibration=shipped())
    for truth in case.truths:
        answer = plan(ensemble, flops=truth.flops, level=level).params
        if answer.lo is None or answer.hi is None:
            continue
        yield _row(case, cut, truth, np.log([answer.lo, answer.value, answer.hi]), level)


def _row(case: Case, cut: int, truth: Truth, ends: Array, level: float) -> Row:
    lo, value, hi = ends
    best = truth.best + truth.error * _NODES
    share = _SHARES / _SHARES.sum()
    beyond = np.maximum(lo - best, 0) + np.maximum(best - hi, 0)
    return Row(
        case.by,
        case.table,
        cut,
        float(case.about.get("ratio", np.nan)),
        str(case.about.get("design", "")),
        float(share @ ((lo <= best) & (best <= hi))),
        float(hi - lo + 2 / (1 - level) * (share @ beyond)),
        float(value - truth.best),
        float(max(np.interp(value, truth.sizes, truth.losses) / truth.losses.min() - 1, 0)),
    )


def balanced(rows: list[Row]) -> str:
    """Return coverage, interval score, error and regret: means of budgets, then of cuts, of tables and of sources."""
    found = []
    for name in ("covered", "score", "missed", "regret"):
        levels: Any = [((row.by, row.table, row.cut), abs(getattr(row, name))) for row in rows]
        for depth in (3, 2, 1, 0):
            groups: dict[tuple[Any, ...], list[float]] = {}
            for key, value in levels:
                groups.setdefault(key[:depth], []).append(value)
            levels = [(key, float(np.mean(values))) for key, values in groups.items()]
        found.append(levels[0][1])
    return f"cov {found[0]:.2f}  interval score {found[1]:.2f}  error {found[2]:.3f}  regret {found[3]:.3%}"


def main() -> None:
    """Score published and simulated tables and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of published tables")
    parser.add_argument("--tables", type=int, default=None, help="simulated tables to make")
    asked = parser.parse_args()
    said = protocol()
    level, far = said["score"]["level"], said["simulated"]["far"]
    warnings.simplefilter("ignore")
    rows = _all(cases(asked.data), level)
    print("open", balanced(rows), flush=True)
    for by in dict.fromkeys(row.by for row in rows):
        print(f"  {by}", balanced([row for row in rows if row.by == by]), flush=True)
    made = _all(simulated(said["simulated"], tables=asked.tables), level)
    parts = {
        "simulated": made,
        "  ratio far from 20": [row for row in made if not far[0] <= row.ratio <= far[1]],
        "  grids": [row for row in made if row.design == "grid"],
    }
    for name, part in parts.items():
        print(name, balanced(part), flush=True)
    for low, high in ((0.8, 2.0), (100.0, 400.0)):
        off = [row.missed for row in made if low <= row.ratio <= high]
        print(f"  bias of ln N* at {low:g} to {high:g}: {np.mean(off) if off else np.nan:+.3f}")


def _all(found: Iterator[Case], level: float) -> list[Row]:
    rows: list[Row] = []
    for cut, case in enumerate(found):
        try:
            rows += decided(case, cut, level)
        except ScalelawError as error:
            print(f"  {case.table}: {error}")
    return rows


if __name__ == "__main__":
    main()
