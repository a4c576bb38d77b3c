"""The planner: which draws give which intervals, numeric against closed form, limits, and what is refused."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Domain, Forecaster, Kind, Prediction, interval, outside
from scalelaw.core.types import Array, Inputs
from scalelaw.laws import Law
from scalelaw.planning.efficient_line import frontier
from scalelaw.planning.penalty import compute_penalty
from scalelaw.planning.solve import plan

NOISE = 0.01
EPOCH = np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658])


@dataclass(frozen=True, eq=False)
class Fit:
    """One law with draws, as a fit would be; a new run adds noise of its own."""

    law: Law
    coef: Array
    draws: Array | None = None
    label: str = "fit"
    target: str = "loss@c4"
    digest: str = "f00d"
    domain: Domain = field(default_factory=lambda: {"params": (1e8, 1e10), "tokens": (1e9, 1e12)})
    caveats: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.law.inputs

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        if self.draws is None:
            return None
        mean = np.asarray(self.law.predict(self.draws, x))
        return mean + (np.random.default_rng(seed).normal(0, NOISE, mean.shape) if kind == "new_run" else 0.0)

    def predict(self, x: Inputs, level: float = 0.9, kind: Kind = "new_run") -> Prediction:
        mean, drawn = np.asarray(self.law.predict(self.coef, x)), self.sample(x, kind)
        lo, hi = (None, None) if drawn is None else interval(drawn, level)
        return Prediction(mean, lo, hi, level, outside(x, self.domain))


@dataclass(frozen=True, eq=False)
class Opaque:
    """A forecaster that shows no law: what a mixture looks like to a planner."""

    inner: Fit
    label: str = "mixture"
    digest: str = "0"
    caveats: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.inner.inputs

    @property
    def target(self) -> str:
        return self.inner.target

    @property
    def domain(self) -> Domain:
        return self.inner.domain

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        return self.inner.sample(x, kind, seed)

    def predict(self, x: Inputs, level: float = 0.9, kind: Kind = "new_run") -> Prediction:
        return self.inner.predict(x, level, kind)


def drawn(size: int = 400) -> Array:
    """Return coefficients spread as Epoch's bootstrap spreads them: scales follow exponents."""
    rng = np.random.default_rng(2)
    by = rng.normal(size=(size, 3)) * [0.01, 0.015, 0.02]
    scales = EPOCH[1:3] * np.exp(by[:, 1:] * [20.7, 23.7])
    return np.column_stack([EPOCH[0] + by[:, 0], scales, EPOCH[3:] + by[:, 1:]])


FIT = Fit(laws.get("chinchilla"), EPOCH, drawn())
BARE = Fit(laws.get("chinchilla"), EPOCH)


def test_the_fakes_are_forecasters() -> None:
    assert isinstance(FIT, Forecaster)
    assert isinstance(Opaque(FIT), Forecaster)


def test_intervals_of_a_budget_are_of_the_optimum_of_each_draw() -> None:
    made = plan(FIT, flops=1e23, level=0.8)
    params, tokens = FIT.law.optimum(drawn(), 1e23)  # type: ignore[attr-defined]
    for estimate, draws in ((made.params, params), (made.tokens, tokens), (made.tokens_per_param, tokens / params)):
        assert (estimate.lo, estimate.hi) == pytest.approx(tuple(np.quantile(draws, [0.1, 0.9])), rel=1e-9)
        assert estimate.lo < estimate.value < estimate.hi
    assert (made.flops.value, made.flops.lo) == (pytest.approx(1e23), None)


def test_the_interval_of_the_loss_is_the_forecasters_at_the_recommended_point() -> None:
    for kind in ("mean", "new_run"):
        made = plan(FIT, flops=1e23, kind=kind)
        x = {"params": np.array([made.params.value]), "tokens": np.array([made.tokens.value])}
        told = FIT.predict(x, 0.9, kind)
        assert told.lo is not None
        assert (made.loss.value, made.loss.lo) == (told.mean[0], told.lo[0])
    assert any("including its noise" in line for line in plan(FIT, flops=1e23).assumptions)
    assert any("without their noise" in line for line in plan(FIT, flops=1e23, kind="mean").assumptions)


@pytest.mark.parametrize("asked", [{"params": 7e10}, {"tokens": 1e12}, {"loss": 2.0}])
def test_intervals_of_the_inverse_questions_are_exact_for_each_draw(asked: dict[str, float]) -> None:
    made = plan(FIT, **asked)  # type: ignore[arg-type]
    e, a, b, alpha, beta = drawn().T
    gain = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    if "params" in asked:
        budget = (asked["params"] / gain) ** ((alpha + beta) / beta)
    elif "tokens" in asked:
        budget = (asked["tokens"] * gain) ** ((alpha + beta) / alpha)
    else:
        at_one = a * gain**-alpha + b * gain**beta
        budget = (at_one / (2.0 - e)) ** ((alpha + beta) / (alpha * beta))
    assert (made.flops.lo, made.flops.hi) == pytest.approx(tuple(np.quantile(6 * budget, [0.05, 0.95])), rel=1e-6)


