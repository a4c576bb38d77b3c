"""Findings: every code of the table is raised by something, and nothing cries wolf."""

import re
from pathlib import Path

import numpy as np
import pytest

from scalelaw.core.errors import BadTable, NeedsAnswer, ScalelawWarning
from scalelaw.core.findings import Grade
from scalelaw.runs.checking import values as check
from scalelaw.runs.checking.values import check_design
from scalelaw.runs.reading.load import load_runs

GOOD = {"params": [1e7, 1e8, 1e9], "tokens": [2e9, 1e9, 9e10], "loss": [4.0, 3.0, 2.5]}


def codes(source, **options):
    return [finding.code for finding in load_runs(source, **options).findings]


def observations(params, tokens):
    return load_runs({"params": params, "tokens": tokens, "loss": np.linspace(4, 2, len(params))}).endpoints()


def test_every_code_used_is_documented():
    documented = set(re.findall(r"^ *((?:RUNS|DESIGN)_\w+)", check.__doc__, re.MULTILINE))
    sources = Path(check.__file__).parents[1].rglob("*.py")
    used = {code for path in sources for code in re.findall(r'"((?:RUNS|DESIGN)_\w+)"', path.read_text())}
    assert used == documented


def test_a_clean_table_has_no_finding():
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("column", "value", "code", "reason"),
    [
        ("params", None, "RUNS_NO_VALUE", "no params"),
        ("params", "tbd", "RUNS_UNREADABLE", "unreadable params"),
        ("params", 0.0, "RUNS_IMPOSSIBLE", "impossible: params is not positive"),
        ("params", float("inf"), "RUNS_INFINITE", "params is infinite"),
        ("params", float("nan"), "RUNS_NO_VALUE", "no params"),
        ("tokens", -1.0, "RUNS_IMPOSSIBLE", "impossible: tokens is not positive"),
        ("tokens", 0.0, "RUNS_IMPOSSIBLE", "unfinished: not trained on any tokens"),
        ("loss", None, "RUNS_NO_VALUE", "no loss"),
        ("loss", "?", "RUNS_UNREADABLE", "unreadable loss"),
        ("loss", float("nan"), "RUNS_NAN", "diverged: loss is NaN"),
        ("loss", float("inf"), "RUNS_INFINITE", "diverged: loss is infinite"),
        ("loss", 0.0, "RUNS_IMPOSSIBLE", "impossible: loss is not positive"),
        ("loss", -1.0, "RUNS_IMPOSSIBLE", "impossible: loss is not positive"),
    ],
)
def test_one_bad_value_is_set_aside_and_strict_refuses(column, value, code, reason):
    source = {**GOOD, column: [*GOOD[column][:2], value]}
    assert codes(source) == [code]
    fitted = load_runs(source).endpoints().complete(["params", "tokens"])
    assert [(gone.reason, gone.n) for gone in fitted.set_aside] == [(reason, 1)]
    assert len(fitted) == 2
    with pytest.raises(BadTable, match=code):
        load_runs(source, strict=True)


def test_missing_compute_does_not_matter_where_n_and_d_are_there():
    assert codes({**GOOD, "flops": [1.2e17, None, 5.4e20]}) == []


def test_a_score_out_of_range_is_impossible_and_the_run_keeps_its_loss():
    source = {**GOOD, "acc_mmlu": [0.25, 49.4, None]}
    assert codes(source) == ["RUNS_IMPOSSIBLE"]
    table = load_runs(source)
    assert len(table.endpoints("loss")) == 3 and len(table.endpoints("score@mmlu")) == 1


def test_unit_slip_asks_and_the_answer_settles_it():
    source = {"params": [17.9, 41.9, 110.1], "tokens": [0.143, 2.52, 6.61], "loss": [5.3, 3.6, 3.0]}
    source["flops"] = [6e15 * n * d for n, d in zip(source["params"], source["tokens"], strict=True)]
    with pytest.raises(NeedsAnswer, match=r"1e15 times .* millions of params and billions .*units=.*RUNS_UNIT_SLIP"):
        load_runs(source)
    assert codes(source, units={"params": "M", "tokens": "B"}) == []
    with pytest.warns(ScalelawWarning, match="RUNS_UNIT_SLIP"):
        load_runs(source, units={"params": "M", "tokens": "T"})


