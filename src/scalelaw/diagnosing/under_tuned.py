"""Find badly tuned rungs of a ladder after training.

code              grade  when
RUNG_UNDER_TUNED  warn   every end point of a size lies above the law of the other sizes by more than noise
RUNG_BETTER_RATE  warn   an end point with another rate or batch, but otherwise equal, has a lower loss

A size is judged by the law fitted without it. Outlying sizes are found as a group (see ``outliers``), and only those
worse at every horizon are named. A size that is worse at some and better at others indicates a wrong law, which
``FIT_MISFIT`` reports. A rate that is off at every size shifts the law itself; only neighbours, or ``scalelaw ladder
tune``, can reveal it.
"""

import math
from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import counted
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.checks.outliers import outlying
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe
from scalelaw.fitting.refit import problem_of
from scalelaw.fitting.solver.solve import solve
from scalelaw.fitting.spec import FitSpec
from scalelaw.runs.observations import Observations

SEED_SD = 0.0025
"""Share of the loss: repeats at widths 32 and 64 have 0.11 to 0.41 % (our prototype; nine cells of two shapes)."""

_NOISES = 2.0
_LAW = "chinchilla"
_SIZES = ("params", "params_non_embedding", "params_active")
_ALIKE = ("dataset", "tokenizer", "seq_len", "vocab_size")
_RATES = ("lr", "batch_tokens")
_SAME_TOKENS = 0.02
_SHOWN = 4


@dataclass(frozen=True, eq=False)
class _Ends:
    """End points grouped for this check.

    Attributes:
        cell: number of the size, horizon and text of each, (n,).
        setting: number of the cell, rate and batch of each, (n,).
        log_loss: ln loss, (n,).
        noise: standard deviation of ln loss between seeds.
    """

    cell: AnyArray
    setting: AnyArray
    log_loss: Array
    noise: float


def check_tuning(observed: Observations) -> tuple[Finding, ...]:
    """Return findings about sizes and single end points that look under-tuned; empty if there are too few runs.

    Args:
        observed: the end points of a loss, from ``RunTable.endpoints``.
    """
    size = next((name for name in _SIZES if name in observed.columns), None)
    if size is None or "tokens" not in observed.columns or observed.target.partition("@")[0] != "loss":
        return ()
    observed = observed.complete([size, "tokens"])
    if not len(observed.y):
        return ()
    ends = _ends(observed, size)
    worse = _beaten(ends)
    found = _better_rate(observed, size, ends, worse)
    return (*found, *_above_the_law(observed.rows(~worse), size, ends.noise))


def _ends(observed: Observations, size: str) -> _Ends:
    columns = observed.columns
    keys = [_steps(np.log(np.asarray(columns[size], float)), 1e-6)]
    keys.append(_steps(np.log(np.asarray(columns["tokens"], float)), _SAME_TOKENS))
    keys += [np.unique(columns[name].astype(str), return_inverse=True)[1] for name in _ALIKE if name in columns]
    rates = [
        np.unique(np.nan_to_num(np.asarray(columns[name], float)), return_inverse=True)[1]
        for name in _RATES
        if name in columns
    ]
    cell, setting = _numbered(keys), _numbered([*keys, *rates])
    log_loss = np.log(observed.y)
    count = np.bincount(setting)
    spare = int(np.sum(count - 1))
    within = log_loss - (np.bincount(setting, log_loss) / count)[setting]
    return _Ends(cell, setting, log_loss, float(np.sqrt(within @ within / spare)) if spare else SEED_SD)


def _beaten(ends: _Ends) -> AnyArray:
    """Return a mask of end points that another setting of the same cell beats by more than noise, (n,)."""
    count = np.bincount(ends.setting)
    mean = np.bincount(ends.setting, ends.log_loss) / count
    cell_of = np.zeros(len(count), int)
    cell_of[ends.setting] = ends.cell
    best = np.array([np.flatnonzero(cell_of == each)[np.argmin(mean[cell_of == each])] for each in cell_of])
    spread = _NOISES * ends.noise * np.sqrt(1 / count + 1 / count[best])
    return np.asarray((mean - mean[best] > spread)[ends.setting])


def _better_rate(observed: Observations, size: str, ends: _Ends, worse: AnyArray) -> list[Finding]:
    if not worse.any():
        return []
    best = np.full(int(ends.cell.max()) + 1, np.inf)
    np.minimum.at(best, ends.cell, ends.log_loss)
    most = math.expm1(float(np.max((ends.log_loss - best[ends.cell])[worse])))
    sizes = _named(np.asarray(observed.columns[size], float)[worse])
    message = (
        f"{int(worse.sum())} end points are worse, by up to {most:.1%}, than a neighbour with another rate or batch"
    )
    fix = "train the rung with the better setting, or keep the best of each with best() (CLI: --use best)"
    return [Finding("RUNG_BETTER_RATE", Grade.WARN, f"{message} ({size} {sizes})", int(worse.sum()), fix)]


def _above_the_law(observed: Observations, size: str, noise: float) -> list[Finding]:
    """Return a finding for each size that lies above the law of the others at every horizon."""
    try:
        law, rows = observe(f"{_LAW}[n={size}]" if size != _SIZES[0] else _LAW, observed)
        fitted = fit_observations(law, rows, FitSpec(draws=0))
    except (BadInput, FitFailed):
        return []
    problem, u = problem_of(fitted)
    weight = fitted.rows.weight
    rung = np.unique(np.log(fitted.rows.x[size]).round(6), return_inverse=True)[1]
    apart = outlying(problem, u, weight, rung)
    if apart is None:
        return []
    without = solve(problem, u[None], (weight * ~apart.flagged[rung])[None], warm=True).u
    above = -problem.residual(without)[0]
    found = []
    for at in np.flatnonzero(apart.flagged):
        own = above[rung == at]
        if own.min() > 0 and own.mean() > _NOISES * noise:
            name, where = _named(fitted.rows.x[size][rung == at]), counted(len(own), "end point")
            high = f"{math.expm1(own.mean()):.1%} above the law of the other sizes"
            message = f"{size} {name} is {high} at each of its {where}"
            fix = "tune it (`scalelaw ladder tune --width`) and train it again, or exclude it"
            found.append(Finding("RUNG_UNDER_TUNED", Grade.WARN, message, len(own), fix))
    return found


def _named(sizes: Array) -> str:
    names = [f"{each:,.0f}" for each in np.unique(sizes)]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _steps(values: Array, gap: float) -> AnyArray:
    """Return the group number of each value, (n,); a gap between sorted values starts a new group."""
    order = np.argsort(values, kind="stable")
    number = np.zeros(len(values), int)
    number[order] = np.cumsum(np.diff(values[order], prepend=values[order[:1]]) > gap)
    return number


def _numbered(keys: list[AnyArray]) -> AnyArray:
    return np.asarray(np.unique(np.column_stack(keys), axis=0, return_inverse=True)[1].ravel())