def test_without_draws_there_is_no_interval() -> None:
    made = plan(BARE, flops=1e23)
    for estimate in (made.params, made.tokens, made.flops, made.loss, made.tokens_per_param):
        assert (estimate.lo, estimate.hi) == (None, None)
    assert any(line.startswith("no intervals") for line in made.assumptions)
    assert compute_penalty(BARE, 1e10, 1e12).lo is None


ASKED = [
    {"flops": 1e23},
    {"params": 7e10},
    {"tokens": 1e12},
    {"loss": 2.0},
    {"flops": 1e23, "max_tokens": 3e11},
    {"loss": 2.0, "max_params": 2e10},
]


@pytest.mark.parametrize("asked", ASKED)
def test_numeric_and_closed_form_agree_in_the_point_and_in_every_draw(asked: dict[str, float]) -> None:
    closed, numeric = plan(FIT, **asked), plan(Opaque(FIT), **asked)  # type: ignore[arg-type]
    for name in ("params", "tokens", "flops", "tokens_per_param"):
        exact, found = getattr(closed, name), getattr(numeric, name)
        assert found.value == pytest.approx(exact.value, rel=1e-3)
        assert (found.lo is None) == (exact.lo is None)
        if exact.lo is not None:
            assert (found.lo, found.hi) == pytest.approx((exact.lo, exact.hi), rel=5e-3)
    assert numeric.loss.value == pytest.approx(closed.loss.value, rel=1e-6)
    assert any("numerically" in line for line in numeric.assumptions)


def test_numeric_draws_find_their_own_optimum() -> None:
    one = [plan(Fit(FIT.law, row), flops=1e23).params.value for row in drawn(40)]
    found = plan(Opaque(Fit(FIT.law, EPOCH, drawn(40))), flops=1e23, level=0.5)
    assert (found.params.lo, found.params.hi) == pytest.approx(tuple(np.quantile(one, [0.25, 0.75])), rel=1e-3)


def test_the_penalty_and_the_frontier_agree_too() -> None:
    exact, found = compute_penalty(FIT, "8B", "15T"), compute_penalty(Opaque(FIT), "8B", "15T")
    assert found.value == pytest.approx(exact.value, rel=1e-3)
    assert (found.lo, found.hi) == pytest.approx((exact.lo, exact.hi), rel=5e-3)
    budgets = np.array([1e19, 1e22, 1e25])
    assert frontier(Opaque(FIT), budgets).params == pytest.approx(frontier(FIT, budgets).params, rel=1e-3)


def test_a_formula_plans_like_the_law_it_spells() -> None:
    formula = laws.parse("E + A/params**alpha + B/tokens**beta")[0]
    order = [c.name for c in formula.coefs]
    coef = np.array([dict(zip(("E", "A", "B", "alpha", "beta"), EPOCH, strict=True))[name] for name in order])
    assert plan(Fit(formula, coef), flops=5.76e23).params.value == pytest.approx(7.225e10, rel=1e-3)


def test_draws_that_cannot_reach_a_loss_have_an_infinite_budget() -> None:
    draws = drawn()
    draws[:80, 0] = 1.99
    made = plan(Fit(FIT.law, EPOCH, draws), loss=1.95)
    assert made.flops.hi == made.params.hi == made.tokens.hi == np.inf
    assert made.flops.lo is not None
    assert made.flops.lo < made.flops.value
    assert np.isfinite(made.tokens_per_param.hi or np.inf)
    assert made.assumptions[0].startswith("20 % of draws cannot reach this loss at any budget")
    told = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert told["flops"]["hi"] is None
    assert "inf" in str(made)


def test_a_loss_below_the_floor_is_refused_with_the_floor() -> None:
    for forecaster in (FIT, Opaque(FIT)):
        with pytest.raises(BadInput, match=r"irreducible loss is about 1\.817"):
            plan(forecaster, loss=1.81)
    with pytest.raises(BadInput, match=r"lowest loss within these limits is about 2\.\d+"):
        plan(FIT, loss=1.9, max_params=1e9)


def test_degenerate_draws_are_left_out_and_counted() -> None:
    draws = drawn()
    draws[:20, 3] = 0.0
    draws[20:40, 2] = 0.0
    draws[40:44, 1] = 0.0
    for asked in ({"flops": 1e23}, {"loss": 2.0}, {"params": 1e10}, {"tokens": 1e11}):
        made = plan(Fit(FIT.law, EPOCH, draws), **asked)  # type: ignore[arg-type]
        sound = plan(Fit(FIT.law, EPOCH, draws[44:]), **asked)  # type: ignore[arg-type]
        assert made.assumptions[0].startswith("CAUTION: 11 % of draws have no compute-optimal split")
        assert (made.flops.lo, made.tokens.lo) == (sound.flops.lo, sound.tokens.lo)
    few = plan(Fit(FIT.law, EPOCH, draws[36:]), flops=1e23)
    assert not few.assumptions[0].startswith("CAUTION")
    assert any(line.startswith("2.2 % of draws") for line in few.assumptions)


