"""Plans at published constants: optima, inverses, frontier and penalties, to the digits printed in the sources."""

import json
from decimal import Decimal

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.fitting.published import Published, published
from scalelaw.laws import Constants
from scalelaw.planning.calc import calculate
from scalelaw.planning.efficient_line import frontier
from scalelaw.planning.penalty import compute_penalty
from scalelaw.planning.solve import plan

EPOCH, TEX, PRINTED = "besiroglu2024", "hoffmann2022", "hoffmann2022-printed"


def chinchilla(source: str) -> Published:
    return published(laws.get("chinchilla"), source)


def rounding(printed: str) -> float:
    """Return half a unit of the last digit printed."""
    return 0.5 * 10.0 ** int(Decimal(printed).as_tuple().exponent)


def agrees(value: float, printed: str) -> bool:
    """Whether the value rounds to what is printed."""
    return abs(value - float(printed)) <= rounding(printed) * (1 + 1e-9)


OPTIMA = [
    (TEX, 1e21, "2.217e9", "7.518e10", "2.2955"),
    (TEX, 5.76e23, "4.036e10", "2.379e12", "1.9184"),
    (TEX, 3.8e25, "2.732e11", "2.318e13", "1.8110"),
    (EPOCH, 1e21, "2.778e9", "5.999e10", "2.3055"),
    (EPOCH, 5.76e23, "7.225e10", "1.329e12", "1.9744"),
    (EPOCH, 3.8e25, "6.187e11", "1.024e13", "1.8917"),
]


@pytest.mark.parametrize(("source", "flops", "params", "tokens", "loss"), OPTIMA)
def test_optimum_at_a_budget(source: str, flops: float, params: str, tokens: str, loss: str) -> None:
    made = plan(chinchilla(source), flops=flops)
    assert agrees(made.params.value, params)
    assert agrees(made.tokens.value, tokens)
    assert agrees(made.loss.value, loss)
    line = frontier(chinchilla(source), np.array([flops]))
    assert agrees(line.params[0], params)
    assert agrees(line.loss[0], loss)


@pytest.mark.parametrize(("source", "flops", "params", "tokens", "loss"), OPTIMA)
def test_inverse_of_the_optimum(source: str, flops: float, params: str, tokens: str, loss: str) -> None:
    """The budget lies between those of the two ends of each rounded number."""
    for name, printed in (("params", params), ("tokens", tokens), ("loss", loss)):
        half_unit = rounding(printed)
        ends = [plan(chinchilla(source), **{name: float(printed) + by}).flops.value for by in (-half_unit, half_unit)]
        assert min(ends) <= flops <= max(ends)
        assert max(ends) < 1.1 * min(ends)


@pytest.mark.parametrize(
    ("source", "flops", "ratio"),
    [(EPOCH, 5.76e23, "18.39"), (EPOCH, 3.8e25, "16.55"), (TEX, 5.76e23, "59"), (PRINTED, 5.76e23, "93")],
)
def test_tokens_per_param(source: str, flops: float, ratio: str) -> None:
    assert agrees(plan(chinchilla(source), flops=flops).tokens_per_param.value, ratio)


@pytest.mark.parametrize(
    ("params", "flops"),
    [
        ("400M", "2.35e19"),
        ("1B", "1.75e20"),
        ("10B", "2.71e22"),
        ("67B", "1.75e24"),
        ("175B", "1.43e25"),
        ("10T", "1.01e29"),
    ],
)
def test_budget_that_makes_a_size_optimal(params: str, flops: str) -> None:
    assert agrees(plan(chinchilla(TEX), params=params).flops.value, flops)


@pytest.mark.parametrize(
    ("source", "at_one", "exponent", "gamma"),
    [
        (TEX, "1.3000", ".4565", ".1548"),
        (PRINTED, "1.3447", ".4516", ".1535"),
        (EPOCH, ".1196", ".5126", ".1783"),
    ],
)
def test_shape_of_the_frontier(source: str, at_one: str, exponent: str, gamma: str) -> None:
    forecaster = chinchilla(source)
    floor = forecaster.constants.coef["E"]
    line = frontier(forecaster, 6.0 * np.array([1.0, 1e10]))
    assert agrees(line.params[0], at_one)
    assert agrees(np.log10(line.params[1] / line.params[0]) / 10, exponent)
    assert agrees(-np.log10((line.loss[1] - floor) / (line.loss[0] - floor)) / 10, gamma)


