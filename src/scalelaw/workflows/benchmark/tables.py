"""Tables of a benchmark: methods compared over all cases, by reach and by source; and one tidy table."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.backtesting.scoring import (
    MEASURES,
    Measure,
    Scored,
    by_source,
    clustered,
    coverage,
    error,
    log_winkler,
    mean_over_sources,
)
from scalelaw.core.rendering import Lines, Report, Table
from scalelaw.forecasting.calibration import LEVELS

if TYPE_CHECKING:
    from scalelaw.workflows.benchmark.benchmark import Benchmark

_MAIN = ("error", "bias", "reducible_error", "skill", *(f"coverage_{100 * level:g}" for level in LEVELS),
         "half_width", "crps")  # fmt: skip
_HEAD = ("method", "cases", "error", "bias", "of reducible", "skill", *(f"in {100 * level:g} %" for level in LEVELS),
         "half-width", "CRPS", "Winkler")  # fmt: skip


def report(found: "Benchmark") -> Report:
    """Return the benchmark as tables."""
    scored = {name: found.scored(name) for name in found.methods()}
    whose = "all sources" if found.half is None else f"the {found.half.replace('_', '-')} half of the sources"
    sources = sorted({outcome.by for outcome in found.outcomes})
    failed = [outcome for outcome in found.outcomes if outcome.failed]
    seconds = [outcome.seconds for outcome in found.outcomes]
    lines = [
        ("cost", f"median {np.median(seconds):.2g} CPU s per case; {sum(seconds) / 60:.2g} CPU minutes in total"),
        ("failed", f"{len(failed)} of {len(found.outcomes)} cases" + "".join(f"; {each.case}" for each in failed)),
    ]
    return Report(
        f"{len(found.outcomes)} forecasts of larger runs, {whose}: {', '.join(sources)}",
        [
            Table(_methods(scored), right=range(1, len(_HEAD))),
            Table(_reaches(scored, found.protocol.reach), right=range(1, 8)),
            Table(_sources(scored, sources), right=range(1, 2 * len(sources) + 1)),
            Table(_ratios(scored), right=range(1, 5)),
            Lines(lines, width=0),
        ],
    )


def _methods(scored: dict[str, list[Scored]]) -> list[list[str]]:
    rows = [list(_HEAD)]
    for name, all_of in scored.items():
        means = [mean_over_sources(by_source(all_of, MEASURES[measure])) for measure in _MAIN]
        score = mean_over_sources(by_source(all_of, log_winkler))
        rows.append([_shown(name), str(len(all_of)), *map(_share, means), _share(float(np.exp(score)))])
    return rows


def _reaches(scored: dict[str, list[Scored]], edges: Sequence[float]) -> list[list[str]]:
    """Return error, coverage at 90 % and Winkler score by reach."""
    bins = list(pairwise(edges))
    rows = [["method", *(f"{what} {lo:g}-{hi:g}x" for lo, hi in bins for what in ("error", "in 90 %", "Winkler"))]]
    for name, all_of in scored.items():
        cells = []
        for lo, hi in bins:
            reach = (lo, hi * (1 + 1e-9))
            score = mean_over_sources(by_source(all_of, log_winkler, reach))
            cells += [_mean(all_of, error, reach), _mean(all_of, coverage(0.9), reach), _share(float(np.exp(score)))]
        rows.append([_shown(name), *cells])
    return rows


def _sources(scored: dict[str, list[Scored]], sources: Sequence[str]) -> list[list[str]]:
    """Return error and coverage at 90 % by source."""
    rows = [["method", *(f"{what} {source}" for source in sources for what in ("error", "in 90 %"))]]
    for name, all_of in scored.items():
        errors, inside = by_source(all_of, error), by_source(all_of, coverage(0.9))
        nothing = float("nan")
        cells = [_share(values.get(source, nothing)) for source in sources for values in (errors, inside)]
        rows.append([_shown(name), *cells])
    return rows


def _ratios(scored: dict[str, list[Scored]]) -> list[list[str]]:
    """Return the ratio of the ensemble's error and score to each baseline's, with intervals over sources."""
    rows = [[f"{_ENSEMBLE} divided by", "cases", "error", "90 % interval", "Winkler", "90 % interval"]]
    for name, all_of in scored.items():
        if name == OURS:
            continue
        ours, others = _shared(scored[OURS], all_of)
        errors = _ratio(ours, others, error)
        scores = _ratio(ours, others, log_winkler)
        rows.append([name, str(len(ours)), *errors, *scores])
    return rows


def ratio(ours: Sequence[Scored], others: Sequence[Scored], measure: Measure) -> tuple[float, tuple[float, float]]:
    """Return the ensemble's value divided by another method's on shared cases, and its interval over sources."""
    mine, theirs = _shared(ours, others)
    a, b = by_source(mine, measure), by_source(theirs, measure)
    both = sorted(a.keys() & b.keys())
    if not both:
        return float("nan"), (float("nan"), float("nan"))
    if measure is log_winkler:
        differences = {by: a[by] - b[by] for by in both}
        lo, hi = clustered(differences)
        return float(np.exp(mean_over_sources(differences))), (float(np.exp(lo)), float(np.exp(hi)))
    drawn = np.random.default_rng(0).integers(len(both), size=(2000, len(both)))
    top, bottom = np.array([a[by] for by in both]), np.array([b[by] for by in both])
    lo, hi = np.quantile(top[drawn].mean(axis=1) / bottom[drawn].mean(axis=1), [0.05, 0.95])
    return float(top.mean() / bottom.mean()), (float(lo), float(hi))


def _ratio(ours: Sequence[Scored], others: Sequence[Scored], measure: Measure) -> list[str]:
    value, (lo, hi) = ratio(ours, others, measure)
    return ["-", "-"] if not np.isfinite(value) else [f"{value:.2f}", f"{lo:.2f} to {hi:.2f}"]


def _shared(ours: Sequence[Scored], others: Sequence[Scored]) -> tuple[list[Scored], list[Scored]]:
    """Return the forecasts of the cases that both have."""
    mine, theirs = ({_case(each): each for each in all_of} for all_of in (ours, others))
    keys = [key for key in mine if key in theirs]
    return [mine[key] for key in keys], [theirs[key] for key in keys]


def _case(scored: Scored) -> tuple[Any, ...]:
    return scored.by, scored.table, len(scored.reach), float(scored.reach[0]), float(scored.best)


def _mean(all_of: Sequence[Scored], measure: Measure, reach: tuple[float, float]) -> str:
    return _share(mean_over_sources(by_source(all_of, measure, reach)))


def _shown(name: str) -> str:
    return _ENSEMBLE if name == OURS else name


def _share(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{100 * value:.3g} %" if abs(value) < 10 else f"{value:.3g}x"


def tidy(found: "Benchmark") -> list[dict[str, Any]]:
    """Return one row per case and method with every measure."""
    rows = []
    for name in found.methods():
        for each in found.scored(name):
            everywhere = np.ones(len(each.reach), bool)
            values = {measure: of(each, everywhere) for measure, of in MEASURES.items()}
            rows.append(
                {"method": name, "source": each.by, "table": each.table, "runs": len(each.reach),
                 "reach": float(each.reach.max()), **values}
            )  # fmt: skip
    return rows


OURS = "mixture"
"""Name of our method, the ensemble, in results and protocol."""
_ENSEMBLE = "ensemble"
"""Name of our method on the printed page."""