def test_a_degenerate_point_is_refused() -> None:
    flat = EPOCH.copy()
    flat[4] = 0.0
    for asked in ({"flops": 1e23}, {"loss": 2.5}, {"params": 1e9}):
        with pytest.raises(BadInput, match="no compute-optimal split"):
            plan(Fit(FIT.law, flat), **asked)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no compute-optimal split"):
        compute_penalty(Fit(FIT.law, flat), 1e9, 1e11)


def test_limits_bind_and_say_their_price() -> None:
    free = plan(FIT, flops=1e23)
    made = plan(FIT, flops=1e23, max_tokens="200B tokens")
    assert made.tokens.value == pytest.approx(2e11)
    assert made.params.value == pytest.approx(1e23 / 6 / 2e11)
    assert made.binding_constraints[0].startswith("max_tokens 200B: without this limit the optimum is")
    price = compute_penalty(FIT, made.params.value, made.tokens.value).value
    assert made.binding_constraints[1].startswith(f"cost: {price:.4g}x the compute")
    assert made.loss.value > free.loss.value
    assert made.tokens.lo is None  # every draw is at the limit: it decides, not they
    assert plan(FIT, flops=1e23, max_tokens=1e15).binding_constraints == ()


def test_what_limits_leave_unspent_is_said() -> None:
    made = plan(FIT, flops=1e24, max_params="10B", max_tokens="1T")
    assert (made.params.value, made.tokens.value) == (pytest.approx(1e10), pytest.approx(1e12))
    assert made.flops.value == pytest.approx(6e22)
    assert len(made.binding_constraints) == 4
    assert made.binding_constraints[-1].startswith("budget: 9.4e+23 FLOP remain unspent")


def test_a_loss_under_a_limit_is_reached_where_the_limit_binds() -> None:
    made = plan(FIT, loss=2.0, max_params="20B")
    assert made.params.value == pytest.approx(2e10)
    assert made.loss.value == pytest.approx(2.0, abs=1e-9)
    assert made.flops.value > plan(FIT, loss=2.0).flops.value
    assert made.flops.lo is not None


def test_reach_is_per_quantity_that_was_fitted() -> None:
    made = plan(FIT, flops=1e24)
    assert made.reach == {
        "params": pytest.approx(made.params.value / 1e10),
        "tokens": pytest.approx(made.tokens.value / 1e12),
    }
    assert any(line.startswith("extrapolated beyond the largest fitted: params") for line in made.assumptions)
    unknown = plan(Fit(FIT.law, EPOCH, domain={}), flops=1e24)
    assert unknown.reach == {}
    assert any("fitted range is unknown" in line for line in unknown.assumptions)


def test_the_kind_of_params_is_the_forecasters() -> None:
    other = Fit(laws.get("chinchilla", n="params_non_embedding"), EPOCH, domain={})
    made = plan(other, flops=1e23)
    assert any("6N_nonemb" in line and "without embeddings" in line for line in made.assumptions)


@pytest.mark.parametrize(
    ("law", "target", "words"),
    [
        (laws.get("power"), "loss", "needs a law over params .* and tokens; fit takes flops"),
        (laws.get("power", input="params"), "loss", "fit takes params"),
        (laws.get("chinchilla"), "score@mmlu", "plans minimise a loss .* fit forecasts score"),
    ],
)
def test_forecasters_that_cannot_plan_are_refused(law: Law, target: str, words: str) -> None:
    for ask in (
        lambda f: plan(f, flops=1e23),
        lambda f: frontier(f, np.array([1e23])),
        lambda f: compute_penalty(f, 1, 1),
    ):
        with pytest.raises(BadInput, match=words):
            ask(Fit(law, np.ones(len(law.coefs)), target=target))


@pytest.mark.parametrize(("params", "tokens"), [(0, 1e9), ("1B", "-2B")])
def test_a_penalty_needs_positive_numbers(params: float | str, tokens: float | str) -> None:
    with pytest.raises(BadInput, match="must be positive"):
        compute_penalty(FIT, params, tokens)


def test_the_text_shows_the_answer_its_interval_and_its_ground() -> None:
    text = str(plan(FIT, flops="5.76e23", level=0.8, max_tokens="1T"))
    for words in (
        "Plan for 5.76e+23 FLOP, max_tokens 1T, by fit",
        "80 % interval",
        " to ",
        "reach",
        "bound by",
        "6N_total",
    ):
        assert words in text
    assert "interval" not in str(plan(BARE, flops=1e23)).partition("assumes")[0]
    assert all(len(line) <= 140 for line in text.splitlines())


def test_bits_per_byte_keep_their_unit() -> None:
    assert plan(Fit(FIT.law, EPOCH, target="bpb@paloma"), flops=1e23).loss.unit == "bits/byte"
