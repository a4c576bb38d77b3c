"""The half-width that is expected of a forecast: against simulated refits, and in the directions it must move."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares

import scalelaw as sl
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array
from scalelaw.datasets import card, load
from scalelaw.designing.assumed import FORM, Assumed, assumed
from scalelaw.designing.half_width import (
    coefficient_sd,
    expected_half_width,
    half_width,
    inputs,
    log_slopes,
    quantiles,
    target_point,
)
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.ladder import Grid, Ladder, Rung, Shapes
from scalelaw.runs.reading.load import load_runs

SHAPES = Shapes(layers=12, head_dim=64, vocab_size=32768)
MID = Ladder("mid", (Grid((256, 384, 512, 768, 1024), tokens_per_param=(10, 40, 160)),), SHAPES)
BESIROGLU = "chinchilla@besiroglu2024"


def _refits(known: Assumed, rungs: tuple[Rung, ...], goal: dict[str, Array], count: int) -> Array:
    """Return forecasts of log loss at the goal by least squares on simulated tables, (count,)."""
    rng = np.random.default_rng(3)
    x, member = inputs(rungs, known.n)
    true = np.log(known.law.predict(known.coef, x))
    found = []
    for _ in range(count):
        own = rng.standard_normal(len(true)) * np.sqrt(1 - known.shared)
        of_trunk = rng.standard_normal(member.max() + 1)[member] * np.sqrt(known.shared)
        y = true + known.noise * (own + of_trunk)

        def residual(log_coef: Array, y: Array = y) -> Array:
            return np.asarray(np.log(known.law.predict(np.exp(log_coef), x)) - y)

        def slopes(log_coef: Array) -> Array:
            return log_slopes(replace(known, coef=np.exp(log_coef)), x)

        fit = least_squares(residual, np.log(known.coef), jac=slopes, method="lm")
        found.append(np.log(known.law.predict(np.exp(fit.x), goal))[0])
    return np.array(found)


def test_quantiles_are_those_of_the_tables() -> None:
    assert quantiles(0.9, 5) == pytest.approx((2.015, 1.645), abs=1e-3)
    assert quantiles(0.95, 20) == pytest.approx((2.086, 1.960), abs=1e-3)


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_the_coefficients_part_is_the_spread_of_simulated_refits(shared: float) -> None:
    known = replace(assumed(BESIROGLU), shared=shared, noise=0.001)
    ladder = replace(MID, grids=(replace(MID.grids[0], seeds=2),))
    goal = {"params": np.array([3e9]), "tokens": np.array([6e10])}
    x, member = inputs(ladder.fitted, known.n)
    expected = coefficient_sd(known, log_slopes(known, x), member, log_slopes(known, goal)[0])
    assert expected is not None
    assert np.std(_refits(known, ladder.fitted, goal, 150)) == pytest.approx(expected, rel=0.2)


def test_correlated_branches_are_worth_less_than_separate_runs() -> None:
    x, member = inputs(MID.fitted, "params")
    goal = {"params": np.array([3e9]), "tokens": np.array([6e10])}
    known = assumed(BESIROGLU)
    slopes, at = log_slopes(known, x), log_slopes(known, goal)[0]
    shared = coefficient_sd(known, slopes, member, at)
    apart = coefficient_sd(known, slopes, np.arange(len(member)), at)
    assert shared is not None and apart is not None and shared != apart


def test_repeating_everything_divides_the_spread_of_coefficients_by_the_root() -> None:
    known = replace(assumed(BESIROGLU))
    goal = {"params": np.array([3e9]), "tokens": np.array([6e10])}
    spread = []
    for seeds in (1, 4):
        x, member = inputs(replace(MID, grids=(replace(MID.grids[0], seeds=seeds),)).fitted, known.n)
        spread.append(coefficient_sd(known, log_slopes(known, x), member, log_slopes(known, goal)[0]))
    assert spread[0] == pytest.approx(2 * spread[1])


def test_the_further_the_target_the_wider_and_the_form_grows_as_the_root() -> None:
    near, far = (expected_half_width(MID, target=target) for target in (1e21, 1e23))
    assert near.total is not None and far.total is not None and near.coefs is not None
    assert near.total < far.total
    assert far.form / near.form == pytest.approx(np.sqrt(np.log10(far.reach) / np.log10(near.reach)))
    assert near.total == pytest.approx(np.sqrt(near.coefs**2 + near.run**2 + near.form**2))
    assert far.reach / near.reach == pytest.approx(100)


def test_the_level_widens_it() -> None:
    widths = [expected_half_width(MID, target=1e21, level=level).total for level in (0.5, 0.9, 0.99)]
    assert widths == sorted(widths)  # type: ignore[type-var]


def test_the_target_is_the_held_out_rung_unless_one_is_said() -> None:
    held_out = replace(MID, grids=(*MID.grids, Grid((2048,), tokens_per_param=(40,), held_out=True)))
    (rung,) = held_out.held_out
    sure = expected_half_width(held_out)
    assert (sure.params, sure.tokens) == (rung.params, rung.horizons[0])
    assert sure.runs == 15
    assert expected_half_width(replace(held_out, target=1e22)).flops == pytest.approx(1e22)
    assert expected_half_width(MID).reach == pytest.approx(10, rel=0.3)


def test_too_few_cells_leave_it_unknown() -> None:
    single = replace(MID, grids=(Grid((256, 1024), tokens_per_param=(20, 80)),))
    sure = expected_half_width(single, target=1e21)
    assert sure.total is None and sure.coefs is None
    assert sure.to_dict()["half_width"] is None
    assert "4 fitted runs do not determine the 5 coefficients" in str(sure)
    one_ray = replace(MID, grids=(Grid((256, 384, 512, 768, 1024, 1280), tokens_per_param=(20,)),))
    ray = expected_half_width(one_ray, target=1e21).total
    assert ray is None or ray > 2 * expected_half_width(MID, target=1e21).total  # type: ignore[operator]


def test_a_fit_of_earlier_runs_is_assumed_with_its_own_noise(rng: np.random.Generator) -> None:
    truth = assumed(BESIROGLU)
    x, _ = inputs(MID.fitted, "params")
    loss = truth.law.predict(truth.coef, x) * np.exp(0.004 * rng.standard_normal(15))
    table = load_runs({"params": x["params"], "tokens": x["tokens"], "loss": loss})
    fit = fit_observations(truth.law, table.endpoints(), FitSpec(Noise("squared"), draws=0, starts=8))
    known = assumed(fit)
    assert known.noise == pytest.approx(0.004, rel=0.6)
    assert known.coef is fit.coef and known.form == FORM
    assert expected_half_width(MID, target=1e21, assume=fit).assumption.noise == known.noise


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("chinchila", "unknown assumption"),
        ("chinchilla@nobody", "besiroglu2024"),
        ("kaplan_joint", "unknown assumption"),
    ],
)
def test_an_assumption_that_is_unknown_is_refused(what: str, said: str) -> None:
    with pytest.raises(UnknownName, match=said):
        assumed(what)


def test_an_assumption_of_other_inputs_is_refused() -> None:
    with pytest.raises(BadInput, match="needs a law of one kind of params and tokens"):
        assumed("power[input=tokens,floor=no]@kaplan2020")
    with pytest.raises(BadInput, match="give a fit"):
        expected_half_width(MID, assume=3.0)  # type: ignore[arg-type]


def test_tiny_targets_assume_the_tiny_ladder_with_measured_repeats() -> None:
    shipped = load("cpu-ladder")
    dear = shipped.values("params") * shipped.values("tokens") * (shipped.values("held_out") == 0)
    tokens, measured = (shipped.values(name)[np.argmax(dear)] for name in ("tokens", "loss"))
    grids = Grid((16, 24, 32, 48), ("1M", "2M", "4M")), Grid((96,), (float(tokens),), held_out=True)
    tiny = Ladder("tiny", grids, shapes=Shapes(layers=1, head_dim=8))
    sure = sl.designing.expected_half_width(tiny)
    assert sure.assumption.forecaster.label == "chinchilla@cpu-text"
    assert sure.assumption.noise == card("cpu-ladder")["seed_noise"]
    assert sure.loss == pytest.approx(measured, rel=0.02)
    with pytest.raises(BadInput, match="target=-1"):
        expected_half_width(tiny, target=-1)


def test_doubts_about_it_have_codes() -> None:
    far = expected_half_width(MID, target=1e24)
    assert {each.code for each in far.findings} == {"REACH_UNMEASURED"}
    small = replace(MID, grids=(Grid((128, 192, 256, 320, 384), tokens_per_param=(5, 10, 20)),))
    assert "RUNS_UNLIKE" in {each.code for each in expected_half_width(small, target=1e20).findings}
    assert expected_half_width(MID, target=1e20).findings == ()


@pytest.mark.parametrize("factor", [1.6, 3.1])
def test_a_design_counts_the_target_as_the_assumed_table_states_its_flops(factor: float) -> None:
    n, ratio = (each.ravel() for each in np.meshgrid(np.geomspace(1e7, 1e9, 5), [5.0, 20.0, 80.0]))
    d = n * ratio
    loss = 1.7 + 400 / n**0.34 + 410 / d**0.28
    stated = {"params": n, "tokens": d, "flops": factor * 6 * n * d, "loss": loss * (1 + 0.001 * np.sin(n))}
    rows = load_runs(stated).endpoints()
    fit = fit_observations(sl.laws.get("chinchilla"), rows, FitSpec(draws=0, starts=8))
    point = target_point(assumed(fit), 1e22)
    assert fit.counting is not None and float(fit.counting.flops(*point)) == pytest.approx(1e22, rel=1e-3)
    known = assumed(fit)
    x = {"params": n, "tokens": d}
    assert half_width(known, x, np.arange(len(n)), point, 0.9).flops == pytest.approx(1e22, rel=1e-3)
