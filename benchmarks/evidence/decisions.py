"""Decisions: N* at held-out budgets of published tables, and of simulated tables with a known best size."""

import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from decisions.scoring import Means, bias, means, scored
from decisions.tables import cases, protocol
from decisions.truths import simulated
from evidence._row import Row

COMMAND = "python -m decisions --data $SCALELAW_DATA"
_OPEN = Means(0.85, 1.0, 0.17, 1.0)
_SIMULATED = Means(0.85, 0.8, 0.14, 0.0008)
_BIAS = 0.12


def measure() -> Iterator[Row]:
    """Yield the rows: intervals of 90 %, scored in ln N*."""
    warnings.simplefilter("ignore")
    rules = protocol()
    level, far = rules["score"]["level"], rules["simulated"]["far"]
    before = time.process_time()
    rows = scored(cases(Path(os.environ["SCALELAW_DATA"])), level)
    sources = len({row.by for row in rows})
    yield _row(f"open tables, {sources} sources", "coverage >= 0.85, interval score <= 1.00, error <= 0.170",
               means(rows), _OPEN, time.process_time() - before)  # fmt: skip
    before = time.process_time()
    made = scored(simulated(rules["simulated"]), level)
    seconds = time.process_time() - before
    yield _row(f"{rules['simulated']['tables']} simulated tables",
               "coverage >= 0.85, interval score <= 0.80, error <= 0.14, regret <= 0.08 %",
               means(made), _SIMULATED, seconds)  # fmt: skip
    off = means([row for row in made if not far[0] <= row.ratio <= far[1]])
    yield _row("simulated tables whose true D*/N* is below 4 or above 100", "coverage >= 0.85, interval score <= 0.80",
               off, Means(0.85, 0.8, 1.0, 1.0), 0.0)  # fmt: skip
    grids = means([row for row in made if row.design == "grid"])
    yield _row(
        "simulated tables that are grids of sizes and tokens",
        "coverage >= 0.85",
        grids,
        Means(0.85, 9.0, 1.0, 1.0),
        0.0,
    )
    for low, high in ((0.8, 2.0), (100.0, 400.0)):
        value = bias(made, low, high)
        yield Row(f"bias of ln N* within {_BIAS} where the true D*/N* is {low:g} to {high:g}", f"{value:+.3f}",
                  abs(value) <= _BIAS, COMMAND, 0.0)  # fmt: skip


def _row(of: str, promise: str, found: Means, least: Means, seconds: float) -> Row:
    holds = found.covered >= least.covered and all(a <= b for a, b in zip(found[1:], least[1:], strict=True))
    return Row(f"{of}: {promise}", str(found), holds, COMMAND, seconds)
