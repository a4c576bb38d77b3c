"""Corrections between Kaplan's and Chinchilla's exponents: user-defined ones, and the ones that a table allows.

correction          before                                         after, if the table has
counting            N without embeddings, C = 6 N D with it        params_non_embedding
head FLOPs          the same                                       vocab_size, width: N and C with the head's V d
embeddings          the same                                       params: N with embeddings, C = 6 N D with it
warm-up             every run                                      warmup_tokens or warmup_steps: at most 0.1 of a run
decay               losses along the curves                        several evaluations per run: only the ends of runs
tuning              the setting most runs share                    a sweep: the best run of each size and tokens
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.allocation.isoflop_analysis import isoflop_observations, isoflop_sweep
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.sweep import Sweep, alike, sweep
from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.table import RunTable

_MOST_WARMUP = 0.1
_STARTS = 16


@dataclass(frozen=True)
class Correction:
    """One step of a waterfall.

    Attributes:
        name: name of the correction.
        how: which part of the table it reads, in words.
        analyse: function that returns the analysis; None if the table does not allow it.
        missing: reason why the table does not allow it.
    """

    name: str
    how: str
    analyse: Callable[[], IsoFlop] | None = None
    missing: str = ""


def named(
    runs: RunTable, base: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]], target: str, spec: IsoFlopSpec
) -> list[Correction]:
    """Return a chain of corrections: the runs that ``base`` selects, then each step with its changed conditions.

    Raises:
        BadInput: no base, no steps, or a step without effect.
    """
    if not base or not steps:
        raise BadInput(
            'steps= change the runs that base= selects; give both, e.g. base={"warmup": "long"} (CLI: --base, --step)'
        )
    conditions: dict[str, Any] = dict(base)
    chain = [Correction("base", _worded(conditions), _ends(runs, conditions, target, spec))]
    for name, changes in steps.items():
        after = {**conditions, **changes}
        if after == conditions:
            raise BadInput(f"step {name!r} has no effect: {_worded(changes)} already holds; change or drop it")
        conditions = after
        chain.append(Correction(name, _worded(changes), _ends(runs, conditions, target, spec)))
    return chain


def _ends(runs: RunTable, conditions: Mapping[str, Any], target: str, spec: IsoFlopSpec) -> Callable[[], IsoFlop]:
    frozen_conditions = dict(conditions)
    return lambda: isoflop_observations(runs.where(**frozen_conditions).endpoints(target), spec)


def _worded(conditions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in conditions.items())


@dataclass(frozen=True)
class _State:
    """How the table is read; each correction changes one attribute.

    Attributes:
        counting: ``without``, ``head`` or ``params``.
        short_warmup: whether runs with a long warm-up are left out.
        ends: whether only ends of runs count.
        tuned: whether the best of each swept cell counts.
    """

    counting: str
    short_warmup: bool
    ends: bool
    tuned: bool


def automatic(runs: RunTable, target: str, spec: IsoFlopSpec) -> list[Correction]:
    """Return the corrections in Porian's order; a correction that the table does not allow carries the reason."""
    have = set(runs.runs)
    lacking = {
        "counting": _lacks(have, "params_non_embedding"),
        "head FLOPs": _lacks(have, "params_non_embedding", "vocab_size", "width"),
        "embeddings": _lacks(have, "params"),
        "warm-up": "" if _warmup(runs) is not None else "no column warmup_tokens or warmup_steps; name a step for it",
        "decay": "" if _several(runs, target) else "one evaluation a run",
        "tuned hyper-parameters": "" if _swept(runs) else "no size was trained with several learning rates or batches",
    }
    state = _State(
        "without" if not lacking["counting"] else "params", False, bool(lacking["decay"]),
        bool(lacking["tuned hyper-parameters"]),
    )  # fmt: skip
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "head FLOPs": ("N and C with the head", {"counting": "head"}),
        "embeddings": ("N with embeddings, C = 6 N D", {"counting": "params"}),
        "warm-up": ("warm-up at most a tenth of a run", {"short_warmup": True}),
        "decay": ("ends of runs", {"ends": True}),
        "tuned hyper-parameters": ("best of each swept cell", {"tuned": True}),
    }
    begin = "N without embeddings, C = 6 N D" if state.counting == "without" else "N with embeddings, C = 6 N D"
    chain = [
        Correction(
            "as counted by Kaplan" if state.counting == "without" else "as it is",
            begin,
            _analysis(runs, state, target, spec),
        )
    ]
    if lacking["counting"]:
        chain.append(Correction("counting", "", missing=lacking["counting"]))
    for name, (how, change) in changes.items():
        after = replace(state, **change)
        if lacking[name]:
            chain.append(Correction(name, "", missing=lacking[name]))
        elif after != state:
            state = after
            chain.append(Correction(name, how, _analysis(runs, state, target, spec)))
    return chain


def _lacks(have: set[str], *names: str) -> str:
    missing = [name for name in names if name not in have]
    return f"no column {', '.join(missing)}" if missing else ""


