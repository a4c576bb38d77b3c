"""Expanding windows: fit the runs below a cut on some axis, score the ones above it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations

AXES = ("flops", "params", "tokens")
"""Axes that are cut, where a table has them: compute first, the axis budgets are spent along."""


@dataclass(frozen=True)
class WindowRules:
    """What makes a window worth scoring.

    Attributes:
        min_train: fewest rows to fit.
        min_test: fewest rows to score.
        min_sizes: fewest distinct values of the axis among the rows fitted.
        min_params: fewest distinct values of every kind of params, and fewest runs, among them.
        min_decades: smallest span of the axis among the rows fitted, in powers of ten.
        most_cuts: at most so many cuts an axis, spread evenly.
        most_reach: rows beyond so many times the largest value fitted are not scored.
    """

    min_train: int = 8
    min_test: int = 4
    min_sizes: int = 3
    min_params: int = 0
    min_decades: float = 0.7
    most_cuts: int = 4
    most_reach: float = np.inf

    def with_most(self, cuts: int) -> "WindowRules":
        """Return the same rules for another number of cuts."""
        return replace(self, most_cuts=cuts)


@dataclass(frozen=True, eq=False)
class Window(Brief):
    """One cut: rows with ``axis < below`` train, the others test; a run with rows on both sides only tests.

    Attributes:
        axis: quantity that is cut.
        below: the cut.
        reach: largest tested over largest fitted value of the axis.
        train: rows fitted.
        test: rows scored.
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
        cuts = [cut for cut in np.unique(values[np.isfinite(values)]) if _worth(observed, values, cut, rules)]
        chosen = np.unique(np.linspace(0, len(cuts) - 1, min(rules.most_cuts, len(cuts))).round().astype(int))
        found += [_window(observed, axis, values, float(cuts[i]), rules) for i in chosen]
    return found


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
    """Return what must vary among the rows fitted for a law to be determined: runs, and every kind of N."""
    kinds = [observed.columns[name][fitted] for name in observed.columns if name.startswith("params")]
    return [observed.cluster[fitted], *kinds]


def _parted(observed: Observations, values: Array, cut: float, rules: WindowRules) -> tuple[AnyArray, AnyArray]:
    """Return which rows are fitted, those of no run that reaches the cut, and which are scored."""
    beyond = values >= cut
    train = (values < cut) & ~np.isin(observed.cluster, observed.cluster[beyond])
    largest = values[train].max() if train.any() else 0.0
    return np.asarray(train), np.asarray(beyond & (values <= rules.most_reach * largest))


def _window(observed: Observations, axis: str, values: Array, cut: float, rules: WindowRules) -> Window:
    train, test = _parted(observed, values, cut, rules)
    reach = float(values[test].max() / values[train].max())
    return Window(axis, cut, reach, observed.rows(train), observed.rows(test))
