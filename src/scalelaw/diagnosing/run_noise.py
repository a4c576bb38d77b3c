"""How much a score moves without a better model: between seeds, between checkpoints, and what noise alone spreads."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations

LAST_SHARE = 0.1
"""Share of a run's evaluations, at its end, whose scatter counts as noise of checkpoints."""
FEWEST = 5
"""Evaluations of that end at least."""
_SAME = 1e-3
_WIDEST = 12.0


@dataclass(frozen=True)
class Scatter:
    """A standard deviation and how well it is known.

    Attributes:
        sd: pooled over groups.
        groups: settings with several seeds, or runs with enough checkpoints.
        spare: values minus the means or lines taken from them.
    """

    sd: float
    groups: int
    spare: int


def seed_scatter(ends: Observations) -> Scatter | None:
    """Return the scatter between runs that differ only in seed, or None without such runs."""
    keys = [np.zeros(len(ends), int) if ends.setting is None else ends.setting]
    for name in ("params", "params_non_embedding", "tokens", "flops"):
        if name in ends.columns:
            values = np.asarray(ends.columns[name], float)
            with np.errstate(divide="ignore", invalid="ignore"):
                logs = np.nan_to_num(np.log(values), nan=-1.0, posinf=-1.0, neginf=-1.0)
            keys.append(np.round(logs / _SAME).astype(int))
    group = np.unique(np.column_stack(keys), axis=0, return_inverse=True)[1].ravel()
    count = np.bincount(group)
    spare = int(np.sum(count - 1))
    if not spare:
        return None
    apart = ends.y - (np.bincount(group, ends.y) / count)[group]
    return Scatter(float(np.sqrt(apart @ apart / spare)), int(np.sum(count > 1)), spare)


def checkpoint_scatter(every: Observations) -> Scatter | None:
    """Return the scatter of the last evaluations of each run around a line through them, or None without enough.

    The last tenth of a run counts, five evaluations at least.
    """
    along = next((name for name in ("tokens", "steps", "flops") if name in every.columns), None)
    time = np.arange(len(every.y), dtype=float) if along is None else np.asarray(every.columns[along], float)
    square, spare, runs = 0.0, 0, 0
    for run in np.unique(every.cluster):
        at = np.flatnonzero((every.cluster == run) & np.isfinite(time) & np.isfinite(every.y))
        last = max(FEWEST, int(np.ceil(LAST_SHARE * len(at))))
        at = at[np.argsort(time[at], kind="stable")][-last:]
        if len(at) < FEWEST:
            continue
        t = time[at] - time[at].mean()
        apart = every.y[at] - every.y[at].mean()
        square += float(apart @ apart - ((t @ apart) ** 2 / (t @ t) if t @ t > 0 else 0.0))
        spare, runs = spare + len(at) - 2, runs + 1
    return Scatter(float(np.sqrt(max(square, 0.0) / spare)), runs, spare) if runs else None


def noise_range(count: int, level: float) -> float:
    """Return the range that equal scores of this many runs show by noise alone, in SDs, at this level.

    Args:
        count: runs.
        level: probability of a range up to this one.

    Example:
        >>> round(noise_range(2, 0.95), 2), round(noise_range(20, 0.95), 2)
        (2.77, 5.01)
    """
    if count < 2:
        return 0.0
    x = np.linspace(-8.0, 8.0, 1601)
    density = count * np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    below: Array = ndtr(x)
    low, high = 0.0, _WIDEST
    while high - low > 1e-6:
        middle = (low + high) / 2
        held = float(density @ (ndtr(x + middle) - below) ** (count - 1))
        low, high = (middle, high) if held < level else (low, middle)
    return high


def spread(values: AnyArray) -> float:
    """Return the highest minus the lowest value."""
    return float(np.max(values) - np.min(values))