def test_rounded_and_conventional_compute_is_no_slip():
    source = {**GOOD, "flops": [6 * n * d * 4.2 for n, d in zip(GOOD["params"], GOOD["tokens"], strict=True)]}
    assert codes(source) == []


@pytest.mark.parametrize(
    "change", [{"params": [10, 100, 1000]}, {"tokens": [2.0, 1.0, 90.0]}, {"tokens": None, "flops": [0.1, 1, 2]}]
)
def test_counts_far_too_small_ask_for_their_unit(change):
    source = {name: cells for name, cells in {**GOOD, **change}.items() if cells is not None}
    with pytest.raises(NeedsAnswer, match="RUNS_UNSAID_UNITS"):
        load_runs(source)
    name = next(name for name, cells in change.items() if cells)
    assert codes(source, units={name: "1"}) == []


def test_rows_of_one_run_that_differ_in_size_ask():
    source = {**GOOD, "run": ["x", "x", "y"]}
    with pytest.raises(NeedsAnswer, match=r"'x' differ in params.*RUNS_PARAMS_VARY"):
        load_runs(source)
    assert len(load_runs(source, columns={"run": None})) == 3


def grades(found):
    return {finding.code: finding.grade for finding in found}


def test_few_rows():
    grid = [(n, d) for n in (1e7, 1e8, 1e9) for d in (1e9, 1e10, 1e11)]
    for rows, expected in ((4, "DESIGN_TOO_FEW_ROWS"), (5, "DESIGN_FEW_ROWS"), (7, "DESIGN_FEW_ROWS"), (8, None)):
        n, d = zip(*grid[:rows], strict=True)
        found = [f.code for f in check_design(observations(n, d), ("params", "tokens"), 5) if "ROWS" in f.code]
        assert found == ([expected] if expected else [])


def test_proportional_inputs_refuse():
    n = np.array([17858560, 41943040, 110100480, 435159040.0])
    found = check_design(observations(n, 20 * n), ("params", "tokens"), 5)
    assert grades(found) == {"DESIGN_TOO_FEW_ROWS": Grade.REFUSE, "DESIGN_COLLINEAR": Grade.REFUSE}
    assert "tokens = 20 x params in every row: their exponents cannot be separated" in found[1].message
    assert grades(check_design(observations(n, 20 * n), ("params",), 3)) == {"DESIGN_FEW_ROWS": Grade.WARN}


def test_nearly_proportional_inputs_warn(rng):
    n = np.logspace(7, 10, 40)
    found = check_design(observations(n, n**0.7 * 1e4 * np.exp(rng.normal(0, 0.1, 40))), ("params", "tokens"), 5)
    assert grades(found) == {"DESIGN_NEARLY_COLLINEAR": Grade.WARN}
    assert "params**0.7" in found[0].message


def test_three_inputs_of_which_one_follows_from_the_others():
    n, d = map(np.ravel, np.meshgrid(np.logspace(7, 9, 4), np.logspace(9, 11, 4)))
    found = check_design(observations(n, d), ("params", "tokens", "flops"), 5)
    assert grades(found) == {"DESIGN_COLLINEAR": Grade.REFUSE}
    assert "flops follows from params and tokens" in found[0].message


def test_constant_and_narrow_inputs():
    d = np.logspace(9, 11, 10)
    found = check_design(observations(np.full(10, 1e8), d), ("params", "tokens"), 5)
    assert grades(found) == {"DESIGN_CONSTANT": Grade.REFUSE}
    assert "params is 100M in every row" in found[0].message
    narrow = check_design(observations(np.tile([1e8, 2e8], 5), d), ("params", "tokens"), 5)
    assert grades(narrow) == {"DESIGN_NARROW": Grade.WARN}


def test_a_good_design_has_no_finding():
    n, d = map(np.ravel, np.meshgrid(np.logspace(7, 9, 4), np.logspace(9, 11, 4)))
    assert check_design(observations(n, d), ("params", "tokens"), 5) == []


@pytest.mark.data
def test_published_tables_have_no_design_finding(data_dir):
    ends = load_runs(data_dir / "chinchilla_epoch" / "svg_extracted_data.csv").endpoints()
    assert check_design(ends, ("params", "tokens"), 5) == []
