"""Kaplan et al. 2020 beyond its losses: steps, critical batch, allocation, early stopping, sizes off the optimum."""

import numpy as np
import pytest

from scalelaw.accounting.batch import min_flops, min_steps
from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.numbers import PF_DAY
from scalelaw.laws import parse
from scalelaw.laws.language.kaplan_steps import KaplanSteps

LAW = KaplanSteps()
COEF = LAW.vector(LAW.published["kaplan2020"].coef)


def value(spelling: str, **x: float) -> float:
    law, source = parse(spelling)
    assert source is not None
    coef = law.vector(law.published[source].coef)
    return float(law.predict(coef, {name: np.array([number]) for name, number in x.items()})[0])


def split(of: str, pf_days: float) -> float:
    return value(f"optimal_split[of={of}]@kaplan2020", flops=pf_days * PF_DAY)


@pytest.mark.parametrize(
    ("loss", "batch", "digits"),
    [(2, 7.740e6, 5e3), (3, 1.12257e6, 6), (4, 2.8528e5, 6), (2.7, 1.854e6, 600), (3.1, 9.60e5, 600)],
)
def test_section_1d_critical_batch(loss: float, batch: float, digits: float) -> None:
    assert value("critical_batch@kaplan2020", loss=loss) == pytest.approx(batch, abs=digits)


def test_section_1d_adjustments_meet_at_the_critical_batch() -> None:
    """At B = B_crit, half of the steps are wasted, and half of the compute."""
    assert min_steps(2e4, 1e6, 1e6) == pytest.approx(1e4)
    assert min_flops(1e21, 1e6, 1e6) == pytest.approx(5e20)
    assert min_steps(3e4, 5e3, 1e4) == pytest.approx(1e4), "section 9a: S_min 1e4, E_min 1e8, B 5e3 take 3e4 steps"


def test_section_1d_loss_after_steps_is_the_sum_of_its_terms() -> None:
    """S_c steps cost one nat; steps without end leave L(N)."""
    far = {"params_non_embedding": np.array([1e9]), "min_steps": np.array([1e30])}
    assert LAW.predict(COEF, far)[0] == pytest.approx((6.5e13 / 1e9) ** 0.077)
    near = {**far, "min_steps": np.array([2.1e3])}
    assert LAW.predict(COEF, near)[0] == pytest.approx((6.5e13 / 1e9) ** 0.077 + 1)


@pytest.mark.parametrize(
    ("pf_days", "params", "tokens"), [(1, 1.3e9, 2e10), (100, 3.749e10, 6.935e10), (1e4, 1.081e12, 2.404e11)]
)
def test_section_1e_allocation(pf_days: float, params: float, tokens: float) -> None:
    assert split("params_non_embedding", pf_days) == pytest.approx(params, rel=5e-4)
    assert split("tokens", pf_days) == pytest.approx(tokens, rel=5e-4)


def test_section_1e_batch_times_steps_are_half_the_tokens() -> None:
    """B_e S_min = 1.08e10 C^.27 against D = 2e10 C^.27: at the critical batch twice the fewest steps are taken."""
    for pf_days in (1.0, 1e3):
        batch = value("optimal_batch[by=flops]@kaplan2020", flops=pf_days * PF_DAY)
        assert batch == pytest.approx(2e6 * pf_days**0.24)
        assert 2 * batch * split("steps", pf_days) == pytest.approx(1.08 * split("tokens", pf_days), rel=1e-3)


def test_section_1e_shares_of_growing_compute() -> None:
    total, *shares = LAW.shares(COEF, 0.21)
    assert total == pytest.approx(0.0525, abs=5e-5)
    assert shares == pytest.approx([0.681, 0.250, 0.069], abs=5e-4)
    assert sum(shares) == pytest.approx(1)


def test_section_1e_training_stops_ten_percent_above_convergence() -> None:
    assert LAW.stopping(COEF) == pytest.approx(1.1013, abs=5e-5)


@pytest.mark.parametrize(("ratio", "more"), [(0.6, 0.165), (0.8, 0.024), (1.5, 0.058), (2.2, 0.204)])
def test_section_1f_compute_at_sizes_off_the_optimum(ratio: float, more: float) -> None:
    _, flops = LAW.off_optimal(COEF, np.array(ratio))
    assert flops - 1 == pytest.approx(more, abs=5e-4)


def test_section_1f_is_what_the_law_itself_needs() -> None:
    """Steps to the loss of the efficient size, found by solving the law, have the ratio of the closed form."""
    params, steps = 1e8, 2e4
    gap = (COEF[3] / steps) ** COEF[1]
    efficient = (COEF[2] / params) ** COEF[0]
    params_eff = params * (COEF[1] * gap / (COEF[0] * efficient)) ** (1 / COEF[0])
    at_eff = {"params_non_embedding": np.array([params_eff]), "min_steps": np.array([steps])}
    loss = LAW.predict(COEF, at_eff)[0]
    own = COEF[3] / (loss - (COEF[2] / params_eff) ** COEF[0]) ** (1 / COEF[1])
    assert own == pytest.approx(steps)
    slow, _ = LAW.off_optimal(COEF, np.array(1.0))
    assert slow == pytest.approx(1)


def test_section_1_early_stopping_leaves_the_gap_of_overfitting() -> None:
    stop = LAW.early_stop(COEF, np.array(0.05))
    assert (COEF[3] / stop) ** COEF[1] == pytest.approx(0.05)


def test_section_1h_learning_rate() -> None:
    assert value("kaplan_lr@kaplan2020", params_non_embedding=1e9) == pytest.approx(3.481e-4, abs=5e-8)
    assert value("kaplan_lr@kaplan2020", params_non_embedding=1.3e10) == 0, "it is clamped where it would be negative"


def test_section_1_pitfall_training_at_the_critical_batch_costs_twice() -> None:
    product = FLOPS_PER_PARAM_TOKEN * split("params_non_embedding", 10) * split("tokens", 10)
    assert product == pytest.approx(1.806 * 10 * PF_DAY, rel=1e-3)


def test_section_1_cross_paper_size_for_1e21_flop() -> None:
    smallest = min_flops(1e21, 1e6, 1e6) / PF_DAY
    assert smallest == pytest.approx(5.787, abs=5e-4)
    assert split("params_non_embedding", float(smallest)) == pytest.approx(4.683e9, rel=5e-4)
