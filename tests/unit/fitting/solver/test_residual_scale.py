"""Scales of residuals: inverse, slope and ends, and scores at either end excluded with the reason."""

from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.residual_scale import SCALES
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

COEF = np.array([np.exp(8.0), 0.18])


def scored(rng: np.random.Generator, chance: float, sd: float = 0.03, n: int = 30) -> Observations:
    flops = np.geomspace(1e18, 1e23, n)
    exponent = COEF[0] * flops ** -COEF[1] * np.exp(sd * rng.standard_normal(n))
    score = chance + (1 - chance) * np.exp(-exponent)
    return Observations("score@quiz", {"flops": flops}, score, np.arange(n), np.ones(n), n)


@pytest.mark.parametrize("chance", [None, 0.1, 0.5])
@pytest.mark.parametrize("on", SCALES)
def test_scales_are_each_others_inverse_and_slopes_their_derivative(
    on: Any, chance: float | None, rng: np.random.Generator
) -> None:
    noise = Noise("squared", on=on).above(chance)
    y = (noise.chance or 0) + (1 - (noise.chance or 0)) * rng.uniform(0.02, 0.98, 40)
    np.testing.assert_allclose(noise.unscaled(noise.scaled(y)), y, rtol=1e-12)
    step = 1e-7
    numeric = (noise.scaled(y + step) - noise.scaled(y - step)) / (2 * step)
    np.testing.assert_allclose(noise.slope(y) * np.ones(40), numeric, rtol=1e-5)
    residual, slope = noise.residual(y, noise.scaled(y[::-1]))
    np.testing.assert_allclose(residual, noise.scaled(y) - noise.scaled(y[::-1]), atol=1e-15)
    assert slope is None if on == "raw" else np.array_equal(slope, noise.slope(y))  # type: ignore[arg-type]
    assert noise.measurable(y).all()


@pytest.mark.parametrize("on", ["logit", "loglog"])
def test_the_chance_of_the_law_is_that_of_the_residuals(on: Any, rng: np.random.Generator, tmp_path: Any) -> None:
    for chance in rng.uniform(0, 0.7, 4).tolist():
        law, rows = get("accuracy_power", chance=chance), scored(rng, chance)
        fit = fit_observations(law, rows, FitSpec(noise=Noise("squared", on=on), draws=80, starts=8))
        assert fit.scoring.chance == chance and fit.spec.noise.chance == chance
        np.testing.assert_allclose(fit.coef["alpha"], COEF[1], atol=0.01)
        far = fit.predict(flops=1e30, level=0.99)
        assert far.hi is not None and far.lo is not None and chance < far.lo[0] <= far.hi[0] <= 1
        fit.save(str(tmp_path / "fit.json"))
        loaded = load_fit(tmp_path / "fit.json")
        assert loaded.to_dict() == fit.to_dict() and loaded.scoring == fit.scoring
        assert f"{on} of score@quiz above chance" in fit.methods()


@pytest.mark.parametrize("on", ["logit", "loglog"])
def test_scores_at_chance_or_one_are_excluded_and_counted(on: Any, rng: np.random.Generator) -> None:
    rows = scored(rng, 0.25)
    rows.y[[0, 3, 7, -1]] = 0.25, 0.2, 0.0, 1.0
    fit = fit_observations(get("accuracy_power", chance=0.25), rows, FitSpec(noise=Noise(on=on), draws=0, starts=8))
    assert [part.n for part in fit.rows.set_aside] == [4] and len(fit.rows.y) == 26
    assert f"not between chance and one, but residuals are of its {on}" in str(fit)


def test_the_intervals_of_ln_minus_ln_follow_its_noise(rng: np.random.Generator) -> None:
    """A score of 0.5 at sd 0.03 of ln(-ln) scatters by 0.03 / |slope|."""
    fit = fit_observations(
        get("accuracy_power", chance=0.0), scored(rng, 0.0, n=200), FitSpec(noise=Noise("squared", on="loglog"))
    )
    half = float((COEF[0] / np.log(2)) ** (1 / COEF[1]))
    found = fit.predict(flops=half)
    assert found.lo is not None and found.hi is not None
    width = 2 * 1.645 * 0.03 / abs(Noise(on="loglog").slope(np.array([0.5]))[0])
    assert found.hi[0] - found.lo[0] == pytest.approx(width, rel=0.2)


@pytest.mark.parametrize("chance", [1.0, -0.1, 25])
def test_a_chance_that_is_not_a_fraction_is_refused(chance: float) -> None:
    with pytest.raises(BadInput, match="fraction below 1"):
        Noise(on="logit", chance=chance)


@pytest.mark.parametrize("noise", [{}, {"on": "raw"}, {"kind": "binomial"}, {"kind": "beta_binomial", "on": "logit"}])
def test_a_chance_that_nothing_reads_is_refused(noise: Any) -> None:
    with pytest.raises(BadInput, match="on='logit' or 'loglog'"):
        Noise(**noise, chance=0.25)


@pytest.mark.parametrize("on", ["logit", "loglog"])
def test_a_prior_does_not_go_with_them(on: Any) -> None:
    with pytest.raises(BadInput, match="does not work with"):
        FitSpec(noise=Noise(on=on), prior="literature")
