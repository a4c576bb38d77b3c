"""Values of the laws of scores: accuracy from compute, from params and tokens, in k samples, and from a loss."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get, parse
from scalelaw.runs.observations import Observations

LSTSQ = Noise("squared", on="loglog")
"""Krajewski et al. 2025 fit ln(-ln q) by plain least squares, without weights."""


@dataclass(frozen=True)
class Task:
    """Accuracies of one task at a few budgets, in any order."""

    flops: tuple[float, ...]
    score: tuple[float, ...]
    chance: float
    items: int

    def rows(self) -> Observations:
        y, n = np.array(self.score), len(self.score)
        columns = {"flops": np.array(self.flops), "n_items": np.full(n, float(self.items))}
        se = np.sqrt(y * (1 - y) / self.items)
        return Observations("score@task", columns, y, np.arange(n), np.ones(n), n, se=se)

    def fit(self, noise: Noise, rows: Observations | None = None) -> FitResult:
        law = get("accuracy_power", chance=self.chance)
        return fit_observations(law, self.rows() if rows is None else rows, FitSpec(noise=noise, draws=0))

    def without_largest(self, noise: Noise) -> float:
        """Return the score that the other rows give the largest budget."""
        rows = self.rows()
        largest = rows.columns["flops"] == max(self.flops)
        return at(self.fit(noise, rows.rows(~largest)), max(self.flops))


def at(fit: FitResult, flops: float) -> float:
    return float(fit.predict(flops=flops, kind="mean").mean[0])


_C = (1.7932423690e18, 1.9739956381e18, 3.9032044861e19, 1.2162184187e21, 3.2965457456e21)
_LAMBADA_C = (9.9995621e17, 1.9739956381e18, 2.8393062598e18, 8.0846430283e18)
PIQA = Task(_C, (0.6267682263, 0.6207834603, 0.6953210011, 0.7535364527, 0.7747551687), 0.5, 1838)
SCIQ = Task(_C, (0.624, 0.641, 0.762, 0.869, 0.894), 0.25, 1000)
LAMBADA = Task(
    (*_LAMBADA_C, 5.7952718292e21), (0.1647583930, 0.1925092179, 0.2208422278, 0.2730448283, 0.6289540074), 0.0, 5153
)
ARC_EASY = Task(
    (*_LAMBADA_C, 2.6636560303e19, 5.7952718292e21),
    (0.3884680135, 0.3842592593, 0.4242424242, 0.4532828283, 0.4848484848, 0.7104377104),
    0.25,
    2376,
)


@pytest.mark.parametrize(("score", "se"), [(0.28, 0.0954), (0.40, 0.0416), (0.70, 0.0409), (0.95, 0.0926)])
def test_section_0_standard_error_of_ln_minus_ln(score: float, se: float) -> None:
    """2376 items, one in four by chance: the error grows at both ends."""
    slope = Noise("squared", on="loglog", chance=0.25).slope(np.array([score]))
    assert abs(slope[0]) * np.sqrt(score * (1 - score) / 2376) == pytest.approx(se, abs=6e-5)


@pytest.mark.parametrize(
    ("task", "alpha", "log_scale", "error", "dropped", "far"),
    [
        (PIQA, 0.112137, 5.040356, 0.0038, 0.7757, 0.8651),
        (SCIQ, 0.197203, 7.910178, None, 0.8895, None),
        (LAMBADA, 0.156926, 7.094401, 0.0021, None, 0.8135),
        (ARC_EASY, 0.147119, None, None, None, None),
    ],
    ids=["piqa", "sciq", "lambada", "arc-easy"],
)
def test_section_1_plain_least_squares(
    task: Task, alpha: float, log_scale: float | None, error: float | None, dropped: float | None, far: float | None
) -> None:
    """Eq. 2 as published: alpha, ln A, mean error, the score of the largest run forecast without it, and at 1e24."""
    fit = task.fit(LSTSQ)
    assert fit.coef["alpha"] == pytest.approx(alpha, abs=6e-7)
    if log_scale is not None:
        assert np.log(fit.coef["A"]) == pytest.approx(log_scale, abs=6e-7)
    if error is not None:
        predicted = [at(fit, flops) for flops in task.flops]
        assert np.abs(np.subtract(predicted, task.score)).mean() == pytest.approx(error, abs=6e-5)
    if dropped is not None:
        assert task.without_largest(LSTSQ) == pytest.approx(dropped, abs=6e-5)
    if far is not None:
        assert at(fit, 1e24) == pytest.approx(far, abs=6e-5)


def test_section_1_without_chance_the_exponent_is_another() -> None:
    assert replace(ARC_EASY, chance=0.0).fit(LSTSQ).coef["alpha"] == pytest.approx(0.1209, abs=6e-5)


def test_section_1_weighted_by_binomial_standard_errors() -> None:
    """PIQA: alpha 0.11170 with se 0.00883, and 0.8647 at 1e24, by the standard errors of ln(-ln q)."""
    fit = PIQA.fit(Noise("squared", on="loglog", scale="se"))
    assert fit.spread is not None and fit.spread.excess == 0
    assert fit.coef["alpha"] == pytest.approx(0.11170, abs=6e-6)
    assert at(fit, 1e24) == pytest.approx(0.8647, abs=6e-5)


@pytest.mark.parametrize("kind", ["binomial", "beta_binomial"])
def test_section_1_the_binomial_likelihood_agrees(kind: str) -> None:
    """Untransformed, alpha and the score at 1e24 move by a hundredth of their errors, and the se is that above."""
    fit = PIQA.fit(Noise(kind))  # type: ignore[arg-type]
    assert fit.coef["alpha"] == pytest.approx(0.11170, abs=1e-4)
    assert at(fit, 1e24) == pytest.approx(0.8647, abs=2e-4)
    slopes = fit.sample_of_rows.linear.slopes
    assert np.sqrt(np.linalg.inv(slopes.T @ slopes)[1, 1]) == pytest.approx(0.00883, rel=0.02)


def test_section_1_synthetic() -> None:
    coef = np.array([np.exp(8), 0.18])
    flops = {"flops": np.array([1e19, 1e21, 1e23])}
    plain, above = (get("accuracy_power", chance=chance) for chance in (0.0, 0.25))
    np.testing.assert_allclose(plain.predict(coef, flops), [0.321960, 0.609744, 0.805775], atol=6e-7)
    np.testing.assert_allclose(above.predict(coef, flops), [0.491470, 0.707308, 0.854331], atol=6e-7)
    needed = {"flops": np.array([1.338258e22])}
    assert above.predict(coef, needed)[0] == pytest.approx(0.8, abs=1e-7)


def test_section_1_a_ceiling_is_chance_and_the_rest_by_e() -> None:
    """Q_max = g + (1 - g) exp(-E)."""
    law = get("accuracy_power", chance=0.25, ceiling=True)
    coef = np.array([np.exp(8), 0.18, 0.1])
    assert law.predict(coef, {"flops": np.array([1e200])})[0] == pytest.approx(0.25 + 0.75 * np.exp(-0.1), rel=1e-12)


@pytest.mark.parametrize(
    ("params", "tokens", "score"), [(1e9, 2e10, 0.487383), (1e9, 1.6e11, 0.548902), (7e9, 1.4e11, 0.617897)]
)
def test_section_1_params_and_tokens(params: float, tokens: float, score: float) -> None:
    law = get("accuracy_joint_power", chance=0.25)
    coef = law.vector({"A": 60, "B": 400, "alpha": 0.22, "beta": 0.28})
    x = {"params": np.array([params]), "tokens": np.array([tokens])}
    assert law.predict(coef, x)[0] == pytest.approx(score, abs=6e-7)


@pytest.mark.parametrize(
    ("flops", "samples", "score"),
    [(1e20, 1, 0.305214), (1e20, 64, 0.658806), (1e22, 1, 0.581325), (1e22, 64, 0.888539)],
)
def test_section_1_samples(flops: float, samples: float, score: float) -> None:
    law = get("pass_at_k_power")
    coef = law.vector({"A": np.exp(8), "alpha": -0.17, "beta": 0.9, "delta": -0.025})
    x = {"flops": np.array([flops]), "samples": np.array([samples])}
    assert law.predict(coef, x)[0] == pytest.approx(score, abs=6e-7)


def test_section_1_the_fit_of_samples_is_least_squares_on_ln_minus_ln(rng: np.random.Generator) -> None:
    """Eq. 5 is fitted by lstsq on its four columns 1, ln C, ln k, ln C ln k."""
    flops, samples = (each.ravel() for each in np.meshgrid(np.geomspace(1e19, 1e22, 9), 2.0 ** np.arange(7)))
    columns = np.stack([np.ones(63), np.log(flops), np.log(samples), np.log(flops) * np.log(samples)], axis=1)
    z = columns @ np.array([8.0, -0.17, 0.9, -0.025]) + 0.05 * rng.standard_normal(63)
    rows = Observations("score@code", {"flops": flops, "samples": samples}, np.exp(-np.exp(z)), np.arange(63),
                        np.ones(63), 63)  # fmt: skip
    fit = fit_observations(get("pass_at_k_power"), rows, FitSpec(noise=LSTSQ, draws=0))
    expected = np.linalg.lstsq(columns, z, rcond=None)[0]
    np.testing.assert_allclose([np.log(fit.coef[0]), *fit.coef[1:]], expected, rtol=1e-5)


def test_section_3_exact_match_of_a_smooth_likelihood() -> None:
    """Per-token loss 0.6 (N / 1e8)^-0.3: p of a token, p^10 of ten, and 10 (1 - p) wrong ones, N = 1e7 to 1e11."""
    law, x = get("accuracy_power", chance=0, input="params"), {"params": np.geomspace(1e7, 1e11, 5)}
    scale = 0.6 * 1e8**0.3
    token = law.predict(np.array([scale, 0.3]), x)
    match = law.predict(np.array([10 * scale, 0.3]), x)
    np.testing.assert_allclose(token, [0.3021, 0.5488, 0.7403, 0.8601, 0.9272], atol=6e-5)
    np.testing.assert_allclose(match, [1.0e-5, 0.00248, 0.04943, 0.22154, 0.46984], atol=6e-6)
    np.testing.assert_allclose(10 * (1 - token), [6.979, 4.512, 2.597, 1.399, 0.728], atol=6e-4)


@pytest.mark.parametrize("share", [0.9, 0.99])
def test_section_3_length_of_the_answer(share: float) -> None:
    """p = 0.9: 0.590490 for 5 tokens, 0.0424 for 30; p = 0.99: 0.950990 and 0.7397; 30 (1 - p) wrong of 30."""
    law = parse("accuracy_power[chance=0,input=tokens]")[0]
    loss = -np.log(share)
    exact = [float(law.predict(np.array([length * loss, 1.0]), {"tokens": np.ones(1)})[0]) for length in (5, 30)]
    assert exact == pytest.approx({0.9: [0.590490, 0.0424], 0.99: [0.950990, 0.7397]}[share], abs=6e-5)
    assert 30 * (1 - share) == pytest.approx({0.9: 3.0, 0.99: 0.3}[share])
