"""Backtest a law: fit the smaller runs of a table and score the forecast of its larger ones."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack, overload

import numpy as np

from scalelaw.backtesting.score import Score, score
from scalelaw.backtesting.windows import AXES, Window, WindowRules, windows
from scalelaw.core.direction import best_value
from scalelaw.core.errors import BadTable, FitFailed, ScalelawWarning
from scalelaw.core.forecaster import Prediction
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.observe import observe
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitOptions, FitSpec
from scalelaw.laws import Law, get
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reducing.sweeps import SWEPT

_FEWEST_STARTS = 16
_ENOUGH, _PART = 8, 1 / 3
"""A cut with this many held-out runs, or this share of the most of any cut, comes before nearer cuts with fewer."""
DRAWS = 400
"""Default number of refits of each window: enough for the ends of an interval."""

Progress = Callable[[int, int], None]
"""Called with (done, of) before the first window and after each one."""


@dataclass(frozen=True)
class Cut(Brief):
    """Scores of one window: the law and two baselines.

    Attributes:
        axis: quantity that was cut.
        below: runs below this value were fitted.
        reach: largest scored over largest fitted value of the axis.
        n_train: number of fitted rows.
        n_test: number of scored rows.
        level: probability of the intervals.
        score: scores of the law.
        baselines: scores of ``last_value`` (the best run so far) and ``power_in_flops``.
        failed: reason the law could not be fitted, or empty.
        doubts: doubts about the optimum of the fit.
    """

    axis: str
    below: float
    reach: float
    n_train: int
    n_test: int
    level: float
    score: Score | None
    baselines: dict[str, Score | None]
    failed: str = ""
    doubts: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        own = self.score
        return {
            "axis": self.axis,
            "below": self.below,
            "reach": self.reach,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "mean_abs_rel_error": own.mean_abs_rel_error if own else None,
            "bias": own.bias if own else None,
            "coverage": {"level": self.level, "observed": own.observed if own else None},
            "interval_score": own.interval_score if own else None,
            "baselines": {name: each.to_dict() if each else None for name, each in self.baselines.items()},
            "failed": self.failed or None,
            "doubts": list(self.doubts),
        }


class Cuts(Sequence[Cut]):
    """The cuts of a backtest; each is scored on first access, since an answer shows only one."""

    def __init__(self, windows: Sequence[Window], score: Callable[[Window], Cut]) -> None:
        self.windows = tuple(windows)
        self._score, self._scored = score, dict[int, Cut]()

    def __len__(self) -> int:
        return len(self.windows)

    @overload
    def __getitem__(self, index: int) -> Cut: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Cut, ...]: ...
    def __getitem__(self, index: int | slice) -> Cut | tuple[Cut, ...]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return tuple(self[place] for place in places)
        if places not in self._scored:
            self._scored[places] = self._score(self.windows[places])
        return self._scored[places]


@dataclass(frozen=True, eq=False)
class Backtest(Renderable, Tabular):
    """The scored windows of a table, for one law, or for the ensemble without a ``law``."""

    law: Law | None
    target: str
    cuts: Sequence[Cut]
    spec: FitSpec

    @property
    def label(self) -> str:
        """Name of the law or ensemble."""
        return self.law.spelling if self.law else "the ensemble"

    @property
    def _windows(self) -> Sequence[Window | Cut]:
        """Axis and reach of each cut, without scoring it."""
        return self.cuts.windows if isinstance(self.cuts, Cuts) else self.cuts

    def scored(self, progress: Progress | None = None) -> "Backtest":
        """Return the same backtest with every cut scored; ``progress`` is called with (done, of)."""
        report = progress or (lambda done, of: None)
        report(0, len(self.cuts))
        for done, _ in enumerate(self.cuts, 1):
            report(done, len(self.cuts))
        return self

    def nearest(self, reach: float) -> Cut | None:
        """Return the scored cut over compute with the reach nearest to ``reach``, or None without a scored cut.

        A few held-out runs are a weak test. So cuts come first that hold out eight runs, or a third of the largest
        number that any cut of their axis holds out.
        """
        windows = self._windows
        held = [len(each.test) if isinstance(each, Window) else each.n_test for each in windows]
        most = {each.axis: 0 for each in windows}
        for each, count in zip(windows, held, strict=True):
            most[each.axis] = max(most[each.axis], count)
        few = [count < min(_ENOUGH, _PART * most[each.axis]) for each, count in zip(windows, held, strict=True)]
        near = sorted(range(len(windows)), key=lambda i: abs(np.log(windows[i].reach / max(reach, 1.0))))
        near.sort(key=lambda i: (windows[i].axis != "flops", few[i]))
        return next((self.cuts[i] for i in near if self.cuts[i].score), None)

    def longer(self, cut: Cut) -> Cut | None:
        """Return the scored cut on the same axis with the next longer reach, or None."""
        windows = self._windows
        longer = [i for i, each in enumerate(windows) if each.axis == cut.axis and each.reach > cut.reach]
        longer.sort(key=lambda i: windows[i].reach)
        return next((self.cuts[i] for i in longer if self.cuts[i].score), None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw backtest --json``."""
        return {
            "schema": "scalelaw.backtest/1",
            "law": self.law.spelling if self.law else "ensemble",
            "target": self.target,
            "spec": self.spec.to_dict(),
            "cuts": [cut.to_dict() for cut in self.cuts],
        }

    def to_columns(self) -> Columns:
        """Return one row per cut."""
        return columns_of(cut.to_dict() for cut in self.cuts)

    def report(self) -> Report:
        """Return one row per cut."""
        if not self.cuts:
            rules = WindowRules()
            return Report(
                f"backtest of {self.label}: too few runs. A backtest needs {rules.min_train} runs over "
                f"{rules.min_decades:g} decades below a cut and {rules.min_test} above it; train more small runs"
            )
        head = ["cut", "reach", "fitted", "scored", "error", "bias", f"inside {100 * self.cuts[0].level:g} %",
                "best run so far", "power law in C"]  # fmt: skip
        rows = [head, *(_row(cut) for cut in self.cuts)]
        doubts = dict.fromkeys(each for cut in self.cuts for each in cut.doubts)
        lines = [
            *(("* fit in doubt", doubt) for doubt in doubts),
            *(("not fitted", f"{', '.join(names)}: {why}") for why, names in self._failures().items()),
        ]
        title = f"backtest of {self.label}: {self.target} of the larger runs, forecast from the smaller ones"
        return Report(title, [Table(rows, right=range(1, 9)), Lines(lines, width=0)])

    def _failures(self) -> dict[str, list[str]]:
        """Return reason -> windows that could not be fitted."""
        names: dict[str, list[str]] = {}
        for cut in self.cuts:
            if cut.failed:
                names.setdefault(cut.failed, []).append(_named(cut))
        return names


