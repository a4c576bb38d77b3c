"""Freeze a forecast: what a forecaster expects of one run, and what it was fitted to, before the run is trained.

code                   grade   when
FORECAST_TOO_LATE      refuse  the fitted table already holds the run, or one at its point
FORECAST_POINT         refuse  the point lacks a quantity that the forecaster takes
FORECAST_CONTRADICTED  refuse  a stated condition contradicts the fitted rows
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.accounting.flops import COUNTINGS, Counting, HasCounting, counting_for
from scalelaw.core.digest import digest, source_digest
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.forecaster import Forecaster, Kind, Provenance, Traceable, outside, reach
from scalelaw.core.numbers import parse_number
from scalelaw.core.quantities import QUANTITIES, quantity
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.registry.frozen import LEVELS, SCHEMA, TOLERANCE, FrozenForecast, near
from scalelaw.registry.seal import seal
from scalelaw.runs.other_columns import with_formula_columns
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.pooling import COMPARED, NOTED
from scalelaw.runs.table import RunTable


def freeze(
    forecaster: Forecaster,
    *,
    run: str = "",
    conditions: Mapping[str, float | str] | None = None,
    runs: Any = None,
    **point: float | str,
) -> FrozenForecast:
    """Freeze the forecast of one future run.

    Args:
        forecaster: a fit, a published law, an ensemble or another forecaster. For a ``Traceable`` one the rows are
            recorded, for others only digest and label.
        run: name of the run, if known.
        conditions: conditions of the run that the fitted table lacks: ``{"dataset": "c4", "tokenizer": "gpt2"}``. A
            run with other values is not scored.
        runs: the fitted table, to check excluded runs too.
        **point: the forecaster's inputs, such as ``params``, ``tokens`` or ``flops``, as numbers or text like
            ``70B``; a missing one of N, D and C follows from C = 6 N D, or from the fitted table's own count of C.

    Raises:
        BadInput: a quantity is unknown, missing or not positive, a condition contradicts the rows, or the table
            already holds the run.

    Example:
        >>> import scalelaw as sl
        >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=50)
        >>> forecast = freeze(fit, params="7B", tokens="140B")
        >>> forecast.target, forecast.levels
        ('loss', (0.5, 0.8, 0.9, 0.95))
    """
    origin = forecaster.origin if isinstance(forecaster, Traceable) else Provenance(forecaster.label)
    counting = forecaster.counting if isinstance(forecaster, HasCounting) else None
    given = {name: _number(name, value, forecaster.inputs) for name, value in point.items()}
    asked, flops = _completed(given, forecaster.inputs, counting)
    _check_open(origin, {name: asked[name] for name in forecaster.inputs})
    if runs is not None:
        _check_absent(runs if isinstance(runs, RunTable) else load_runs(runs), asked, run)
    x = {name: np.array([asked[name]]) for name in forecaster.inputs}
    document = {
        "schema": SCHEMA,
        "target": {"name": forecaster.target, "unit": QUANTITIES[forecaster.target.partition("@")[0]].unit},
        "run": run,
        "point": asked,
        "tolerance": TOLERANCE,
        "conditions": _conditions(origin, conditions or {}),
        "counting": _counted(asked, flops, counting),
        "mean": _predicted(forecaster, x, "mean"),
        "new_run": _predicted(forecaster, x, "new_run"),
        "reach": reach(asked, forecaster.domain),
        "outside_domain": bool(outside(x, forecaster.domain)[0]),
        "forecaster": _described(forecaster, origin),
        "rows": _rows(origin),
        "made": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "scalelaw": __version__,
            "source": source_digest(),
        },
    }  # fmt: skip
    return FrozenForecast(seal(document))


def row_digest(x: Mapping[str, float], y: float) -> str:
    """Return the digest of the inputs and the value of one measured row."""
    return digest({**{name: float(value) for name, value in x.items()}, "y": float(y)})


def _number(name: str, value: float | str, inputs: tuple[str, ...]) -> float:
    if name in inputs and name not in QUANTITIES:
        return parse_number(value)
    if quantity(name).kind != "number":
        raise BadInput(f"{name}={value!r}: {name} is not numeric; pass it in conditions= (CLI: --say {name}={value})")
    found = parse_number(value, name)
    if not found > 0:
        raise BadInput(f"{name} must be positive, got {found:g}")
    return found


def _counted(asked: Mapping[str, float], flops: float | None, counting: Counting | None) -> dict[str, Any]:
    """Return kind of N, compute and its convention; empty for a point without N."""
    n = next((name for name in COUNTINGS if name in asked), None)
    if n is None:
        return {}
    by = counting if counting is not None and counting.params == n else counting_for(n)
    return {"n": n, "meaning": QUANTITIES[n].meaning, "flops": flops, "flops_by": by.name}


def _completed(
    given: dict[str, float], inputs: tuple[str, ...], counting: Counting | None = None
) -> tuple[dict[str, float], float | None]:
    """Return the point with every input, and its compute if N and D are known."""
    known = dict(given)
    n = next((name for name in COUNTINGS if name in (*given, *inputs)), None)
    if n is not None:
        by = counting if counting is not None and counting.params == n else counting_for(n)
        if {n, "tokens"} <= set(known):
            known.setdefault("flops", float(by.flops(known[n], known["tokens"])))
        elif {n, "flops"} <= set(known):
            known["tokens"] = float(by.tokens(known[n], known["flops"]))
        elif {"tokens", "flops"} <= set(known):
            known[n] = float(by.params_for(known["tokens"], known["flops"]))
    if missing := [name for name in inputs if name not in known]:
        given_text = ", ".join(given) or "nothing"
        message = f"missing {' and '.join(missing)}: the forecaster takes {', '.join(inputs)}, got {given_text}"
        fix = f"give {missing[0]}= (CLI: --at {missing[0]}=...)"
        enforce([Finding("FORECAST_POINT", Grade.REFUSE, message, 0, fix)])
    point = {name: known[name] for name in dict.fromkeys((*inputs, *given))}
    return point, known.get("flops")


def _check_open(origin: Provenance, asked: Mapping[str, float]) -> None:
    """Raise if a fitted row already lies at the point."""
    if len(origin.y) and (there := _at_point(origin.x, asked, len(origin.y))).any():
        _too_late(f"the forecaster was fitted to {int(there.sum())} at this point, measured {origin.y[there][0]:.4g}")


def _at_point(x: Inputs, asked: Mapping[str, float], count: int) -> AnyArray:
    masks = [near(x[name], value) for name, value in asked.items() if name in x]
    return np.logical_and.reduce(masks) if masks else np.zeros(count, bool)


def _check_absent(table: RunTable, asked: Mapping[str, float], run: str) -> None:
    """Raise if the table already holds the run, by name or by its actual or planned point, finished or not."""
    if run and "run" in table.runs and run in table.runs["run"].astype(str):
        _too_late(f"{table.source} already holds the run {run}")
    table = with_formula_columns(table, asked)
    planned = {name: f"planned_{name}" if f"planned_{name}" in table.runs else name for name in asked}
    for columns in ({name: name for name in asked}, planned):
        if set(columns.values()) <= set(table.runs):
            there = _at_point({name: table.runs[column] for name, column in columns.items()}, asked, len(table))
            if there.any():
                which = table.runs["run"][there][0] if "run" in table.runs else f"row {int(np.argmax(there)) + 1}"
                _too_late(f"{table.source} already holds a run at this point: {which}")


def _too_late(message: str) -> None:
    fix = "freeze a forecast before its run: fit without that run (where(...)), or forecast a run not yet trained"
    enforce([Finding("FORECAST_TOO_LATE", Grade.REFUSE, message, 1, fix)])


def _conditions(origin: Provenance, stated: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return the conditions shared by the rows, and those the user states."""
    found = dict(origin.conditions)
    for name, value in stated.items():
        if name not in (*COMPARED, *NOTED):
            raise BadInput(f"conditions={{{name!r}: ...}}: a condition is one of {', '.join((*COMPARED, *NOTED))}")
        plain = parse_number(value, name) if QUANTITIES[name].kind == "number" else str(value)
        if name in found and found[name] != plain:
            message = f"{name} {plain} contradicts the fitted rows, whose {name} is {found[name]}"
            fix = f"fit rows with {name} {plain}, or omit the condition"
            enforce([Finding("FORECAST_CONTRADICTED", Grade.REFUSE, message, 0, fix)])
        found[name] = plain
    return found