def _analysis(runs: RunTable, state: _State, target: str, spec: IsoFlopSpec) -> Callable[[], IsoFlop]:
    """Return the function that analyses the table in this state."""

    def analyse() -> IsoFlop:
        table = runs
        if state.short_warmup and (share := _warmup(runs)) is not None:
            table = table.keep(~(share > _MOST_WARMUP), f"warm-up above {_MOST_WARMUP:.0%} of the run")
        budgets = spec.budgets
        if not state.ends and budgets is None:
            budgets = tuple(
                alike(np.asarray(table.endpoints(target).complete(["flops"]).columns["flops"]), spec.tolerance)
            )
        if state.tuned and _swept(runs):
            observed = table.best(_swept(runs), target)
        else:
            one = _commonest(table, _swept(runs))
            observed = one.endpoints(target) if state.ends else one.curves(target)
        kind = "params" if "params" in observed.columns else "params_non_embedding"
        grouped = sweep(observed, kind, budgets, spec.tolerance)
        n = "params_non_embedding" if state.counting == "without" else "params"
        return isoflop_sweep(recounted(grouped, n, _counted(grouped.rows, state.counting)), replace(spec, n=n))

    return analyse


def recounted(grouped: Sweep, n: str, params: Array) -> Sweep:
    """Return a sweep with a new count of N; the tokens of each run change so that it stays on its budget.

    With a new count of N, the runs of one budget differ in compute. The new budget is their geometric mean. Each run
    gets the tokens that this budget pays for at its new N, and its loss shifts by the change of E + A/N^alpha +
    B/D^beta between old and new tokens, fitted to all runs with the old count.

    Args:
        grouped: runs by budget.
        n: the kind of N in ``params``.
        params: N of each run, (n,).

    Raises:
        FitFailed: no start of the law reached a finite objective.
        BadTable: too few usable runs to fit the law.
    """
    rows = grouped.rows
    tokens = np.asarray(rows.columns["tokens"], float)
    spent = FLOPS_PER_PARAM_TOKEN * params * tokens
    count = np.bincount(grouped.group, minlength=len(grouped))
    flops = np.exp(np.bincount(grouped.group, np.log(spent), minlength=len(grouped)) / count)
    paid = flops[grouped.group] / (FLOPS_PER_PARAM_TOKEN * params)
    law = get("chinchilla", n=grouped.n)
    fitted = fit_observations(law, rows, FitSpec(Noise("squared"), draws=0, starts=_STARTS))
    own = rows.inputs(law.inputs)
    moved = law.predict(fitted.coef, {**own, "tokens": paid}) - law.predict(fitted.coef, own)
    columns = {**rows.columns, n: params, "tokens": paid, "flops": flops[grouped.group]}
    columns = {name: frozen(values) for name, values in columns.items()}
    return Sweep(replace(rows, columns=columns, y=frozen(rows.y + moved)), n, frozen(flops), grouped.group)


def _counted(rows: Observations, counting: str) -> Array:
    """Return N of each run by one way of counting.

    Raises:
        BadTable: a run lacks a quantity that this counting needs.
    """
    needed = {"without": ("params_non_embedding",), "head": ("params_non_embedding", "vocab_size", "width")}
    values = [np.asarray(rows.columns[name], float) for name in needed.get(counting, ("params",))]
    params = values[0] + (values[1] * values[2] if counting == "head" else 0.0)
    if not np.all(params > 0):
        raise BadTable(f"some runs lack {', '.join(needed.get(counting, ('params',)))}")
    return np.asarray(params)


def _warmup(runs: RunTable) -> Array | None:
    """Return the share of each run's tokens spent in warm-up, or None without a warm-up column."""
    for column, whole in (("warmup_tokens", "tokens"), ("warmup_steps", "steps")):
        if column in runs.runs and whole in runs.runs:
            values = np.array([_number(value) for value in runs.runs[column]])
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(values / np.asarray(runs.runs[whole], float))
    return None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _several(runs: RunTable, target: str) -> bool:
    at = runs.evals["target"] == target
    return len(np.unique(runs.evals["run"][at])) < int(at.sum())


def _swept(runs: RunTable) -> tuple[str, ...]:
    """Return the columns with several values among runs of equal size and tokens."""
    sizes = [name for name in ("params", "params_non_embedding", "tokens") if name in runs.runs]
    cells = np.array([runs.runs[name] for name in sizes], float).T
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    found = []
    for name in SWEPT:
        if name in runs.runs and runs.runs[name].dtype == np.float64:
            pairs = {(int(at), float(value)) for at, value in zip(cell.ravel(), runs.runs[name], strict=True)}
            if len(pairs) > len(np.unique(cell)):
                found.append(name)
    return tuple(found)


def _commonest(runs: RunTable, swept: tuple[str, ...]) -> RunTable:
    """Return the runs at the most common value of each swept column."""
    table = runs
    for name in swept:
        values, counts = np.unique(_finite(table.runs[name]), return_counts=True)
        table = table.where(**{name: float(values[counts.argmax()])})
    return table


def _finite(values: AnyArray) -> Array:
    numbers = np.asarray(values, float)
    return np.asarray(numbers[np.isfinite(numbers)])
