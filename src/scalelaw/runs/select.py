"""From a table of runs to what a fit sees: the last evaluation of each run, or every one."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.quantities import METRICS, QUANTITIES
from scalelaw.core.types import AnyArray, frozen
from scalelaw.runs.observations import Observations, SetAside
from scalelaw.runs.order import time_order

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable


def last_evaluations(table: "RunTable", target: str) -> AnyArray:
    """Return the entry of each run's last evaluation of the target, for the runs that have one."""
    at = np.flatnonzero(table.evals["target"] == target)
    if np.all(np.diff(table.evals["run"][at]) > 0):
        return at
    varying = {name: table.evals[name][at] for name in ("tokens", "steps") if name in table.evals}
    ordered = at[time_order(table.evals["run"][at], varying)]
    run = table.evals["run"][ordered]
    return np.asarray(ordered[np.append(run[1:] != run[:-1], True)[: len(run)]])


def select(table: "RunTable", target: str, *, last: bool) -> Observations:
    """Return the observations of one target.

    Args:
        table: the runs.
        target: one of its targets.
        last: only the last evaluation of each run; otherwise all of them.

    Raises:
        BadTable: no run has a usable value.
    """
    every = np.flatnonzero(table.evals["target"] == target)
    at = last_evaluations(table, target) if last else every
    notes = table.notes
    if len(every) > len(at):
        rest = len(every) - len(at)
        notes = (
            *notes,
            f"{len(at)} runs have {len(every)} values of {target}: the last of each is used, {rest} earlier are not",
        )
    observations = Observations(
        target=target,
        columns=_columns(table, at),
        y=frozen(table.evals["value"][at]),
        cluster=frozen(_clusters(table)[table.evals["run"][at]]),
        weight=frozen(_weights(table, at)),
        read=table.read,
        set_aside=(*table.set_aside, *_without(table, target, at)),
        findings=table.findings,
        notes=notes,
        absent={name: frozen(why[table.evals["run"][at]]) for name, why in table.absent.items()},
    )
    kept = _usable(observations, last=last)
    if not len(kept):
        why = ", ".join(f"{gone.n} {gone.reason}" for gone in kept.set_aside)
        enforce([Finding("RUNS_NONE_LEFT", Grade.REFUSE, f"no run with a usable {target} is left ({why})")])
    return kept


def _columns(table: "RunTable", at: AnyArray) -> dict[str, AnyArray]:
    run = table.evals["run"][at]
    names = [name for name in table.runs if name in QUANTITIES and name not in METRICS]
    return {
        name: frozen(table.evals[name][at] if name in table.evals and name != "run" else table.runs[name][run])
        for name in names
    }


def _clusters(table: "RunTable") -> AnyArray:
    """Return a number for each run that does not depend on the order of rows where runs have names."""
    if "run" not in table.runs:
        return np.arange(len(table))
    return np.argsort(np.argsort(table.runs["run"].astype(str), kind="stable"), kind="stable")


def _weights(table: "RunTable", at: AnyArray) -> AnyArray:
    run = table.evals["run"][at]
    return np.asarray(table.runs["weight"][run]) if "weight" in table.runs else np.ones(len(at))


def _without(table: "RunTable", target: str, at: AnyArray) -> list[SetAside]:
    """Return the runs that have no value of the target, by reason."""
    lacking = np.ones(len(table), dtype=bool)
    lacking[table.evals["run"][at]] = False
    if target in table.absent:
        reasons, counts = np.unique(table.absent[target][lacking].astype(str), return_counts=True)
        return [SetAside(str(reason), int(count)) for reason, count in zip(reasons, counts, strict=True)]
    return [SetAside(f"no {target}", int(lacking.sum()))] if lacking.any() else []


def _usable(observations: Observations, *, last: bool) -> Observations:
    """Set aside values no law can have, and runs that had not decayed their learning rate."""
    target = observations.target
    kept = observations.keep(~np.isnan(observations.y), f"diverged: {target} is NaN")
    kept = kept.keep(np.isfinite(kept.y), f"diverged: {target} is infinite")
    if target.partition("@")[0] == "score":
        kept = kept.keep((kept.y >= 0) & (kept.y <= 1), f"impossible: {target} is outside [0, 1]")
    else:
        kept = kept.keep(kept.y > 0, f"impossible: {target} is not positive")
    kept = kept.keep(np.asarray(kept.weight > 0), "no positive weight")
    if last and "decayed" in kept.columns:
        kept = kept.keep(np.asarray(kept.columns["decayed"] != 0), "undecayed: the learning rate is not at its end")
    return kept
