"""Approach 2 on surfaces whose optimum is known: exact without noise, honest with it, and careful with bad budgets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.allocation.isoflop_analysis import isoflop, isoflop_observations
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.core.errors import BadInput, BadTable, ScalelawWarning
from scalelaw.core.types import Array
from scalelaw.laws import _frontier, get
from scalelaw.runs.observations import Observations

SURFACES = {
    "besiroglu": (1.8172, 482.01, 2085.43, 0.3478, 0.3658),
    "hoffmann": (1.6934, 406.4, 410.7, 0.33917, 0.28491),
    "asymmetric": (1.8, 3000.0, 20.0, 0.465, 0.155),
    "mirrored": (1.8, 20.0, 9000.0, 0.155, 0.465),
}
FLOPS = np.geomspace(1e18, 1e20, 6)
AT = 1e21


def optimum(name: str, flops: Array | float) -> Array:
    _, a, b, alpha, beta = SURFACES[name]
    each = (np.asarray(value) for value in (a, b, alpha, beta))
    return _frontier.optimum(*each, np.asarray(flops) / 6)[0]


def exponent(name: str) -> float:
    *_, alpha, beta = SURFACES[name]
    return beta / (alpha + beta)


def table(
    name: str,
    *,
    half: float = 0.6,
    off: float = 0.0,
    drift: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
    sizes: int = 7,
) -> Observations:
    """Return a sweep of sizes ``half`` decades to both sides of N*, moved by ``off`` and ``drift`` decades."""
    e, a, b, alpha, beta = SURFACES[name]
    moved = off + drift * np.log10(FLOPS / FLOPS[0])
    params = (optimum(name, FLOPS)[:, None] * 10 ** (moved[:, None] + np.linspace(-half, half, sizes))).ravel()
    flops = np.repeat(FLOPS, sizes)
    tokens = flops / 6 / params
    loss = (e + a / params**alpha + b / tokens**beta) * np.exp(np.random.default_rng(seed).normal(0, noise, len(flops)))
    return observed({"params": params, "tokens": tokens, "flops": flops}, loss)


def observed(columns: dict[str, Array], loss: Array, **more: Any) -> Observations:
    n = len(loss)
    return Observations("loss", columns, loss, np.arange(n), np.ones(n), n, **more)


def found(rows: Observations, profile: str = "powers", **options: Any) -> IsoFlop:
    return isoflop_observations(rows, IsoFlopSpec(profile, **{"draws": 0, **options}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize(("half", "off", "drift"), [(0.3, 0, 0), (1.0, 0, 0), (0.6, 0.25, 0), (0.6, -0.2, 0.15)])
def test_powers_are_exact_without_noise(name: str, half: float, off: float, drift: float) -> None:
    result = found(table(name, half=half, off=off, drift=drift), window=1e6)
    assert result.params.exponent == pytest.approx(exponent(name), abs=1e-5)
    assert result.tokens.exponent == pytest.approx(1 - exponent(name), abs=1e-5)
    np.testing.assert_allclose(result.params.at(FLOPS), optimum(name, FLOPS), rtol=1e-3)
    np.testing.assert_allclose(result.params.at(AT) * result.tokens.at(AT) * 6, AT, rtol=1e-6)
    *_, alpha, beta = SURFACES[name]
    assert result.shape == {"alpha": pytest.approx(alpha, rel=1e-3), "beta": pytest.approx(beta, rel=1e-3)}


def test_the_bias_of_a_parabola_is_reported_with_its_sign_and_size() -> None:
    """Up to 22 % for exponents .465 and .155 on a decade to each side, as laws/pretraining.md section 2 has it."""
    for name, size in (("asymmetric", 0.22), ("besiroglu", -0.014), ("hoffmann", 0.037)):
        result = found(table(name, half=1.0), "parabola", window=1e6)
        true = result.params.at(FLOPS) / optimum(name, FLOPS) - 1
        np.testing.assert_allclose(true, size, atol=0.02)
        assert result.bias is not None
        np.testing.assert_allclose(result.bias.size["parabola"], true, atol=2e-3)
        assert result.bias.exponent["parabola"] == pytest.approx(result.params.exponent - exponent(name), abs=1e-4)
        np.testing.assert_allclose(result.bias.centre, 0, atol=2e-3)
        assert ("ISOFLOP_BIAS" in {finding.code for finding in result.findings}) == (abs(size) > 0.02)


def test_a_drifting_design_bends_the_exponent_of_a_parabola_and_not_of_powers() -> None:
    rows = table("asymmetric", half=0.8, off=-0.3, drift=0.3)
    parabola, powers = found(rows, "parabola", window=1e6), found(rows, window=1e6)
    wrong = parabola.params.exponent - exponent("asymmetric")
    assert abs(wrong) > 0.004
    assert parabola.bias is not None
    assert parabola.bias.exponent["parabola"] == pytest.approx(wrong, rel=0.1)
    assert powers.params.exponent == pytest.approx(exponent("asymmetric"), abs=1e-4)


@pytest.mark.parametrize("profile", ["cubic", "akima"])
def test_other_profiles_are_near(profile: str) -> None:
    result = found(table("besiroglu", half=0.6), profile)
    assert result.params.exponent == pytest.approx(exponent("besiroglu"), abs=1e-3)
    np.testing.assert_allclose(result.params.at(FLOPS), optimum("besiroglu", FLOPS), rtol=0.012)


def bent(rows: Observations, at: int, change: Callable[[Array, Array], Array]) -> Observations:
    """Return the rows with the losses of one budget changed by their sizes."""
    mine = np.isclose(rows.columns["flops"], FLOPS[at])
    y = rows.y.copy()
    t = np.log(rows.columns["params"][mine])
    y[mine] = change(y[mine], t - t.mean())
    return replace(rows, y=y)


@pytest.mark.parametrize("profile", ["powers", "cubic", "parabola"])
def test_a_concave_budget_is_refused_a_best_size(profile: str) -> None:
    rows = bent(table("besiroglu"), 2, lambda y, t: y.mean() - 0.05 * t**2)
    result = found(rows, profile)
    assert [bool(budget.set_aside) for budget in result.budgets] == [False, False, True, False, False, False]
    assert "concave" in result.budgets[2].set_aside and result.budgets[2].params is None
    assert "ISOFLOP_CONCAVE" in {finding.code for finding in result.findings}
    assert result.params.exponent == pytest.approx(exponent("besiroglu"), abs=1e-3)


def test_where_every_budget_is_concave_nothing_is_told() -> None:
    rows = table("besiroglu")
    flipped = replace(rows, y=2 * rows.y.mean() - rows.y)
    with pytest.raises(BadTable, match=r"0 of 6 budgets have a best size.*concave.*\[ISOFLOP_NONE\]"):
        found(flipped)


@pytest.mark.parametrize(("off", "side"), [(0.8, "below"), (-0.8, "above")])
def test_an_optimum_outside_the_sizes_is_set_aside(off: float, side: str) -> None:
    inside, outside = table("besiroglu"), table("besiroglu", off=off)
    mine = np.isclose(inside.columns["flops"], FLOPS[3])
    columns = {name: np.where(mine, outside.columns[name], values) for name, values in inside.columns.items()}
    result = found(replace(inside, columns=columns, y=np.where(mine, outside.y, inside.y)))
    assert f"the optimum lies {side}" in result.budgets[3].set_aside
    assert len(result.used) == 5
    assert result.params.exponent == pytest.approx(exponent("besiroglu"), abs=1e-5)


def test_budgets_of_two_sizes_are_set_aside() -> None:
    rows = table("besiroglu")
    first = np.flatnonzero(np.isclose(rows.columns["flops"], FLOPS[0]))
    result = found(rows.rows(np.setdiff1d(np.arange(len(rows)), first[2:])))
    assert result.budgets[0].set_aside == "2 sizes, but the powers profile needs 3"
    with pytest.warns(ScalelawWarning, match="ISOFLOP_FEW_SIZES"):
        isoflop(rows.rows(np.setdiff1d(np.arange(len(rows)), first[2:])), draws=0)


@pytest.mark.parametrize("seed", range(5))
def test_a_ladder_of_sizes_and_ratios_is_refused_in_two_lines(seed: int) -> None:
    """Budgets of one or two sizes each are no sweep: the refusal says so, and names what needs none."""
    rng = np.random.default_rng(seed)
    sizes, ratios = 10 ** np.sort(rng.uniform(7, 9, rng.integers(4, 8))), 5 * 2.0 ** np.arange(rng.integers(4, 9))
    params, ratio = (values.ravel() for values in np.meshgrid(sizes, ratios))
    loss = 1.8 + 480 / params**0.34 + 2000 / (ratio * params) ** 0.37
    ladder = {"params": params, "tokens": ratio * params, "loss": loss}
    with pytest.raises(
        BadTable, match=r"not an IsoFLOP sweep: .*`scalelaw fit` or `plan`.*\[ISOFLOP_NONE\]"
    ) as refused:
        isoflop(ladder)
    assert len(str(refused.value)) < 280


def test_runs_off_their_budget_count_with_their_own_tokens() -> None:
    """Compute 7 % to either side: two powers of params and tokens take every run for what it is."""
    rows = table("asymmetric")
    e, a, b, alpha, beta = SURFACES["asymmetric"]
    spent = rows.columns["flops"] * np.exp(np.random.default_rng(1).uniform(-0.07, 0.07, len(rows)))
    columns = {**rows.columns, "flops": spent, "tokens": spent / 6 / rows.columns["params"]}
    y = e + a / columns["params"] ** alpha + b / columns["tokens"] ** beta
    result = found(replace(rows, columns=columns, y=y))
    assert len(result.budgets) == 6
    assert result.params.exponent == pytest.approx(exponent("asymmetric"), abs=1e-3)


def test_planned_compute_groups_runs_before_their_own() -> None:
    rows = table("besiroglu")
    spent = rows.columns["flops"] * np.exp(np.random.default_rng(1).uniform(-0.05, 0.05, len(rows)))
    columns = {**rows.columns, "flops": spent, "planned_flops": rows.columns["flops"]}
    result = found(replace(rows, columns=columns))
    np.testing.assert_allclose([budget.flops for budget in result.budgets], FLOPS)


def test_tokens_have_an_exponent_of_their_own() -> None:
    """C = 6 N^.9 D, as where attention costs small models more: a and b do not sum to one, and the optimum moves."""
    e, a, b, alpha, beta = SURFACES["besiroglu"]
    rows = table("besiroglu")
    params, flops = rows.columns["params"], rows.columns["flops"]
    tokens = flops / 6 / params**0.9 / 10
    y = e + a / params**alpha + b / tokens**beta
    result = found(observed({"params": params, "tokens": tokens, "flops": flops}, y), window=1e6)
    assert result.params.exponent == pytest.approx(beta / (alpha + 0.9 * beta), abs=2e-3)
    assert result.tokens.exponent == pytest.approx(alpha / (alpha + 0.9 * beta), abs=2e-3)


def test_noise_gives_intervals_and_more_noise_wider_ones() -> None:
    widths = []
    for noise in (0.001, 0.004):
        result = found(table("besiroglu", noise=noise), draws=200)
        assert result.noise == pytest.approx(noise, rel=0.4)
        ends = result.params.exponent_interval(0.9)
        assert ends is not None and ends[0] < result.params.exponent < ends[1]
        widths.append(ends[1] - ends[0])
    assert widths[1] > 2.5 * widths[0]


def test_intervals_cover_the_truth_and_are_as_wide_as_exponents_scatter() -> None:
    """A small simulation of an asymmetric surface; 500 tables are in docs/evidence.md."""
    inside, exponents, widths = [], [], []
    for seed in range(20):
        result = found(table("asymmetric", noise=0.003, seed=seed), draws=40, seed=seed)
        ends, size = result.params.exponent_interval(0.9), result.params.interval_at(AT, 0.9)
        assert ends is not None and size is not None
        inside += [ends[0] <= exponent("asymmetric") <= ends[1], size[0] <= optimum("asymmetric", AT) <= size[1]]
        exponents.append(result.params.exponent)
        widths.append(ends[1] - ends[0])
    assert np.mean(inside) >= 0.75
    assert 0.6 < np.mean(widths) / 3.29 / np.std(exponents) < 1.7


def test_what_is_known_of_the_noise_is_used() -> None:
    rows = table("besiroglu", noise=0.001)
    by_se = found(replace(rows, se=np.full(len(rows), 0.02)), draws=100)
    by_hand = found(rows, draws=100, noise=0.02)
    by_residual = found(rows, draws=100)
    widths = [np.diff(each.params.exponent_interval(0.9))[0] for each in (by_se, by_hand, by_residual)]  # type: ignore[arg-type]
    assert widths[0] == pytest.approx(widths[1], rel=1e-9)
    assert widths[2] < widths[0] / 2


def test_an_interpolation_must_be_told_the_noise() -> None:
    with pytest.raises(BadInput, match=r"akima passes through every loss.*give noise="):
        found(table("besiroglu"), "akima", draws=10)


def test_no_spare_run_no_interval() -> None:
    result = found(table("besiroglu", sizes=3), "parabola", draws=50)
    assert result.params.draws is None and result.params.exponent_interval(0.9) is None
    assert "ISOFLOP_NO_NOISE" in {finding.code for finding in result.findings}
    with pytest.raises(BadTable, match="18 runs at 6 budgets do not determine the 20 coefficients"):
        found(table("besiroglu", sizes=3))


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    rows = table("besiroglu", noise=0.003)
    one, same, other = (found(rows, draws=30, seed=seed).params.draws for seed in (1, 1, 2))
    assert one is not None and same is not None and other is not None
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_curves_are_read_off_at_the_budgets() -> None:
    law = get("chinchilla")
    coef = law.vector(law.published["besiroglu2024"].coef)
    sizes = np.geomspace(3e7, 6e9, 12)
    params, steps = (each.ravel() for each in np.meshgrid(sizes, np.geomspace(1e8, 4e11, 150), indexing="ij"))
    columns = {"params": params, "tokens": steps, "flops": 6 * params * steps}
    y = law.predict(coef, {"params": params, "tokens": steps})
    cluster = np.repeat(np.arange(12), 150)
    rows = Observations("loss", columns, y, cluster, np.ones(len(y)), len(y), reduction="curves")
    result = found(rows, budgets=(1e19, 1e20, 1e21))
    assert result.params.exponent == pytest.approx(0.5126, abs=2e-3)
    with pytest.raises(BadInput, match="use='curves' interpolates each curve at given budgets; add budgets="):
        found(rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "cubik"}, r"unknown profile 'cubik'\. Did you mean 'cubic'\?"),
        ({"tolerance": 0.0}, "tolerance must lie above 0"),
        ({"window": 1.0}, "window must be above 1"),
        ({"noise": -1.0}, "noise must be positive"),
        ({"draws": 1}, "draws must be 0"),
        ({"seed": -1}, "seed must not be negative"),
        ({"level": 90}, "level must lie strictly between 0 and 1"),
        ({"n": "size"}, "unknown kind of params 'size'"),
        ({"profil": "cubic"}, "unknown option of isoflop 'profil'"),
        ({"budgets": [-1e18]}, "give positive numbers of FLOP"),
        ({"budgets": [1e30]}, r"no run is within 0\.1 of the budgets"),
    ],
)
def test_a_bad_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        isoflop(table("besiroglu"), **options)
