"""Findings on the design of a table, at both sides of each threshold."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.findings import Grade
from scalelaw.runs.checking.values import check_design, check_one_size, outside
from scalelaw.runs.observations import Observations


def rows(**columns: np.ndarray) -> Observations:
    n = len(next(iter(columns.values())))
    return Observations("loss", columns, np.linspace(3, 2, n), np.arange(n), np.ones(n), n)


def codes(observed: Observations, inputs: tuple[str, ...], coefs: int = 3) -> dict[str, Grade]:
    return {each.code: each.grade for each in check_design(observed, inputs, coefs)}


@pytest.mark.parametrize(
    ("span", "code"),
    [(np.exp(0.019), "DESIGN_CONSTANT"), (np.exp(0.021), "DESIGN_NARROW"), (3.1, "DESIGN_NARROW"), (3.2, None)],
)
def test_an_input_spans_enough_or_is_named(span: float, code: str | None) -> None:
    found = codes(rows(params=np.geomspace(1e8, span * 1e8, 12)), ("params",))
    assert found == ({} if code is None else {code: Grade.REFUSE if code == "DESIGN_CONSTANT" else Grade.WARN})


@pytest.mark.parametrize(
    ("n", "code"), [(4, "DESIGN_TOO_FEW_ROWS"), (5, "DESIGN_FEW_ROWS"), (7, "DESIGN_FEW_ROWS"), (8, None)]
)
def test_rows_are_counted_against_coefficients(n: int, code: str | None) -> None:
    found = check_design(rows(params=np.geomspace(1e8, 1e10, n)), ("params",), 5)
    assert [each.code for each in found] == ([] if code is None else [code])
    assert all(f"{n} rows for 5 coefficients" in each.message and each.rows == n for each in found)


@pytest.mark.parametrize("exponent", [1.0, 0.5])
def test_inputs_that_go_together_are_told_with_their_relation(exponent: float) -> None:
    rng = np.random.default_rng(3)
    params = np.geomspace(1e7, 1e10, 30)
    for noise, code in ((0.005, "DESIGN_COLLINEAR"), (0.1, "DESIGN_NEARLY_COLLINEAR"), (1.5, None)):
        tokens = 20 * (params / 1e7) ** exponent * 1e7 * np.exp(rng.normal(0, noise, 30))
        found = check_design(rows(params=params, tokens=tokens), ("params", "tokens"), 5)
        assert [each.code for each in found] == ([] if code is None else [code])
        if noise == 0.005:
            relation = "tokens = 20 x params" if exponent == 1 else "tokens varies as params**0.50"
            assert found[0].message.startswith(relation) and found[0].grade is Grade.REFUSE


def test_a_run_has_one_size_up_to_rounding() -> None:
    run, names = np.array([0, 0, 1, 1, 1]), np.array(["a", "a", "b", "b", "b"])
    rounded = np.array([1e8, 1.0009e8, 5e8, 5e8, np.nan])
    assert check_one_size(run, names, rounded, "params") == []
    (found,) = check_one_size(run, names, np.array([1e8, 1e8, 5e8, 5.01e8, 5.2e8]), "params")
    assert found.code == "RUNS_PARAMS_VARY" and found.rows == 2 and "'b'" in found.message


def test_what_no_measurement_has() -> None:
    values = np.array([-0.1, 0.0, 0.5, 1.0, 1.1])
    assert outside("score", values).tolist() == [True, False, False, False, True]
    assert outside("loss", values).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(("lacking", "asked"), [(5, False), (6, True), (9, True)])
def test_a_quantity_that_most_runs_lack_is_asked_about(lacking: int, asked: bool) -> None:
    params = [None] * lacking + [1e8 * (1 + each) for each in range(10 - lacking)]
    tokens = [2e9 * (1 + each) for each in range(10)]
    table = {"params": params, "tokens": tokens, "loss": [3.0 - 0.01 * each for each in range(10)]}
    found = {each.code: each for each in sl.runs.review_runs(table).findings}
    assert ("RUNS_MOSTLY_MISSING" in found) is asked
    assert not asked or found["RUNS_MOSTLY_MISSING"].rows == lacking


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 0.0, -2.0])
def test_a_loss_that_is_no_loss_is_set_aside_by_kind(value: float) -> None:
    params = np.geomspace(1e8, 1e10, 8)
    table = {"params": params, "tokens": 20 * params * np.tile([1, 3], 4), "loss": [*np.linspace(3, 2, 7), value]}
    code = "RUNS_NAN" if np.isnan(value) else "RUNS_INFINITE" if np.isinf(value) else "RUNS_IMPOSSIBLE"
    found = {each.code: each.rows for each in sl.load_runs(table).findings}
    rows_left = sl.load_runs(table).endpoints()
    reviewed = {each.code: each.rows for each in sl.runs.review_runs(table).findings}
    assert (found | reviewed).get(code) == 1 and len(rows_left) == 7


@pytest.mark.parametrize(
    ("factor", "slip"), [(1e3, True), (1e-9, True), (1.05e6, True), (1.2e6, False), (3e2, False), (1.0, False)]
)
def test_a_factor_of_a_thousand_in_compute_is_a_slipped_unit(factor: float, slip: bool) -> None:
    params = np.geomspace(1e8, 1e10, 8)
    tokens = 20 * params * np.tile([1, 3], 4)
    table = {"params": params, "tokens": tokens, "flops": 6 * params * tokens / factor, "loss": np.linspace(3, 2, 8)}
    found = {each.code: each for each in sl.runs.review_runs(table).findings}
    assert ("RUNS_UNIT_SLIP" in found) is slip
    if slip:
        power = 3 * round(np.log10(factor) / 3)
        assert f"1e{-power} times 6 x params x tokens" in found["RUNS_UNIT_SLIP"].message