@pytest.mark.parametrize("source", [TEX, PRINTED, EPOCH])
def test_both_terms_weigh_the_same_at_the_optimum(source: str) -> None:
    coef = chinchilla(source).constants.coef
    made = plan(chinchilla(source), flops=1e24)
    by_params = coef["alpha"] * coef["A"] * made.params.value ** -coef["alpha"]
    by_tokens = coef["beta"] * coef["B"] * made.tokens.value ** -coef["beta"]
    assert by_params == pytest.approx(by_tokens, rel=1e-9)


@pytest.mark.parametrize(
    ("e", "a", "b", "alpha", "beta", "exponent", "ratio"),
    [
        (1.81722, 477.83, 2143.4, 0.34731, 0.36717, ".5139", "17.9"),
        (1.81686, 482.00, 2085.4, 0.34781, 0.36585, ".5126", "18.3"),
        (1.8646, 593.3, 4876, 0.3603, 0.4059, ".530", "14.3"),
        (1.8913, 495.7, 12846, 0.3493, 0.4531, ".565", "6.8"),
    ],
)
def test_refits_by_other_objectives(
    e: float, a: float, b: float, alpha: float, beta: float, exponent: str, ratio: str
) -> None:
    constants = Constants({"E": e, "A": a, "B": b, "alpha": alpha, "beta": beta}, "a refit of the digitised points")
    forecaster = Published(laws.get("chinchilla"), "refit", constants)
    line = frontier(forecaster, np.array([1e20, 1e25]))
    assert agrees(np.log10(line.params[1] / line.params[0]) / 5, exponent)
    assert agrees(plan(forecaster, flops=5.76e23).tokens_per_param.value, ratio)


@pytest.mark.parametrize(
    ("params", "tokens", "penalty"),
    [("70B", "1.4T", "1.0006"), ("175B", "300B", "1.645"), ("8B", "15T", "5.513")],
)
def test_penalty_of_known_models(params: str, tokens: str, penalty: str) -> None:
    assert agrees(compute_penalty(chinchilla(EPOCH), params, tokens).value, penalty)
    readings = {reading.law: reading for reading in calculate(params, tokens).losses}
    found = readings[f"chinchilla@{EPOCH}"].penalty
    assert found is not None
    assert agrees(found, penalty)


def test_calculator_gives_the_losses_of_llama_3() -> None:
    calculation = calculate("8B", "15T")
    readings = {reading.law: reading for reading in calculation.losses}
    assert agrees(readings[f"chinchilla@{EPOCH}"].loss, "2.0221")
    assert calculation.flops == {"6N_total": pytest.approx(7.2e23)}
    assert calculation.tokens_per_param == 1875


def test_calculator_gives_kaplan_his_own_params() -> None:
    calculation = calculate("1.2B", "22B", params_non_embedding="1B")
    readings = {reading.law: reading for reading in calculation.losses}
    assert agrees(readings["kaplan_joint@kaplan2020"].loss, "2.36932")


def test_kaplan_joint_optimum_is_no_neighbour_of_a_better_one() -> None:
    """Its frontier exponent is alpha_D / (alpha_N + alpha_D): the inner sum has alpha = alpha_N / alpha_D, beta = 1."""
    forecaster = published(laws.get("kaplan_joint"), "kaplan2020")
    line = frontier(forecaster, np.array([1e20, 1e25]))
    assert np.log10(line.params[1] / line.params[0]) / 5 == pytest.approx(0.103 / (0.076 + 0.103), rel=1e-9)
    at_least = forecaster.predict({"params_non_embedding": line.params * 1.02, "tokens": line.tokens / 1.02}).mean
    assert np.all(at_least > line.loss)


def test_the_contract_of_the_command_line() -> None:
    told = json.loads(json.dumps(plan(chinchilla(EPOCH), flops=5.76e23).to_dict(), allow_nan=False))
    contract = ["params", "tokens", "flops", "loss", "tokens_per_param", "reach", "binding_constraints", "assumptions"]
    assert list(told)[:9] == ["schema", *contract]
    assert told["schema"] == "scalelaw.plan/1"
    assert set(told["params"]) == {"value", "lo", "hi", "level", "unit"}
    assert told["params"]["lo"] is None
    assert told["reach"] == {
        "params": pytest.approx(7.225e10 / 1.618e10, rel=1e-3),
        "tokens": pytest.approx(1.329e12 / 3.178e11, rel=1e-3),
        "flops": pytest.approx(5.76e23 / 1.296e22, rel=1e-3),
    }
