"""A check reports what a fit would refuse: for each kind of table, with sizes and counts drawn afresh."""

import json
import math
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Grade
from scalelaw.fitting.fit import check_fit
from scalelaw.fitting.observe import observe
from scalelaw.fitting.spec import FitSpec
from scalelaw.runs.review import review_runs
from scalelaw.workflows.study.fittable import with_refusals

Columns = dict[str, list[Any]]
FRESH = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def good(seed: int, rows: int = 20) -> Columns:
    """Return runs that determine Chinchilla's law."""
    rng = np.random.default_rng(seed)
    params, tokens = np.exp(rng.uniform(17, 21, rows)), np.exp(rng.uniform(20, 25, rows))
    loss = 1.8 + 480 / params**0.35 + 2085 / tokens**0.37
    return {"params": params.tolist(), "tokens": tokens.tolist(), "loss": loss.tolist()}


def collinear(seed: int) -> Columns:
    columns = good(seed)
    return {**columns, "tokens": [(5 + seed) * each for each in columns["params"]]}


def replaced(column: str, value: Any) -> Any:
    return lambda seed: {**good(seed), column: [value] * 20}


def lacking(*names: str) -> Any:
    return lambda seed: {name: cells for name, cells in good(seed).items() if name not in names}


REFUSED = {
    "collinear": (collinear, "DESIGN_COLLINEAR"),
    "few": (lambda seed: good(seed, 2 + seed % 3), "DESIGN_TOO_FEW_ROWS"),
    "one": (lambda seed: good(seed, 1), "DESIGN_TOO_FEW_ROWS"),
    "constant": (replaced("params", 2e8), "DESIGN_CONSTANT"),
    "as large as floats go": (replaced("tokens", 1e308), "DESIGN_CONSTANT"),
    "negative": (lambda seed: {**good(seed), "params": [-each for each in good(seed)["params"]]}, "RUNS_NONE_LEFT"),
    "zero": (replaced("tokens", 0.0), "RUNS_NONE_LEFT"),
    "infinite": (replaced("params", math.inf), "RUNS_NONE_LEFT"),
    "a huge integer": (replaced("params", 10**400), "RUNS_NONE_LEFT"),
    "records": (replaced("params", {"a": 1}), "RUNS_ALL_TEXT"),
    "lists": (replaced("tokens", [1, 2]), "RUNS_ALL_TEXT"),
    "durations": (replaced("tokens", timedelta(seconds=200)), "RUNS_ALL_TEXT"),
    "numpy's durations": (lambda seed: {**good(seed), "tokens": np.full(20, 7, "timedelta64[s]")}, "RUNS_ALL_TEXT"),
    "numpy's dates": (lambda seed: {**good(seed), "params": np.full(20, 7, "datetime64[D]")}, "RUNS_ALL_TEXT"),
    "true": (replaced("loss", True), "RUNS_ALL_TEXT"),
    "false": (replaced("params", False), "RUNS_ALL_TEXT"),
    "numpy's flags": (lambda seed: {**good(seed), "loss": np.ones(20, bool)}, "RUNS_ALL_TEXT"),
    "one run over time": (
        lambda seed: {"run": ["a"] * 9, "steps": list(range(1, 10)), "lr": [0.1] * 9, "loss": [3.0 - seed / 1000] * 9},
        "FIT_REFUSED",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
@FRESH
@given(seed=st.integers(0, 999))
def test_what_a_fit_refuses_is_a_finding(kind: str, seed: int) -> None:
    make, code = REFUSED[kind]
    columns = make(seed)
    review = with_refusals(review_runs(columns))
    stops = [each for each in review.findings if each.grade in (Grade.REFUSE, Grade.ASK)]
    assert review.stopped and code in {each.code for each in stops}
    assert all(each.message and each.fix for each in stops)
    with pytest.raises(BadInput), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sl.fit("chinchilla", columns, draws=0, starts=1)


@FRESH
@given(seed=st.integers(0, 999))
def test_a_table_that_can_be_fitted_gains_no_finding(seed: int) -> None:
    review = review_runs(good(seed))
    assert with_refusals(review) == review or with_refusals(review).findings == review.findings


@pytest.mark.parametrize("gone", ["params", "tokens"])
@FRESH
@given(seed=st.integers(0, 999))
def test_a_law_that_can_be_fitted_is_named_where_the_usual_one_lacks_an_input(gone: str, seed: int) -> None:
    columns = lacking(gone)(seed)
    review = with_refusals(review_runs(columns))
    other = next(each for each in review.findings if each.code == "FIT_OTHER_LAW")
    assert not review.stopped and gone in other.message
    law = other.fix.split("law='")[1].split("'")[0]
    check_fit(*observe(law, columns), FitSpec())  # it raises where a fit would


def test_a_table_that_no_law_fits_is_refused() -> None:
    review = with_refusals(review_runs({"params_active": [1e8] * 9, "lr": [0.1] * 9, "loss": [3.0] * 9}))
    found = next(each for each in review.findings if each.code == "FIT_REFUSED")
    assert review.stopped and found.fix


def test_a_target_that_cannot_be_fitted_among_others_warns_and_the_choice_is_named() -> None:
    columns = good(5)
    columns = {**columns, "loss_c4": columns["loss"], "loss_pile": [3.0] * 2 + [None] * 18}
    del columns["loss"]
    review = with_refusals(review_runs(columns, units={"loss@pile": "drop"}))
    grades = {each.code: each.grade for each in review.findings}
    assert not review.stopped
    assert grades["DESIGN_TOO_FEW_ROWS"] is Grade.WARN and grades["FIT_WHICH_TARGET"] is Grade.WARN


def test_the_command_ends_with_two(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps(collinear(3)))
    found = CliRunner().invoke(app, ["runs", "check", str(path)])
    assert found.exit_code == 2 and "DESIGN_COLLINEAR" in found.output


@pytest.mark.parametrize("cell", [True, [1, 2], {"a": 1}, timedelta(seconds=3)])
@pytest.mark.parametrize("column", ["params", "tokens", "loss"])
def test_a_cell_that_is_no_number_among_numbers_is_excluded(column: str, cell: Any) -> None:
    columns = good(7)
    columns[column][4] = cell
    found = {each.code: each for each in review_runs(columns).findings}
    assert found["RUNS_UNREADABLE"].rows == 1 and column in found["RUNS_UNREADABLE"].message


def test_a_column_of_numbers_is_preferred_to_one_of_records() -> None:
    columns = good(9)
    table = sl.load_runs({**columns, "params": [{"a": 1}] * 20, "num_params": columns["params"]})
    assert table.runs["params"].tolist() == columns["params"]


def test_a_formula_takes_flags_as_zero_and_one() -> None:
    columns = good(11)
    flags = [at % 2 == 0 for at in range(20)]
    columns["loss"] = [loss + 0.25 * flag for loss, flag in zip(columns["loss"], flags, strict=True)]
    observed = observe("E + A/params**a + c*tied", {**columns, "tied": flags})[1]
    assert observed.columns["tied"].tolist() == [float(flag) for flag in flags]
