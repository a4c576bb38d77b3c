"""Every function that takes ``seed=``: the same seed gives the same result bit for bit, another seed another."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.accounting.architecture import Architecture
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.lower_envelope import envelope_observations
from scalelaw.core.errors import ScalelawWarning
from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.diagnosing.critical_batch import trade_off
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.spec import INTERVALS, FitSpec
from scalelaw.fitting.uncertainty.bootstrap import resampled_weights
from scalelaw.fitting.uncertainty.laplace import laplace, sandwich
from scalelaw.fitting.uncertainty.predictions import sample
from scalelaw.fitting.uncertainty.wild import wild
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.forecasting.members import fit_members, members
from scalelaw.forecasting.score_forecast import forecast_score, forecast_score_rows
from scalelaw.forecasting.score_members import fit_forms, forms
from scalelaw.forecasting.score_table import forecast_scores
from scalelaw.ladder import recipe
from scalelaw.laws import get
from scalelaw.planning.by_ensemble import ensemble_outcomes
from scalelaw.training.model import init
from scalelaw.training.text.markov import MarkovLanguage
from scalelaw.training.tuning.bowl import bowl
from scalelaw.workflows.study.decide import decide

RATES = np.log(2) * np.arange(-2, 2.1, 0.5)
BENT = 1 + 0.05 * RATES**2 + 0.003 * np.random.default_rng(5).standard_normal(len(RATES))
BATCHES = np.geomspace(1e3, 1e6, 9)
STEPS = 1e4 * (1 + 1e4 / BATCHES) * np.exp(0.1 * np.sin(np.arange(9)))
LAW = get("chinchilla")
COEF = LAW.vector(LAW.published["besiroglu2024"].coef)


def warned(make: Callable[[], Any]) -> Any:
    with pytest.warns(ScalelawWarning):
        return make()


def drawn(made: Any, **options: Any) -> Any:
    return fit_observations(get("power"), made.near, FitSpec(draws=20, starts=2, **options)).draws


def simulated(seed: int) -> Any:
    return simulate(LAW, COEF, RunGrid([1e8, 1e9], [20.0]), noise=0.01, seed=seed)["loss"]


def weights(seed: int) -> Any:
    shape = Architecture(layers=1, width=8, vocab_size=64, heads=1, ffn_width=16, norm="rms", qk_norm="scale")
    return init(shape, recipe("muon-cpu").at(shape, 1e5, 128), seed).embedding.detach().numpy()


def emerged(seed: int) -> Any:
    """Return the ends of the onset's interval."""
    x = np.linspace(18, 23, 10)
    score = np.round(1000 / (1 + np.exp(2 * (21 - x)))) / 1000
    table = {"flops": 10**x, "score@made": score, "n_items": [1000] * 10, "chance": [0.0] * 10}
    onset = sl.emergence(table, "score@made", seed=seed, draws=20).onset
    return None if onset is None else [onset.lo, onset.hi]


class Seen(Exception):
    """Carries what a function handed on, before anything is computed from it."""


def handed_on(module: str, name: str, call: Callable[[], Any]) -> Any:
    """Return the arguments with which ``call`` calls a function of a module, which then is not run."""

    def spy(*_: Any, **options: Any) -> None:
        raise Seen(
            options.get("seed", next((each.seed for each in _ if isinstance(each, FitSpec | IsoFlopSpec)), None))
        )

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Seen) as seen:
        patch.setattr(importlib.import_module(module), name, spy)
        call()
    return seen.value.args[0]


def outcomes(made: Any, seed: int) -> Any:
    found = ensemble_outcomes(
        made.observed.rows(slice(None, None, 2)), 1e22, 0.9, prior="none", seed=seed, draws=20, cut=None
    )
    return [each.to_dict() for each in found]