def _predicted(forecaster: Forecaster, x: Inputs, kind: Kind) -> dict[str, Any]:
    every = [forecaster.predict(x, level, kind) for level in LEVELS]
    value = float(every[0].mean[0])
    if not np.isfinite(value):
        raise BadInput(f"{forecaster.label} predicts {value} at this point; freeze a point with a finite forecast")
    intervals = [
        {"level": level, "lo": _end(each.lo), "hi": _end(each.hi)} for level, each in zip(LEVELS, every, strict=True)
    ]
    return {"value": value, "intervals": intervals}


def _end(ends: Array | None) -> float | None:
    return None if ends is None or not np.isfinite(ends[0]) else float(ends[0])


def _described(forecaster: Forecaster, origin: Provenance) -> dict[str, Any]:
    return {
        "spelling": origin.spelling,
        "label": forecaster.label,
        "digest": forecaster.digest,
        "inputs": list(forecaster.inputs),
        "spec": origin.spec,
        "domain": {name: list(ends) for name, ends in forecaster.domain.items()},
        "caveats": list(forecaster.caveats),
    }


def _rows(origin: Provenance) -> dict[str, Any]:
    each = [
        row_digest({name: values[at] for name, values in origin.x.items()}, value)
        for at, value in enumerate(origin.y.tolist())
    ]
    return {"count": len(each), "digest": digest(sorted(each)), "each": sorted(each)}
