"""Exponents from the literature: what the registry tells, that many runs overrule it, and that three do not pretend."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array
from scalelaw.fitting.checks.influence import influence
from scalelaw.fitting.decision import optimum_at
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.penalty import Prior
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.prior import likelihood_factor, literature, noise_of, penalty
from scalelaw.laws import Constants, get
from scalelaw.laws.language.chinchilla import Chinchilla
from scalelaw.runs.observations import Observations

Make = Callable[..., Observations]
CHINCHILLA = get("chinchilla")
SPEC = FitSpec(prior="literature", draws=200, starts=8)
THREE = np.array([1, 10, 19])


class Studies(Chinchilla):
    """A law with four studies whose spread is known by hand; the second published twice, the fifth unverified."""

    @property
    def published(self) -> dict[str, Constants]:
        exponents = {"one": 0.2, "two-a": 0.2, "two-b": 0.8, "three": 0.4, "four": 0.8}
        known = {name: Constants({"alpha": each, "beta": 0.3}, "x") for name, each in exponents.items()}
        return {**known, "five": Constants({"alpha": 9.0, "beta": 9.0}, "x", unverified=True)}


def test_the_spread_is_that_of_the_studies() -> None:
    prior = literature(Studies(), {"beta"})
    logs = np.log([0.2, 0.4, 0.4, 0.8])
    assert prior.names == ("alpha",)
    assert prior.index == (3,)
    assert prior.mean[0] == pytest.approx(logs.mean())
    assert prior.sd[0] == pytest.approx(logs.std(ddof=1) * math.sqrt(1 + 1 / 4), rel=1e-6)
    assert prior.studies == ("one", "two", "three", "four")


def test_another_kind_of_n_takes_the_exponents_of_the_usual_one() -> None:
    usual, other = (literature(get("chinchilla", n=n), set()) for n in ("params", "params_non_embedding"))
    assert np.array_equal(usual.mean, other.mean)


@pytest.mark.parametrize(
    ("law", "held", "message"),
    [
        ("kaplan_joint", set(), "is not a registered sum of powers"),
        ("power", set(), "needs 3 published studies"),
        ("chinchilla", {"alpha", "beta"}, "has no free exponent"),
    ],
)
def test_a_law_the_literature_says_too_little_of_is_refused(law: str, held: set[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        literature(get(law), held)
    with pytest.raises(UnknownName, match="Did you mean 'literature'"):
        FitSpec(prior="litrature")  # type: ignore[arg-type]


@pytest.mark.parametrize("noise", [Noise(), Noise("squared"), Noise(delta=0.3), Noise("absolute")], ids=str)
def test_the_factor_makes_curvature_and_scatter_of_the_gradient_agree(noise: Noise, rng: np.random.Generator) -> None:
    """c psi must have a variance equal to its mean slope, which is what a log-likelihood has."""
    residual, threshold = 0.01 * rng.standard_normal(400_000), noise.stages[-1]
    psi = np.clip(residual, -threshold, threshold)
    slope = (
        np.mean(np.abs(residual) < threshold)
        if noise.kind != "absolute"
        else 2 * threshold / 0.01 / math.sqrt(math.tau)
    )
    assert likelihood_factor(noise, 0.01) == pytest.approx(slope / np.mean(psi**2), rel=0.02)


def test_the_penalty_is_the_distance_in_standard_deviations_and_has_its_derivatives() -> None:
    prior = Prior(("alpha", "beta"), (3, 4), np.log([0.3, 0.4]), np.array([[0.2, 0.0], [0.1, 0.3]]), ("a", "b", "c"))
    held = penalty(prior, Noise(), 0.01)
    coef = np.array([[1.8, 400.0, 2000.0, 0.35, 0.3]])
    value, jacobian = held.rows(coef)
    away = np.log([0.35 / 0.3, 0.3 / 0.4])
    covariance = prior.root @ prior.root.T
    own = (value[0] - held.centre) / held.unit
    assert own @ own == pytest.approx(away @ np.linalg.solve(covariance, away))
    step = 1e-7
    for i in range(5):
        moved = coef.copy()
        moved[0, i] += step
        assert (held.rows(moved)[0] - value)[0] / step == pytest.approx(jacobian[0, i], rel=1e-4, abs=1e-9)


def test_noise_is_told_by_runs_where_there_are_many_and_known_where_there_are_few() -> None:
    residual = 0.003 * np.random.default_rng(0).standard_normal(500)
    assert noise_of(residual, Noise(), np.ones(500), 3)[0] == pytest.approx(0.003, rel=0.1)
    assert noise_of(np.zeros(3), Noise(), np.ones(3), 3) == (0.01, 3.0)
    assert noise_of(np.zeros(3), Noise(on="raw"), np.full(3, 2.5), 3)[0] == pytest.approx(0.025)


def truth_of(alpha: float, beta: float) -> Array:
    return np.array([1.7, 0.5 * 2e8**alpha, 0.4 * 1e10**beta, alpha, beta])


@pytest.mark.parametrize(("alpha", "beta"), [(0.35, 0.37), (0.34, 0.28), (0.26, 0.26), (0.3, 0.58), (0.2, 0.24)])
def test_three_runs_give_a_wide_interval_that_holds_the_truth(table: Make, alpha: float, beta: float) -> None:
    coef = truth_of(alpha, beta)
    observed = table(coef=coef, noise=0.004).rows(THREE)
    fit = fit_observations(CHINCHILLA, observed, SPEC)
    assert fit.draws is not None
    params, tokens, _ = optimum_at(CHINCHILLA, fit.draws, 1e22)
    lo, hi = np.nanquantile(tokens / params, [0.05, 0.95])
    best_params, best_tokens, _ = optimum_at(CHINCHILLA, coef[None], 1e22)
    best = best_tokens[0] / best_params[0]
    assert lo < best < hi
    assert hi / lo > 10, "three runs know next to nothing of D*/N*"
    x = {"params": np.array([1e10]), "tokens": np.array([2e11])}
    mean, new = (fit.predict(x, 0.9, kind) for kind in ("mean", "new_run"))
    assert mean.lo is not None and mean.hi is not None and new.lo is not None and new.hi is not None
    assert mean.lo[0] < CHINCHILLA.predict(coef, x)[0] < mean.hi[0]
    assert new.hi[0] - new.lo[0] > 0.03, "three runs do not tell their noise, which is then taken for 1 %"


def test_many_runs_overrule_the_literature(table: Make) -> None:
    """Exponents two standard deviations away from it, 200 runs: the fit is the one without a prior."""
    observed = table(coef=truth_of(0.45, 0.2), sizes=50, noise=0.003)
    with_prior, without = (
        fit_observations(CHINCHILLA, observed, replace(SPEC, prior=prior)) for prior in ("literature", None)
    )
    assert with_prior.coef[3:] == pytest.approx(without.coef[3:], rel=0.02)
    assert with_prior.draws is not None and without.draws is not None
    spread = with_prior.draws[:, 3:].std(axis=0) / without.draws[:, 3:].std(axis=0)
    assert np.all((spread > 0.8) & (spread < 1.2))


def test_draws_of_three_runs_have_the_spread_of_the_literature(table: Make) -> None:
    prior = literature(CHINCHILLA, set())
    fit = fit_observations(CHINCHILLA, table().rows(THREE), replace(SPEC, draws=600))
    assert fit.draws is not None
    logs = np.log(fit.draws[:, 3:])
    assert np.median(logs, axis=0) == pytest.approx(prior.mean, abs=0.05)
    tail = {5: 1.533}[len(prior.studies)] / 1.282  # 80 % of Student's t with 4 degrees of freedom over the normal's
    assert np.quantile(logs, 0.9, axis=0) - prior.mean == pytest.approx(1.282 * tail * prior.sd, rel=0.25)


def test_a_prior_makes_up_for_as_many_rows_as_it_knows_exponents(table: Make) -> None:
    assert len(fit_observations(CHINCHILLA, table().rows(THREE), SPEC).rows.y) == 3
    with pytest.raises(BadInput, match="2 rows for 3 coefficients"):
        fit_observations(CHINCHILLA, table().rows(THREE[:2]), SPEC)
    with pytest.raises(BadInput, match="3 rows for 5 coefficients"):
        fit_observations(CHINCHILLA, table().rows(THREE), replace(SPEC, prior=None))


def test_a_prior_is_stored_told_and_hashed(table: Make, tmp_path: pytest.TempPathFactory) -> None:
    observed = table().rows(THREE)
    fit = fit_observations(CHINCHILLA, observed, SPEC)
    fit.save(f"{tmp_path}/fit.json")
    loaded = load_fit(f"{tmp_path}/fit.json")
    assert loaded.spec.prior == "literature"
    assert loaded.draws is not None and fit.draws is not None and np.array_equal(loaded.draws, fit.draws)
    assert any("prior from the literature" in caveat for caveat in loaded.caveats)
    assert "drawn from the literature" in str(loaded)
    plain = replace(SPEC, prior=None)
    assert "prior" not in plain.to_dict(), "fits from before priors keep their digest"
    other = table()
    assert fit_observations(CHINCHILLA, other, SPEC).digest != fit_observations(CHINCHILLA, other, plain).digest


def test_influence_of_a_fit_with_a_prior_keeps_the_prior(table: Make) -> None:
    """Five runs less one are four for five coefficients: only the prior determines them."""
    fit = fit_observations(CHINCHILLA, table().rows(np.array([0, 6, 11, 17, 22])), SPEC)
    found = influence(fit, "alpha")
    assert np.all(np.isfinite(found.without))
    assert np.all(np.abs(np.log(found.without / 0.317)) < 0.3)
