"""Select the rows of a fit from a table of runs: the end of each run, or every evaluation."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import is_target
from scalelaw.core.types import AnyArray, frozen
from scalelaw.runs.checking.scores import check_scores
from scalelaw.runs.columns.mixtures import domains, mixture_columns, stacked_shares
from scalelaw.runs.observations import Observations, Reduction, SetAside
from scalelaw.runs.other_columns import OtherColumns, unrecognised
from scalelaw.runs.reducing.exclusions import against_diverged, against_runs, against_values, first_reasons, verdicts
from scalelaw.runs.reducing.order import same_moment, time_order
from scalelaw.runs.reducing.settings import settings
from scalelaw.runs.reducing.split import check_split
from scalelaw.runs.reducing.suspects import with_suspects
from scalelaw.runs.reducing.sweeps import check_swept

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable


def evaluations(table: "RunTable", target: str) -> AnyArray:
    """Return the entries of a target by run and time; of several at one step only the last logged."""
    at = np.flatnonzero(table.evals["target"] == target)
    run = table.evals["run"][at]
    if np.all(np.diff(run) > 0):
        return at
    moments = {name: table.evals[name][at] for name in ("tokens", "steps") if name in table.evals}
    order = time_order(run, moments)
    replaced = same_moment(run, moments, order)
    return np.asarray(at[order[~replaced[order]]])


def last_evaluations(table: "RunTable", target: str) -> AnyArray:
    """Return the entry of each run's last evaluation of the target, for the runs that have one."""
    return _last(table, evaluations(table, target))


def endpoints(table: "RunTable", target: str, last: int = 1) -> Observations:
    """Return the end point of each usable run; see ``RunTable.endpoints``.

    Raises:
        BadTable: no run has a usable value.
    """
    every = evaluations(table, target)
    at = _last(table, every)
    ends = observe(table, target, at, "endpoints")
    if last > 1:
        ends = _averaged(table, ends, every, last)
    reasons = verdicts(table, target, at)
    kept = without(ends, reasons)
    written = int(np.sum(table.evals["target"] == target))
    if written > len(at):
        kept = replace(kept, notes=(*kept.notes, _rest(target, written, len(kept), len(at))))
    check_left(kept)
    run = table.evals["run"][at][reasons == ""]
    found = (*check_swept(table, run), *check_split(table, run), *check_scores(kept))
    return with_suspects(table, run, replace(kept, findings=(*kept.findings, *found)))


def curves(table: "RunTable", target: str) -> Observations:
    """Return every evaluation, clustered by run; see ``RunTable.curves``.

    Raises:
        BadTable: no run has a usable value.
    """
    ordered = evaluations(table, target)
    at, ends = np.sort(ordered), _last(table, ordered)
    run = table.evals["run"][at]
    objections = [*against_runs(table, run), *against_values(target, table.evals["value"][at])]
    for objection in against_diverged(table, target, ends):
        diverged = np.zeros(len(table), dtype=bool)
        diverged[table.evals["run"][ends][objection.where]] = True
        objections.append(replace(objection, where=diverged[run]))
    kept = without(_prorated(table, observe(table, target, at, "curves"), at), first_reasons(objections, len(at)))
    check_left(kept)
    return replace(kept, findings=(*kept.findings, *check_scores(kept)))


def _prorated(table: "RunTable", observed: Observations, at: AnyArray) -> Observations:
    """Return the checkpoints with the compute up to each, where the table has only the whole run's."""
    if "flops" not in table.runs or "flops" in table.evals or "tokens" not in table.evals:
        return observed
    run, tokens = table.evals["run"][at], table.evals["tokens"][at]
    with np.errstate(invalid="ignore", divide="ignore"):
        flops = frozen(table.runs["flops"][run] * tokens / table.runs["tokens"][run])
    note = "flops of a checkpoint: its share of the run's, by tokens"
    return replace(observed, columns={**observed.columns, "flops": flops}, notes=(*observed.notes, note))


def observe(table: "RunTable", target: str, at: AnyArray, reduction: Reduction) -> Observations:
    """Return these evaluations as rows, not yet checked; runs without any are excluded."""
    run, se = table.evals["run"][at], table.evals["se"][at]
    shares = mixture_columns(table.runs)
    mixture = {"mixture": stacked_shares(table.runs, shares)[run]} if shares else {}
    return Observations(
        target=target,
        columns=_columns(table, at) | mixture,
        y=frozen(table.evals["value"][at]),
        cluster=frozen(_clusters(table)[run]),
        weight=frozen(np.asarray(table.runs["weight"][run]) if "weight" in table.runs else np.ones(len(at))),
        read=table.read,
        set_aside=(*table.set_aside, *_lacking(table, target, at)),
        findings=table.findings,
        notes=table.notes,
        absent={name: frozen(why[run]) for name, why in table.absent.items()},
        se=frozen(se) if np.isfinite(se).any() else None,
        reduction=reduction,
        levels={"mixture": domains(shares)} if shares else {},
        names=frozen(table.names[run]),
        others=OtherColumns(unrecognised(table.runs), table.origins, run),
        setting=frozen(settings(table)[run]),
    )


