"""Every function that takes ``level=``: what it prints holds its value, says its level, and nests in a higher one."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

import scalelaw as sl
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.lower_envelope import envelope_observations
from scalelaw.allocation.scaling import power_laws
from scalelaw.backtesting import scoring
from scalelaw.backtesting.baselines import BaselineBand
from scalelaw.backtesting.score import winkler
from scalelaw.core.benchmarks.item_noise import items_needed, smallest_gain, wilson
from scalelaw.core.errors import ScalelawWarning
from scalelaw.core.estimate import Estimate, estimated
from scalelaw.core.forecaster import holding, interval
from scalelaw.curves.curve_band import NormalEstimate, band_on_the_way, believed, joined
from scalelaw.curves.curve_shape import RunSchedule
from scalelaw.designing.half_width import half_width, inputs, quantiles
from scalelaw.diagnosing.run_noise import noise_range
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.coefficient_intervals import coefficients
from scalelaw.fitting.uncertainty.predictions import predict
from scalelaw.fitting.uncertainty.profile_likelihood import profile_coefficient, profile_prediction
from scalelaw.laws import get
from scalelaw.planning.by_ensemble import ensemble_outcomes
from scalelaw.planning.larger_runs import predict_larger
from scalelaw.planning.penalty import compute_penalty
from scalelaw.planning.question import ask
from scalelaw.planning.score_outlook import score_outlook
from scalelaw.planning.score_plan import plan_score
from scalelaw.registry.score import score_forecast
from scalelaw.training.tuning.bowl import bowl
from scalelaw.viz.approaches import approaches_info
from scalelaw.viz.curves import curves_info
from scalelaw.viz.held_out import held_out_info
from scalelaw.viz.iso_loss import iso_loss_info
from scalelaw.viz.isoflop import isoflop_info
from scalelaw.viz.loss_vs_compute import loss_vs_compute_info
from scalelaw.viz.profile_likelihood import profiles_info
from scalelaw.viz.robustness import robustness_info
from scalelaw.viz.score_vs_compute import score_vs_compute_info
from scalelaw.viz.waterfall import waterfall_info
from scalelaw.workflows.study.decide import decide

LOW, HIGH = 0.5, 0.9
DRAWN = np.random.default_rng(3).lognormal(size=(400, 2))
Found = Mapping[str, tuple[Any, Any, Any]]
"""Name -> lower end, value, upper end; a value of None where only an interval is printed."""


def found(plain: Any, level: float, path: str = "") -> Iterator[tuple[str, tuple[Any, Any, Any]]]:
    """Yield every interval of plain values, whose level must be the one asked for where it is told."""
    if isinstance(plain, Mapping):
        if plain.get("lo") is not None and plain.get("hi") is not None:
            assert plain.get("level", level) == level, f"{path} is of another level"
            yield path, (plain["lo"], plain.get("value"), plain["hi"])
        if plain.get("exponent_interval"):
            yield path, (plain["exponent_interval"][0], plain["exponent"], plain["exponent_interval"][1])
        for name, each in plain.items():
            yield from found(each, level, f"{path}.{name}")
    elif isinstance(plain, list | tuple):
        for at, each in enumerate(plain):
            yield from found(each, level, f"{path}[{at}]")


def told(result: Any, level: float) -> Found:
    """Return every interval of a result, and check that its text names the level."""
    if (own := getattr(result, "level", None)) is not None:
        assert own == level
    if hasattr(result, "sheet"):
        assert f"{100 * level:g} %" in str(result)
    return dict(found(result.to_dict(), level))


def predicted(each: Any, level: float) -> Found:
    assert each.level == level
    return {"prediction": (each.lo, each.mean, each.hi)}


def of(estimate: Estimate | NormalEstimate | None, level: float) -> Found:
    assert estimate is not None and estimate.level == level
    value = estimate.value if isinstance(estimate, Estimate) else estimate.middle
    return {"estimate": (estimate.lo, value, estimate.hi)}


def band(info: Any, level: float, band: Any, value: Any) -> Found:
    """Return the band of a figure that says its level."""
    assert info.level == level
    return {"band": (band[0], value, band[1])}


def plain(ends: tuple[Any, Any] | None, value: Any = None) -> Found:
    assert ends is not None
    return {"ends": (ends[0], value, ends[1])}


def watched(made: Any, level: float) -> Found:
    share = made.steps[:12] / made.steps[-1]
    log = {"tokens": share * 140e9, "loss": made.reading[:12], "run": ["a"] * 12}
    return told(sl.watch(made.frozen, log, run="a", schedule="cosine", level=level), level)


def emerged(**options: Any) -> Any:
    x = np.linspace(18, 23, 10)
    score = np.round(1000 / (1 + np.exp(2 * (21 - x)))) / 1000
    table = {"flops": 10**x, "score@made": score, "n_items": [1000] * 10, "chance": [0.0] * 10}
    return sl.emergence(table, "score@made", **options)


@cache
def agreed(made: Any, level: float) -> Any:
    return sl.allocation.approaches(made.sweep_table, draws=20, level=level, profile="parabola")


@cache
def swept(made: Any, level: float) -> Any:
    return isoflop_observations(made.sweep, IsoFlopSpec("parabola", draws=60, level=level))


@cache
def extrapolated(made: Any, level: float) -> Any:
    table = {"run": ["a"] * 30, "steps": made.steps, "loss": made.reading}
    return sl.extrapolate(table, end=9000, schedule="constant", level=level)


def scores(level: float) -> float:
    """Return the share inside an interval that holds as much as its level, two runs outside at the lower one."""
    ends = {LOW: np.array([[1.0] * 4, [2.0] * 4]), HIGH: np.array([[0.5] * 4, [3.0] * 4])}
    measured = np.array([1.5, 1.7, 2.5, 0.7])
    one = scoring.Scored("a", "t", np.ones(4), measured, BaselineBand(np.full(4, 1.5), ends), 2.0, 0.1)
    return scoring.coverage(level)(one, np.ones(4, bool))


def bowled(level: float, seed: int = 0) -> Any:
    rates = np.log(2) * np.arange(-2, 2.1, 0.5)
    loss = 1 + 0.05 * rates**2 + 0.003 * np.random.default_rng(5).standard_normal(len(rates))
    result = bowl(rates, loss, level=level, draws=200, seed=seed)
    assert result is not None
    return result


def wide(made: Any, level: float) -> Found:
    sure = sl.designing.expected_half_width(made.ladder, target=1e21, level=level)
    assert sure.level == level and f"{100 * level:g} %" in str(sure) and sure.total and sure.coefs
    known, spare = sure.assumption, sure.runs - len(sure.assumption.coef)
    student, gauss = stdtrit(spare, (1 + level) / 2), ndtri((1 + level) / 2)
    assert sure.run == pytest.approx(student * known.noise)
    assert sure.form == pytest.approx(gauss * known.form * np.sqrt(np.log10(sure.reach)))
    x, member = inputs(made.ladder.fitted, known.n)
    again = half_width(known, x, member, (sure.params, sure.tokens), level)
    assert again.total == pytest.approx(sure.total)
    return {part: (-value, 0.0, value) for part, value in (("total", sure.total), ("coefs", sure.coefs))}


def designed(made: Any, level: float) -> Found:
    """Return what a cheapest ladder costs, which the surer of two levels raises."""
    design = sl.designing.design(1e21, 0.05, level=level)
    assert design.half_width.level == level
    return {"flops": (-design.ladder.flops, 0.0, design.ladder.flops)}


@cache
def robust(made: Any, level: float) -> Any:
    return sl.robustness(
        made.observed.rows(slice(None, None, 2)), flops=1e22, law="chinchilla", draws=40, starts=4, level=level
    )


def decided(made: Any, level: float) -> Found:
    ours = decide(made.table, law="chinchilla", draws=40, starts=4, level=level, asked={"flops": 1e22})
    assert ours.plan is not None and ours.backtest.spec.level == level
    assert f"{100 * level:g} %" in ours.answer.sure or f"{100 * level:g} %" in str(ours.answer)
    return told(ours.plan, level)


def texts(swept: Any, level: float) -> Found:
    """Return the intervals of exponents as printed."""
    rows = power_laws(swept.params, swept.tokens, level).rows
    assert f"{100 * level:g} %" in rows[0][2]
    return {
        row[0]: (*(float(end) for end in row[2].split(" to ")[:1]), None, float(row[2].split(" to ")[1]))
        for row in rows[1:]
    }


def constant(level: float) -> Found:
    """Return the best band of misses of one to twenty per cent: wide enough to hold a share of the level."""
    misses = np.exp(0.01 * np.arange(1, 21))
    one = scoring.Scored("a", "t", np.ones(20), misses, BaselineBand(np.ones(20), {}), 2.0, 0.1)
    best = scoring.best_constant([one], level)
    assert best == pytest.approx(0.2 * level, rel=0.15)
    return {"width": (-best, 0.0, best)}


def resolved(level: float) -> Found:
    """Return the interval and the smallest gain of a score."""
    table = {"params": [1e9, 2e9], "tokens": [2e10, 4e10], "score@mmlu": [0.5, 0.7]}
    own = sl.eval_noise(table, level=level, n_items=500)
    row = own.tasks[0]
    assert own.level == level and f"level {level:g}" in str(own) and row.smallest_gain is not None
    return plain(row.interval, row.score) | {"gain": (-row.smallest_gain, 0.0, row.smallest_gain)}


def shares_inside(made: Any, level: float) -> float:
    """Return the share inside of all cuts of a backtest."""
    cuts = sl.backtest("power", made.observed, draws=30, starts=2, level=level).cuts
    shares = [cut.score.observed for cut in cuts[:3] if cut.score is not None and cut.level == level]
    assert shares
    return float(np.mean(shares))


def reversed_(belief: NormalEstimate) -> Found:
    """Return what a belief is worth whose ends held less: the same ends at a lower level are a wider belief."""
    wide = belief.scales
    return {"scales": (-1 / wide[0], 0.0, 1 / wide[1])}


def on_the_way(made: Any, level: float) -> Found:
    """Return the band of a run that ends as believed."""
    end = NormalEstimate(2.0, 1.9, 2.1)
    return {"band": band_on_the_way(RunSchedule(end=9e3), made.steps[9:12], end, level=level)}


def approached(made: Any, level: float) -> Found:
    info = approaches_info(agreed(made, level))
    assert info.level == level
    return {line.name: (line.band[0], None, line.band[1]) for line in info.lines if line.band is not None}


def warned(make: Callable[[], Any]) -> Any:
    with pytest.warns(ScalelawWarning):
        return make()


def ahead(own: Any, level: float) -> Found:
    assert own.level == level
    return {"path": (own.lo[-9:], own.mean[-9:], own.hi[-9:])}


def profiled(own: Any, level: float) -> Found:
    assert own.level == level and f"{100 * level:g} %" in str(own) and own.to_dict()["level"] == level
    return {own.name: (own.lo, own.best, own.hi)}


def inside(made: Any, level: float) -> Found:
    """Return as far as runs are still inside, by bisection from the forecast."""
    low, high = made.frozen.value, 2 * made.frozen.value
    for _ in range(30):
        middle = (low + high) / 2
        run = {"params": [7e9], "tokens": [140e9], "loss": [middle]}
        within = score_forecast(made.frozen, run).inside(level)
        low, high = (middle, high) if within else (low, middle)
    ends = made.frozen.interval(level)
    assert low == pytest.approx(ends[1], rel=1e-6)
    return {"inside": (-low, 0.0, low)}


def drawn_score(info: Any) -> Found:
    """Return the band of a figure of a score."""
    return {"band": (info.band[0], info.line[1], info.band[1])}


LEVELS: dict[str, Callable[[Any, float], Found]] = {
    "allocation.explanation.explain": lambda made, level: told(made.explanation(level), level),
    "allocation.isoflop_analysis.isoflop": lambda made, level: told(swept(made, level), level),
    "allocation.lower_envelope.envelope": lambda made, level: told(
        warned(lambda: sl.envelope(made.curves, draws=60, level=level)), level
    ),
    "allocation.lower_envelope.envelope_observations": lambda made, level: told(
        envelope_observations(made.curves, draws=60, level=level), level
    ),
    "allocation.scaling.Scaling.exponent_interval": lambda made, level: plain(
        swept(made, 0.7).params.exponent_interval(level), swept(made, 0.7).params.exponent
    ),
    "allocation.scaling.Scaling.interval_at": lambda made, level: plain(
        swept(made, 0.7).tokens.interval_at([1e20, 1e21], level), swept(made, 0.7).tokens.at([1e20, 1e21])
    ),
    "allocation.scaling.Scaling.to_dict": lambda made, level: dict(
        found(swept(made, 0.7).params.to_dict(level), level)
    ),
    "allocation.scaling.power_laws": lambda made, level: texts(swept(made, 0.7), level),
    "allocation.three_approaches.approaches": lambda made, level: told(agreed(made, level), level),
    "backtesting.score.winkler": lambda made, level: {
        "score": (-float(winkler(*np.ones((2, 1)), np.array([2.0]), level)[0]), 0.0, 2 / (1 - level))
    },
    "backtesting.scoring.best_constant": lambda made, level: constant(level),
    "backtesting.scoring.clustered": lambda made, level: plain(
        scoring.clustered({"a": 1.0, "b": 2.0, "c": 4.0}, level), 7 / 3
    ),
    "backtesting.scoring.coverage": lambda made, level: {"share": (-scores(level), 0.0, scores(level))},
    "backtesting.backtest.backtest": lambda made, level: {"coverage": (-(cut := shares_inside(made, level)), 0.0, cut)},
    "core.benchmarks.item_noise.items_needed": lambda made, level: {
        "items": (-(own := items_needed(0.01, 0.7, level)), 0.0, own)
    },
    "core.benchmarks.item_noise.smallest_gain": lambda made, level: {
        "gain": (-(own := smallest_gain(0.01, level)), 0.0, own)
    },
    "core.benchmarks.item_noise.wilson": lambda made, level: plain(wilson(0.7, 30, level), 0.7),
    "core.estimate.estimated": lambda made, level: of(estimated(1.0, DRAWN[:, 0], level, "1"), level),
    "core.forecaster.interval": lambda made, level: plain(interval(DRAWN, level), np.median(DRAWN, axis=0)),
    "core.forecaster.holding": lambda made, level: plain(holding(1.0, DRAWN, level), 1.0),
    "curves.curve_band.believed": lambda made, level: reversed_(believed(2.0, 1.5, 2.6, level)),
    "curves.curve_band.joined": lambda made, level: of(
        joined(NormalEstimate(2.0, 1.9, 2.1), NormalEstimate(2.1, 2.0, 2.2), level), level
    ),
    "curves.curve_band.band_on_the_way": on_the_way,
    "curves.curve_forecast.extrapolate_curve": lambda made, level: ahead(
        sl.curves.extrapolate_curve(made.steps, made.reading, RunSchedule(end=9e3), level=level), level
    ),
    "curves.extrapolation.extrapolate": lambda made, level: ahead(extrapolated(made, level).runs[0].forecast, level),
    "curves.watching.watch": watched,
    "designing.cheapest.design": designed,
    "diagnosing.onsets.detect.emergence": lambda made, level: told(emerged(level=level), level),
    "diagnosing.onsets.onset.onset": lambda made, level: of(emerged(level=level).onset, level),
    "designing.half_width.expected_half_width": wide,
    "designing.half_width.half_width": wide,
    "diagnosing.evaluation_noise.eval_noise": lambda made, level: resolved(level),
    "diagnosing.run_noise.noise_range": lambda made, level: {"range": (-(own := noise_range(9, level)), 0.0, own)},
    "fitting.fit.fit": lambda made, level: told(
        sl.fit("chinchilla", made.observed, draws=80, starts=4, level=level), level
    ),
    "fitting.fit.make_spec": lambda made, level: told(
        fit_observations(get("chinchilla"), made.observed, FitSpec(draws=80, starts=4, level=level)), level
    ),
    "fitting.held.HeldAt.predict_at": lambda made, level: predicted(
        made.fit.at(tokens=2e11).predict_at({"params": np.array([1e10])}, level, "mean"), level
    ),
    "fitting.result.FitResult.predict_at": lambda made, level: predicted(
        made.fit.predict_at(made.ahead, level, "mean"), level
    ),
    "forecasting.chain.Chain.predict_at": lambda made, level: predicted(
        made.chain.predict_at({**made.ahead, "flops": np.array([1e22, 2e22])}, level, "mean"), level
    ),
    "forecasting.chain.Chain.stages": lambda made, level: {
        name: (part.lo, part.mean, part.hi)
        for stages in [made.chain.stages({**made.ahead, "flops": np.array([1e22, 2e22])}, level)]
        for name, part in (("loss", stages.loss), ("score", stages.score), ("compound", stages.compound))
    },
    "forecasting.score_ensemble.ScoreEnsemble.predict_at": lambda made, level: predicted(
        made.score_ensemble.predict_at(made.ahead, level, "mean"), level
    ),
    "forecasting.score_table.ScoreForecasts.rows": lambda made, level: {
        row["target"]: (row["lo"], row["score"], row["hi"]) for row in made.score_forecasts.rows(made.at, level)
    },
    "planning.score_outlook.score_outlook": lambda made, level: {
        f"{target} {i}": (lo, mean, hi)
        for target, row in score_outlook(made.score_forecasts, level=level).rows.items()
        for i, (mean, lo, hi) in enumerate(row)
    },
    "planning.score_plan.plan_score": lambda made, level: {
        f"{each.reach:g}": (each.lo, each.score, each.hi)
        for each in plan_score(made.score_ensemble, 0.6, level=level).gains
    },
    "viz.score_vs_compute.score_vs_compute_info": lambda made, level: drawn_score(
        score_vs_compute_info(made.score_ensemble, level=level)
    ),
    "forecasting.ensemble.Ensemble.predict_at": lambda made, level: predicted(
        made.ensemble.predict_at(made.ahead, level, "mean"), level
    ),
    "core.forecaster.Predicting.predict": lambda made, level: (
        predicted(made.fit.predict(made.ahead, level), level)
        | {
            f"ensemble {name}": ends
            for name, ends in predicted(made.ensemble.predict(made.ahead, level), level).items()
        }
    ),
    "designing.half_width.quantiles": lambda made, level: {
        name: (-each, 0.0, each) for name, each in zip(("t", "z"), quantiles(level, 9), strict=True)
    },
    "fitting.result.FitResult.coefficients": lambda made, level: dict(found(made.fit.coefficients(level), level)),
    "fitting.result.FitResult.profile": lambda made, level: profiled(made.power.profile("alpha", level=level), level),
    "fitting.uncertainty.coefficient_intervals.coefficients": lambda made, level: dict(
        found(coefficients(made.power, level), level)
    ),
    "fitting.uncertainty.predictions.predict": lambda made, level: predicted(
        predict(made.power, {"flops": np.array([1e22])}, level, "new_run"), level
    ),
    "fitting.uncertainty.profile_likelihood.profile_coefficient": lambda made, level: profiled(
        profile_coefficient(made.power.sample_of_rows, "E", made.power.spec.restrictions, level), level
    ),
    "fitting.uncertainty.profile_likelihood.profile_prediction": lambda made, level: profiled(
        profile_prediction(made.power.sample_of_rows, {"flops": 1e22}, level), level
    ),
    "forecasting.calibration.Calibration.factor": lambda made, level: {
        "factor": (-made.calibration.factor(level), 0.0, made.calibration.factor(level))
    },
    "planning.by_ensemble.ensemble_outcomes": lambda made, level: dict(
        found(
            [
                each.to_dict()
                for each in (ensemble_outcomes(made.observed, 1e22, level, prior="none", seed=0, draws=40, cut=None))
            ],
            level,
        )
    ),
    "planning.larger_runs.predict_larger": lambda made, level: dict(
        found(predict_larger(made.fit, at=made.at, level=level).to_dict()["runs"], level)
    ),
    "planning.penalty.compute_penalty": lambda made, level: of(
        compute_penalty(made.fit, made.at["params"], made.at["tokens"], level), level
    ),
    "planning.question.ask": lambda made, level: {"level": (-(own := ask(flops=1, level=level).level), 0.0, own)},
    "planning.robust.robustness": lambda made, level: told(robust(made, level), level),
    "planning.solve.plan": lambda made, level: (
        told(sl.plan(made.ensemble, flops=1e22, level=level), level)
        | {f"law{name}": ends for name, ends in told(sl.plan(made.fit, loss=2.2, level=level), level).items()}
    ),
    "registry.frozen.FrozenForecast.interval": lambda made, level: plain(
        made.frozen.interval(level), made.frozen.value
    ),
    "registry.score.ForecastScore.inside": lambda made, level: inside(made, level),
    "training.tuning.bowl.bowl": lambda made, level: plain(bowled(level).interval, bowled(level).log_lr),
    "viz.held_out.held_out_info": lambda made, level: band(
        own := held_out_info(made.observed, "run", 1e22, (2.0 - level, 2.0, 2.0 + level), level=level),
        level,
        own.band,
        own.forecast,
    ),
    "viz.iso_loss.iso_loss_info": lambda made, level: band(
        own := iso_loss_info(made.fit, made.observed, level=level), level, own.band, own.line[1]
    ),
    "viz.loss_vs_compute.loss_vs_compute_info": lambda made, level: (
        band(own := loss_vs_compute_info(made.fit, made.observed, level=level), level, own.band, own.line[1])
        | {"runs": (own.fitted.band[0], 0.0, own.fitted.band[1])}
    ),
    "viz.profile_likelihood.profiles_info": lambda made, level: {
        each.name: ends
        for each in profiles_info(made.power, level=level).profiles
        for ends in profiled(each, level).values()
    },
    "workflows.study.decide.decide": decided,
    # Figures of results that carry their own level.
    "figure of approaches": approached,
    "figure of curves": lambda made, level: ahead(curves_info(extrapolated(made, level)).runs[0].forecast, level),
    "figure of isoflop": lambda made, level: band(
        own := isoflop_info(swept(made, level)), level, own.band, own.line[1]
    ),
    "figure of robustness": lambda made, level: band(
        own := robustness_info(robust(made, level)), level, own.ends, own.ratio
    ),
    "figure of a waterfall": lambda made, level: band(
        own := waterfall_info(made.explanation(level)), level, own.ends, own.exponent
    ),
}


NO_INTERVAL = {
    "core.estimate.given": "a number without an interval",
    "core.forecaster.check_level": "refuses levels",
    "core.forecaster.Forecaster.predict": "the protocol; what keeps it is in the conformance suite",
    "core.forecaster.Predicting.predict_at": "abstract",
    "fitting.published.Published.predict_at": "published constants have no spread",
    "diagnosing.recipe_decisions.decide_recipes": "the interval of chance is of few orders, and comes in steps",
    "diagnosing.worth.judged": "a verdict",
    "core.rendering.Report.html": "of a heading",
    "core.rendering.Report.markdown": "of a heading",
    "viz.style.shade": "labels a band that is given",
    "workflows.study.study.study": "decides by `decide`, and compares with `plan` in its own tests",
}
"""Functions that take a level and have no interval to compare, and why."""


@pytest.mark.parametrize("name", LEVELS)
def test_intervals_hold_their_value_and_nest(made: Any, name: str) -> None:
    low, high = LEVELS[name](made, LOW), LEVELS[name](made, HIGH)
    assert low and low.keys() == high.keys()
    for part, (lo, value, hi) in low.items():
        outer_lo, _, outer_hi = (None if end is None else np.asarray(end, float) for end in high[part])
        assert np.all(outer_lo <= np.asarray(lo)) and np.all(np.asarray(hi) <= outer_hi), part
        assert np.all((outer_lo < lo) & (outer_hi > hi)), f"{part}: the level decides nothing"
        if value is not None:
            assert np.all((lo <= np.asarray(value)) & (np.asarray(value) <= hi)), f"{part}: outside its interval"


def test_every_function_that_takes_a_level_is_tried(public_functions: Mapping[str, frozenset[str]]) -> None:
    takes = {name for name, options in public_functions.items() if "level" in options}
    assert takes and takes - set(LEVELS) - set(NO_INTERVAL) == set(), "add it to LEVELS"
    assert {each for each in LEVELS if "figure" not in each} | set(NO_INTERVAL) == takes