def backtest(
    law: str | Law,
    runs: Any,
    *,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    progress: Progress | None = None,
    **options: Unpack[FitOptions],
) -> Backtest:
    """Fit a law below expanding cuts over compute, params and tokens, and score it above them.

    Args:
        law: name, spelling, formula or law.
        runs: a table, or anything ``load_runs`` reads.
        target: ``metric@eval_set`` to forecast; optional if the table has one target.
        use: rows to use, as in ``fit``.
        over: swept columns, for ``use="best"``.
        progress: called with (done, of) as windows are scored.
        **options: how to fit, see ``FitSpec``; ``level`` is the probability of the scored intervals.

    Raises:
        BadInput: a bad argument, or a table the law cannot be fitted to.
    """
    chosen, observed = observe(law, runs, target=target, use=use, over=over)
    options.setdefault("draws", DRAWS)
    return backtest_observations(chosen, observed, make_spec(**options)).scored(progress)


def backtest_observations(
    law: Law,
    observed: Observations,
    spec: FitSpec,
    *,
    axes: Iterable[str] = AXES,
    rules: WindowRules | None = None,
) -> Backtest:
    """Backtest a law on every window of the rows it can use; each cut is scored on first access."""
    usable = observed.complete(law.inputs)
    usable = usable.keep(usable.y > 0, f"{usable.target} is not positive")
    found = windows(usable, axes, rules or WindowRules(min_train=_fewest_rows(law)))
    return Backtest(law, observed.target, Cuts(found, partial(_scored, law, spec=spec)), spec)


def _scored(law: Law, window: Window, spec: FitSpec) -> Cut:
    fit, failed = None, ""
    try:
        fit = _fitted(law, window, spec)
    except (BadTable, FitFailed) as error:
        failed = str(error)
    own = score(_forecast(fit, window), window.test.y) if fit else None
    doubts = fit.status.doubts if fit else ()
    baselines = {name: _baseline(forecast, window, spec) for name, forecast in BASELINES.items()}
    sizes = len(window.train), len(window.test)
    return Cut(window.axis, window.below, window.reach, *sizes, spec.level, own, baselines, failed, doubts)


def _fewest_rows(law: Law) -> int:
    """Return the fewest rows to fit in a window: twice the number of coefficients, and at least the default."""
    return max(WindowRules.min_train, 2 * len(law.coefs))


def _fitted(law: Law, window: Window, spec: FitSpec) -> FitResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        return fit_observations(law, window.train, spec)


def _forecast(fit: FitResult, window: Window) -> Prediction:
    return fit.predict(window.test.inputs(fit.inputs), fit.spec.level, "new_run")


def _last_value(window: Window, spec: FitSpec) -> Prediction:
    """Predict the best value so far for every run."""
    best = np.full(len(window.test), best_value(window.train.target, window.train.y))
    return Prediction(best, None, None, spec.level, np.ones(len(best), bool))


def _power_in_flops(window: Window, spec: FitSpec) -> Prediction:
    """Predict with E + A / C^alpha, from compute alone."""
    noise = replace(spec.noise, scale=None)
    plain = replace(spec, noise=noise, fixed={}, ties={}, bounds={}, prior=None, starts=_FEWEST_STARTS)
    return _forecast(_fitted(get("power"), window, plain), window)


BASELINES: dict[str, Callable[[Window, FitSpec], Prediction]] = {
    "last_value": _last_value,
    "power_in_flops": _power_in_flops,
}
"""The baselines of every backtest."""


def _baseline(forecast: Callable[[Window, FitSpec], Prediction], window: Window, spec: FitSpec) -> Score | None:
    try:
        return score(forecast(window, spec), window.test.y)
    except (BadTable, FitFailed):
        return None


def _row(cut: Cut) -> list[str]:
    def percent(each: Score | None) -> str:
        return _share(each.mean_abs_rel_error) if each else "-"

    own = cut.score
    return [
        _named(cut),
        f"{cut.reach:.0f}x" if cut.reach >= 100 else f"{cut.reach:.3g}x",
        str(cut.n_train),
        str(cut.n_test),
        percent(own) + ("*" if cut.doubts else ""),
        _share(own.bias, "+") if own else "-",
        f"{own.observed:.0%}" if own and own.observed is not None else "-",
        *(percent(cut.baselines[name]) for name in BASELINES),
    ]


def _share(value: float, sign: str = "") -> str:
    """Return an error in percent, or only its sign and ">100%" if larger."""
    return f"{value:{sign}.2%}" if abs(value) <= 1 else f"{'>' if value > 0 else '<-'}100%"


def _named(cut: Cut) -> str:
    return f"{cut.axis} < {format_number(cut.below, 3)}"