def _last(table: "RunTable", ordered: AnyArray) -> AnyArray:
    run = table.evals["run"][ordered]
    return np.asarray(ordered[np.append(run[1:] != run[:-1], True)[: len(run)]])


def without(observations: Observations, reasons: AnyArray) -> Observations:
    """Return the rows without a reason against them; the others are excluded, counted by reason."""
    kept = observations
    for reason in sorted({reason for reason in reasons.tolist() if reason}):
        kept = replace(kept, set_aside=(*kept.set_aside, SetAside(reason, int(np.sum(reasons == reason)))))
    return kept.rows(reasons == "") if np.any(reasons != "") else kept


def _rest(target: str, written: int, kept: int, runs: int) -> str:
    rest = f"the other {written - kept} are earlier ones{', or of excluded runs' if kept < runs else ''}"
    have = f"{counted(runs, 'run')} {'has' if runs == 1 else 'have'} {counted(written, 'value')} of {target}"
    used = f"{counted(kept, 'end point')} {'is' if kept == 1 else 'are'} used"
    return f"{have}: {used}; {rest}"


def _averaged(table: "RunTable", ends: Observations, ordered: AnyArray, last: int) -> Observations:
    """Return the end points with the mean of the last values of each run, and its standard error.

    The standard error assumes independent values; since those of one run are correlated, it is a lower bound.
    """
    run, values = table.evals["run"][ordered], table.evals["value"][ordered]
    length = np.bincount(run, minlength=len(table))
    end = np.cumsum(length)
    from_end = end[run] - 1 - np.arange(len(run))
    used = (from_end < last) & np.isfinite(values)
    number = np.bincount(run[used], minlength=len(table)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(run[used], values[used], minlength=len(table)) / number
        spread = np.bincount(run[used], (values[used] - mean[run[used]]) ** 2, minlength=len(table))
        se = np.where(number > 1, np.sqrt(spread / (number - 1) / number), np.nan)
    of = run[np.append(run[1:] != run[:-1], True)[: len(run)]]
    ended = np.isfinite(ends.y)
    short = int(np.sum(number[of] < last))
    note = f"{ends.target} is the mean of the last {last} values of each run" + (
        f"; {counted(short, 'run')} {'has' if short == 1 else 'have'} fewer" if short else ""
    )
    return replace(ends, y=frozen(np.where(ended, mean[of], ends.y)), se=frozen(se[of]), notes=(*ends.notes, note))


def _columns(table: "RunTable", at: AnyArray) -> dict[str, AnyArray]:
    run = table.evals["run"][at]
    names = [name for name in table.quantities() if not is_target(name)]
    names += [name for name in ("n_items", "chance") if name in table.evals and name not in names]
    return {
        name: frozen(table.evals[name][at] if name in table.evals and name != "run" else table.runs[name][run])
        for name in names
    }


def _clusters(table: "RunTable") -> AnyArray:
    """Return a number per run, independent of row order where runs have names."""
    if "run" not in table.runs:
        return np.arange(len(table))
    return np.argsort(np.argsort(table.runs["run"].astype(str), kind="stable"), kind="stable")


def _lacking(table: "RunTable", target: str, at: AnyArray) -> list[SetAside]:
    """Count the runs without a value of the target, by reason."""
    lacking = np.ones(len(table), dtype=bool)
    lacking[table.evals["run"][at]] = False
    if target in table.absent:
        reasons, counts = np.unique(table.absent[target][lacking].astype(str), return_counts=True)
        return [SetAside(str(reason), int(count)) for reason, count in zip(reasons, counts, strict=True)]
    return [SetAside(f"no {target}", int(lacking.sum()))] if lacking.any() else []


def check_left(kept: Observations) -> None:
    """Refuse if no row is left, with the reasons."""
    if not len(kept):
        why = ", ".join(f"{gone.n} {gone.reason}" for gone in kept.set_aside)
        enforce([Finding("RUNS_NONE_LEFT", Grade.REFUSE, f"no run with a usable {kept.target} is left ({why})")])
