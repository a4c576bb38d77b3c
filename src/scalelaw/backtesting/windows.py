"""Expanding windows: fit the runs below a cut on an axis, score those above it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.thinned import evenly

AXES = ("flops", "params", "tokens")
"""Axes to cut, if a table has them; compute comes first, since budgets are in compute."""

_MANY_CUTS, _FEW_CUTS = 2_000, 200


@dataclass(frozen=True)
class WindowRules:
    """Requirements for a window to be scored.

    Attributes:
        min_train: fewest fitted rows.
        min_test: fewest scored rows.
        min_sizes: fewest distinct values of the axis among fitted rows.
        min_params: fewest distinct values of every kind of params, and fewest runs, among fitted rows.
        min_decades: smallest span of the axis among fitted rows, in powers of ten.
        most_cuts: largest number of cuts per axis, spread evenly.
        most_reach: rows beyond this multiple of the largest fitted value are not scored.
    """

    min_train: int = 8
    min_test: int = 4
    min_sizes: int = 3
    min_params: int = 0
    min_decades: float = 0.7
    most_cuts: int = 4
    most_reach: float = np.inf

    def with_most(self, cuts: int) -> "WindowRules":
        """Return the same rules with another largest number of cuts."""
        return replace(self, most_cuts=cuts)


@dataclass(frozen=True, eq=False)
class Window(Brief):
    """One cut: rows with ``axis < below`` are fitted, the others scored; a run on both sides is only scored.

    Attributes:
        axis: quantity that is cut.
        below: the cut.
        reach: largest scored over largest fitted value of the axis.
        train: fitted rows.
        test: scored rows.
    """

    axis: str
    below: float
    reach: float
    train: Observations
    test: Observations


def windows(observed: Observations, axes: Iterable[str] = AXES, rules: WindowRules | None = None) -> list[Window]:
    """Return the windows of a table, axis by axis, cuts ascending.

    Cuts are spread evenly in rank over the distinct values of the axis that leave enough rows on both sides. A row
    without the axis is in neither part.
    """
    rules = rules or WindowRules()
    found = []
    for axis in axes:
        if axis not in observed.columns:
            continue
        values = np.asarray(observed.columns[axis], float)
        values = np.where(values > 0, values, np.nan)
        cuts = [cut for cut in _candidates(values) if _worth(observed, values, cut, rules)]
        chosen = evenly(len(cuts), rules.most_cuts)
        found += [_window(observed, axis, values, float(cuts[i]), rules) for i in chosen]
    return found


def _candidates(values: Array) -> Array:
    """Return the distinct values, or ``_FEW_CUTS`` of them evenly spaced in rank where there are very many."""
    distinct = np.unique(values[np.isfinite(values)])
    if len(distinct) <= _MANY_CUTS:
        return distinct
    return np.asarray(distinct[evenly(len(distinct), _FEW_CUTS)])


def _worth(observed: Observations, values: Array, cut: float, rules: WindowRules) -> bool:
    fitted, scored = _parted(observed, values, cut, rules)
    train = values[fitted]
    return (
        len(train) >= rules.min_train
        and int(scored.sum()) >= rules.min_test
        and len(np.unique(train)) >= rules.min_sizes
        and all(len(np.unique(each)) >= rules.min_params for each in _varied(observed, fitted))
        and np.log10(train.max() / train.min()) >= rules.min_decades
    )


def _varied(observed: Observations, fitted: AnyArray) -> list[AnyArray]:
    """Return the columns that must vary among fitted rows to determine a law: runs, and every kind of N."""
    kinds = [observed.columns[name][fitted] for name in observed.columns if name.startswith("params")]
    return [observed.cluster[fitted], *kinds]


def _parted(observed: Observations, values: Array, cut: float, rules: WindowRules) -> tuple[AnyArray, AnyArray]:
    """Return masks of the fitted rows (of runs that end below the cut) and of the scored rows."""
    beyond = values >= cut
    train = (values < cut) & ~np.isin(observed.cluster, observed.cluster[beyond])
    largest = values[train].max() if train.any() else 0.0
    return np.asarray(train), np.asarray(beyond & (values <= rules.most_reach * largest))


def _window(observed: Observations, axis: str, values: Array, cut: float, rules: WindowRules) -> Window:
    train, test = _parted(observed, values, cut, rules)
    reach = float(values[test].max() / values[train].max())
    return Window(axis, cut, reach, observed.rows(train), observed.rows(test))
