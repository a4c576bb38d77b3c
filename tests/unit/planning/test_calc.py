"""The calculator: what it reads, which law gets which N, and what it says of the runs behind the constants."""

import json
import subprocess
import sys

import pytest

from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.planning.calc import calculate


def test_a_law_is_not_fed_another_kind_of_params() -> None:
    calculation = calculate("8B", "15T")
    assert all(reading.n == "params" for reading in calculation.losses)
    assert calculation.skipped["kaplan_joint@kaplan2020"] == (
        "it takes params_non_embedding; give params_non_embedding= (CLI: --params-non-embedding)"
    )
    given = calculate("8B", "15T", params_non_embedding="7B")
    assert "kaplan_joint@kaplan2020" not in given.skipped
    assert [r.n for r in given.losses if r.law == "kaplan_joint@kaplan2020"] == ["params_non_embedding"]
    assert given.flops == {"6N_total": pytest.approx(7.2e23), "6N_nonemb": pytest.approx(6.3e23)}


def test_points_outside_the_runs_are_flagged_with_their_reach() -> None:
    reading = {r.law: r for r in calculate("8B", "15T").losses}["chinchilla@besiroglu2024"]
    assert reading.outside
    assert reading.reach == {"params": pytest.approx(8e9 / 1.618e10), "tokens": pytest.approx(15e12 / 3.178e11)}
    inside = {r.law: r for r in calculate("1B", "20B").losses}["chinchilla@besiroglu2024"]
    assert not inside.outside


def test_it_is_a_text_people_read_and_a_dictionary_machines_read() -> None:
    calculation = calculate("1B", "20B")
    text = str(calculation)
    assert "1B params on 20B tokens" in text
    assert "chinchilla@besiroglu2024" in text
    assert "inside" in text
    assert "kaplan_joint@kaplan2020: not evaluated" in text
    assert "outside: tokens 30x" in str(calculate("8B", "15T"))
    assert "outside: below the smallest" in str(calculate("1M", "1B"))
    told = json.loads(json.dumps(calculation.to_dict(), allow_nan=False))
    assert next(iter(told)) == "schema"
    assert told["schema"] == "scalelaw.calc/1"


@pytest.mark.parametrize(("params", "tokens"), [("0", "1T"), (-1.0, 1e9), (1e9, "0B")])
def test_what_is_not_positive_is_refused(params: float | str, tokens: float | str) -> None:
    with pytest.raises(BadInput, match="must be positive"):
        calculate(params, tokens)


def test_impossible_input_is_refused() -> None:
    with pytest.raises(BadInput, match="exceeds params"):
        calculate("8B", "15T", params_non_embedding="9B")
    with pytest.raises(BadNumber, match="tokens"):
        calculate("8B tokens", "15T")


def test_planning_needs_no_scipy() -> None:
    code = "import sys, scalelaw as sl; sl.calculate('8B', '15T'); sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("params", "tokens"), [("8B", "15T"), ("405B", "15.6T"), ("1B", "20B")])
def test_the_best_split_spends_the_same_compute_and_is_no_worse(params: str, tokens: str) -> None:
    calculation = calculate(params, tokens, params_non_embedding="0.7B")
    spent = {reading.n: 6 * calculation.tokens for reading in calculation.losses}
    sizes = {"params": calculation.params, "params_non_embedding": 0.7e9}
    solved = [reading for reading in calculation.losses if reading.best is not None]
    assert len(solved) >= 7
    for reading in solved:
        assert reading.best is not None
        flops = 6 * reading.best["params"] * reading.best["tokens"]
        assert flops == pytest.approx(spent[reading.n] * sizes[reading.n], rel=1e-9)
        assert reading.best["loss"] <= reading.loss * (1 + 1e-12)
    assert "best split, same flops" in str(calculation)