SEEDS: dict[str, Callable[[Any, int], Any]] = {
    "allocation.explanation.explain": lambda made, seed: handed_on(
        "scalelaw.allocation.corrections", "isoflop_observations", lambda: made.explanation(seed=seed)
    ),
    "allocation.isoflop_analysis.isoflop": lambda made, seed: (
        isoflop_observations(made.sweep, IsoFlopSpec("parabola", draws=20, seed=seed)).params.draws
    ),
    "allocation.lower_envelope.envelope": lambda made, seed: (
        warned(lambda: sl.envelope(made.curves, draws=20, seed=seed)).params.draws
    ),
    "allocation.lower_envelope.envelope_observations": lambda made, seed: (
        envelope_observations(made.curves, draws=20, seed=seed).tokens.draws
    ),
    "allocation.three_approaches.approaches": lambda made, seed: [
        each.exponent
        for each in sl.allocation.approaches(made.sweep_table, draws=10, seed=seed, profile="parabola").used
        if each.name == "isoflop"
    ],
    "backtesting.backtest.backtest": lambda made, seed: [
        cut.score for cut in sl.backtest("power", made.near, draws=20, starts=2, seed=seed).cuts[:1]
    ],
    "datasets.simulate.simulate": lambda made, seed: simulated(seed),
    "diagnosing.critical_batch.trade_off": lambda made, seed: trade_off(BATCHES, STEPS, draws=20, seed=seed).interval,
    "diagnosing.onsets.detect.emergence": lambda made, seed: emerged(seed),
    "diagnosing.onsets.onset.onset": lambda made, seed: emerged(seed),
    "fitting.fit.fit": lambda made, seed: sl.fit("power", made.near, draws=20, starts=4, seed=seed).draws,
    "fitting.fit.make_spec": lambda made, seed: make_spec(seed=seed).seed,
    **{f"fit by {way}": lambda made, seed, way=way: drawn(made, intervals=way, seed=seed) for way in INTERVALS},
    "fitting.uncertainty.bootstrap.resampled_weights": lambda made, seed: resampled_weights(
        np.arange(9), np.ones(9), 3, seed
    ),
    "fitting.uncertainty.laplace.laplace": lambda made, seed: laplace(made.power.sample_of_rows, 9, seed),
    "fitting.uncertainty.laplace.sandwich": lambda made, seed: sandwich(made.power.sample_of_rows, 9, seed),
    "fitting.uncertainty.prior.perturbed": lambda made, seed: (
        fit_observations(
            LAW, made.observed.rows(slice(None, None, 5)), FitSpec(draws=20, starts=2, prior="literature", seed=seed)
        ).draws
    ),
    "fitting.uncertainty.predictions.sample": lambda made, seed: sample(
        made.power, {"flops": np.array([1e22])}, "new_run", seed
    ),
    "fitting.uncertainty.wild.wild": lambda made, seed: wild(made.power.sample_of_rows, 9, seed),
    "forecasting.forecast.forecast": lambda made, seed: handed_on(
        "scalelaw.forecasting.forecast", "forecast_observations", lambda: sl.forecast(made.table, seed=seed)
    ),
    "forecasting.forecast.forecast_observations": lambda made, seed: (
        forecast_observations(made.observed, calibration=made.calibration, draws=10, seed=seed).members[1].draws
    ),
    "forecasting.score_forecast.forecast_score": lambda made, seed: handed_on(
        "scalelaw.forecasting.score_forecast",
        "forecast_score_rows",
        lambda: forecast_score(made.scores, target="score@piqa", seed=seed),
    ),
    "forecasting.score_forecast.forecast_score_rows": lambda made, seed: (
        forecast_score_rows(made.score_ensemble.observed, "loss", calibration=made.calibration, draws=10, seed=seed)
        .members[0]
        .fit.draws
    ),
    "forecasting.score_members.ScoreForm.fit": lambda made, seed: (
        forms(made.score_ensemble.observed, 0.25, "params")[0].fit(made.score_ensemble.observed, 10, seed).draws
    ),
    "forecasting.score_members.fit_forms": lambda made, seed: (
        fit_forms(made.score_ensemble.observed, 0.25, "params", None, 10, seed).members[0].fit.draws
    ),
    "forecasting.score_table.forecast_scores": lambda made, seed: (
        forecast_scores(made.scores, ["score@piqa"], draws=10, seed=seed).each["score@piqa"].members[0].fit.draws
    ),
    "datasets.simulate.simulate_scores": lambda made, seed: simulate_scores(
        np.array([2.0, 3.0]), {"t": SimulatedTask(2.5, 2.0, 1000)}, seed=seed
    )["score@t"],
    "forecasting.members.Member.spec": lambda made, seed: members(made.observed)[0].spec(10, seed).seed,
    "forecasting.members.fit_members": lambda made, seed: fit_members(made.near, 10, seed)[0][-1].draws,
    "planning.by_ensemble.ensemble_outcomes": outcomes,
    "planning.robust.robustness": lambda made, seed: handed_on(
        "scalelaw.planning.robust",
        "fit_observations",
        lambda: sl.robustness(made.observed, flops=1e22, law="chinchilla", seed=seed),
    ),
    "training.model.init": lambda made, seed: weights(seed),
    "training.text.markov.MarkovLanguage.sample": lambda made, seed: MarkovLanguage().sample(50, seed),
    "training.tuning.bowl.bowl": lambda made, seed: bowl(RATES, BENT, draws=50, seed=seed).interval,
    "workflows.study.decide.decide": lambda made, seed: [
        handed_on("scalelaw.workflows.study.decide", name, lambda law=law: decide(made.table, law=law, seed=seed))
        for name, law in (("fit_observations", "chinchilla"), ("forecast_observations", None))
    ],
}

ELSEWHERE = {
    "core.forecaster.Forecaster.sample": "the protocol",
    "fitting.held.HeldAt.sample": "in the conformance suite of forecasters",
    "fitting.published.Published.sample": "in the conformance suite of forecasters",
    "fitting.result.FitResult.sample": "in the conformance suite of forecasters",
    "forecasting.chain.Chain.sample": "in the conformance suite of forecasters",
    "forecasting.score_ensemble.ScoreEnsemble.sample": "in the conformance suite of forecasters",
    "forecasting.ensemble.Ensemble.sample": "in the conformance suite of forecasters",
    "training.tuning.tune.tune": "trains; in its own tests",
    "workflows.study.study.study": "decides by `decide`, and compares with it in its own tests",
}
"""Where else a seed is tried."""


def same(one: Any, other: Any) -> bool:
    """Return whether two results are equal, bit for bit."""
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_decides_what_is_drawn(made: Any, name: str) -> None:
    first, again, other = (SEEDS[name](made, seed) for seed in (1, 1, 2))
    assert first is not None and np.size(first)
    assert same(first, again) and not same(first, other)


def test_every_function_that_takes_a_seed_is_tried(public_functions: Mapping[str, frozenset[str]]) -> None:
    takes = {name for name, options in public_functions.items() if "seed" in options}
    assert takes and takes - set(SEEDS) - set(ELSEWHERE) == set(), "add it to SEEDS"
    assert {each for each in SEEDS if not each.startswith("fit by")} | set(ELSEWHERE) == takes
