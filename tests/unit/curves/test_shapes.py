"""Inputs that are no single number: mixtures, categories, several outputs; and laws of many coefficients."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, UnknownName
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.solver.starts import projected_starts
from scalelaw.fitting.solver.trust_region import MANY, finished
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

DOMAINS = ("web", "code", "books")
TRUTH = {"web": (2.0, 0.5, (-1.5, 0.2, 0.4)), "code": (1.2, 0.9, (0.1, -2.0, 0.3))}
SQUARED = Noise("squared")


def shares(rng: np.random.Generator, n: int = 24) -> Array:
    return rng.dirichlet(np.ones(3), size=n)


def losses(output: str, mixture: Array) -> Array:
    c, k, t = TRUTH[output]
    return np.asarray(c + k * np.exp(mixture @ np.array(t)))


def table(mixture: Array, outputs: tuple[str, ...] = ("web",)) -> dict[str, Any]:
    columns: dict[str, Any] = {f"mixture.{name}": mixture[:, j] for j, name in enumerate(DOMAINS)}
    return columns | {f"loss@{name}": losses(name, mixture) for name in outputs}


def mixing(runs: Any, spelling: str = "mixing[domains=3]", **options: Any) -> FitResult:
    return sl.fit(spelling, runs, **{"draws": 0, "starts": 32, "noise": SQUARED, **options})


def test_a_table_with_columns_of_shares_is_fitted_and_predicts_new_mixtures(rng: np.random.Generator) -> None:
    mixture = shares(rng)
    fit = mixing(table(mixture))
    new = shares(rng, 5)
    assert fit.predict({"mixture": new}).mean == pytest.approx(losses("web", new), rel=1e-6)
    assert fit.rows.levels == {"mixture": DOMAINS}
    assert "mixture of code" in str(fit)


def test_a_pattern_names_the_columns_of_shares(rng: np.random.Generator) -> None:
    mixture = shares(rng)
    named = {name.replace("mixture.", "train_"): values for name, values in table(mixture).items()}
    runs = sl.load_runs(named, columns={"mixture": "train_*"})
    assert runs.endpoints().levels["mixture"] == DOMAINS
    np.testing.assert_array_equal(runs.endpoints().columns["mixture"], mixture)
    with pytest.raises(BadInput, match="matches 0 of the columns"):
        sl.load_runs(named, columns={"mixture": "test_*"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(lambda m: m * 100, "percent"), (lambda m: m[:, :] * 0.8, "is a domain missing"), (lambda m: m - 0.2, "negative")],
    ids=["percent", "short", "negative"],
)
def test_a_mixture_that_does_not_sum_to_one_is_refused(rng: np.random.Generator, spoil: Any, said: str) -> None:
    mixture = shares(rng)
    with pytest.raises(BadInput, match=said):
        mixing(table(spoil(mixture)) | {"loss@web": losses("web", mixture)})
    fit = mixing(table(mixture))
    with pytest.raises(BadInput, match=said):
        fit.predict({"mixture": spoil(mixture)})


def test_domains_that_always_go_together_are_refused(rng: np.random.Generator) -> None:
    mixture = shares(rng)
    mixture[:, 1] = mixture[:, 0]
    mixture /= mixture.sum(axis=1, keepdims=True)
    with pytest.raises(BadTable, match="1 of 2 independent directions"):
        mixing(table(mixture))


def test_a_law_of_another_size_says_what_there_is(rng: np.random.Generator) -> None:
    with pytest.raises(BadInput, match=r"mixture of size 2, but the table has 3"):
        mixing(table(shares(rng)), "mixing")


def test_a_mixture_outside_those_fitted_is_flagged(rng: np.random.Generator) -> None:
    mixture = shares(rng)
    mixture = mixture[mixture.max(axis=1) < 0.8]
    beyond = mixing(table(mixture)).predict({"mixture": np.array([[0.3, 0.3, 0.4], [0.01, 0.01, 0.98]])})
    assert beyond.outside_domain.tolist() == [False, True]


def test_several_outputs_are_rows_of_one_fit_whose_runs_stay_whole(rng: np.random.Generator) -> None:
    mixture = shares(rng)
    fit = mixing(table(mixture, ("web", "code")), "mixing[domains=3,outputs=2]")
    assert len(fit.rows.y) == 48 and len(np.unique(fit.rows.cluster)) == 24
    new = shares(rng, 4)
    for output in TRUTH:
        x = {"mixture": new, "eval_set": np.array([output] * 4)}
        assert fit.predict(x).mean == pytest.approx(losses(output, new), rel=1e-6), output
    with pytest.raises(UnknownName, match="eval_set 'books'"):
        fit.predict({"mixture": new, "eval_set": np.array(["books"] * 4)})


def test_the_order_of_rows_and_of_targets_does_not_matter(rng: np.random.Generator) -> None:
    mixture = shares(rng)
    first = table(mixture, ("web", "code"))
    order = rng.permutation(len(mixture))
    names = list(first)
    second = {name: np.asarray(first[name])[order] for name in [*names[:3], names[4], names[3]]}
    x = {"mixture": shares(rng, 3), "eval_set": np.array(["code", "web", "code"])}
    one, other = (mixing(runs, "mixing[domains=3,outputs=2]").predict(x).mean for runs in (first, second))
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_fit_file_keeps_levels_and_vectors(rng: np.random.Generator, tmp_path: Path) -> None:
    fit = mixing(table(shares(rng), ("web", "code")), "mixing[domains=3,outputs=2]", draws=20)
    fit.save(str(tmp_path / "fit.json"))
    again = sl.load_fit(str(tmp_path / "fit.json"))
    x = {"mixture": shares(rng, 3), "eval_set": np.array(["code", "web", "code"])}
    np.testing.assert_array_equal(fit.predict(x).mean, again.predict(x).mean)
    np.testing.assert_array_equal(fit.predict(x).hi, again.predict(x).hi)  # type: ignore[arg-type]
    assert again.rows.levels == fit.rows.levels == {"mixture": DOMAINS, "eval_set": ("web", "code")}


def test_families_have_their_own_scales_and_share_exponents(rng: np.random.Generator) -> None:
    own = {"llama": (1.6, 400.0, 900.0), "olmo": (1.9, 300.0, 2000.0)}
    family = np.array([*["olmo", "llama"] * 20], dtype=object)
    params, tokens = np.exp(rng.uniform(17, 23, 40)), np.exp(rng.uniform(21, 26, 40))
    e, a, b = np.array([own[name] for name in family]).T
    runs = {"params": params, "tokens": tokens, "family": family, "loss": e + a * params**-0.34 + b * tokens**-0.36}
    fit = sl.fit("pooled[families=2]", runs, draws=0, noise=SQUARED)
    found = {name: float(values["value"]) for name, values in fit.coefficients().items()}
    assert (found["E_1"], found["E_2"]) == (pytest.approx(1.6, rel=1e-4), pytest.approx(1.9, rel=1e-4))
    assert (found["alpha"], found["beta"]) == (pytest.approx(0.34, rel=1e-4), pytest.approx(0.36, rel=1e-4))
    x = {"params": np.array([1e11, 1e11]), "tokens": np.array([2e12, 2e12]), "family": np.array(["llama", "olmo"])}
    assert np.diff(fit.predict(x).mean)[0] == pytest.approx(0.3 - 100 * 1e11**-0.34 + 1100 * 2e12**-0.36, rel=1e-3)


def test_active_params_that_are_the_total_are_refused() -> None:
    n = np.geomspace(1e8, 1e10, 12)
    runs = {"params": n, "params_active": n, "tokens": 20 * n[::-1], "experts": np.tile([4.0, 8, 16], 4), "top_k": 1.0}
    x = {name: np.broadcast_to(values, n.shape) for name, values in runs.items()}
    law, source = sl.laws.parse("joint_experts@ludziejewski2025")
    loss = law.predict(law.vector(law.published[str(source)].coef), x)
    with pytest.raises(BadTable, match="DESIGN_TOTAL_FOR_ACTIVE"):
        sl.fit("joint_experts", {**x, "loss": loss}, draws=0)


def _seven(rng: np.random.Generator, outputs: int = 4, domains: int = 5) -> Observations:
    """Return noiseless rows of a law of 6 coefficients for each of several outputs."""
    law = get("mixing", domains=domains, outputs=outputs)
    mixture = np.repeat(rng.dirichlet(np.ones(domains), 25), outputs, axis=0)
    block = np.column_stack(
        [np.full(outputs, 1.5), np.full(outputs, 0.6), rng.uniform(-2, 0.5, (outputs, domains - 1))]
    )
    x = {"mixture": mixture, "eval_set": np.tile(np.arange(outputs), 25).astype(float)}
    y = law.predict(block.ravel(), x)
    return Observations("loss", x, y, np.repeat(np.arange(25), outputs), np.ones(len(y)), len(y))


def test_a_law_of_many_coefficients_is_found_again(rng: np.random.Generator) -> None:
    rows = _seven(rng)
    law = get("mixing", domains=5, outputs=4)
    assert len(law.coefs) == 24 > MANY
    fit = fit_observations(law, rows, FitSpec(noise=SQUARED, starts=16, draws=0))
    assert np.abs(fit.residuals).max() < 1e-6


def test_a_trust_region_ends_no_higher_than_where_it_began_and_leaves_the_others(rng: np.random.Generator) -> None:
    rows = _seven(rng, outputs=3, domains=3)
    noisy = replace(rows, y=rows.y * np.exp(0.01 * rng.standard_normal(len(rows))))
    law, noise = get("mixing", domains=3, outputs=3), Noise(delta=0.01)
    x = noisy.inputs(law.inputs)
    coordinates = Coordinates(law, x, FitSpec().restrictions)
    problem = Problem(coordinates, x, noise.scaled(noisy.y), noise)
    weight = np.ones((6, len(noisy)))
    start = projected_starts(coordinates, x, noisy.y, 6)
    before = problem.evaluate(start).objective(weight, noise.threshold)
    u, objective, steps = finished(problem, start, before, weight, None)
    assert np.all(objective <= before) and np.sum(steps > 0) == 4
    best = solve(problem, start, noisy.weight).objective.min()
    assert objective.min() == pytest.approx(best, rel=1e-5)
    np.testing.assert_array_equal(u[steps == 0], start[steps == 0])
