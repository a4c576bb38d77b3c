"""A table of runs: conditions, exclusions and endpoints, with nothing lost on the way."""

import json

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer, UnknownName
from scalelaw.runs.reading.load import load_runs


@pytest.fixture
def runs():
    return load_runs(
        {
            "params": [1e7, 1e8, 1e9, 1e9],
            "tokens": [2e8, 2e9, 2e10, None],
            "loss": [4.0, 3.0, 2.5, 2.4],
            "dataset": ["c4", "c4", "rw", None],
            "kernel": ["x", "y", "x", "y"],
            "Warm Up": [10, 20, 30, 40],
        }
    )


@pytest.fixture
def checkpoints():
    return load_runs(
        {
            "run": ["b", "a", "b", "a", "c", "d"],
            "params": [1e8, 1e7, None, 1e7, 1e9, 1e9],
            "tokens": [2e9, 2e8, 1e9, 1e8, 1e9, 1e9],
            "lr": [0.1, 0.0, 0.2, 0.5, 0.3, 0.3],
            "loss": [3.0, 4.0, 3.5, 5.0, float("nan"), None],
        }
    )


def test_rows_add_up(runs):
    fitted = (
        runs.where(dataset=["c4", "rw"]).exclude_top(loss=1, reason="noisy").endpoints().complete(["params", "tokens"])
    )
    assert fitted.read == 4 == len(fitted) + sum(gone.n for gone in fitted.set_aside)


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ({"params": (1e8, None)}, 3),
        ({"params": (None, 1e8)}, 2),
        ({"params": ("100M", "1B")}, 3),
        ({"params": 1e9}, 2),
        ({"params": "1B"}, 2),
        ({"params": [1e7, 1e8]}, 2),
        ({"dataset": "c4"}, 2),
        ({"dataset": ["c4", "rw"]}, 3),
        ({"kernel": "x", "params": (1e8, None)}, 1),
        ({"Warm Up": (20, 30)}, 2),
        ({"warm_up": (20, 30)}, 2),
        ({"tokens_per_param": (20, 20)}, 3),
        ({"loss": (None, 3)}, 3),
    ],
    ids=str,
)
def test_where(runs, conditions, left):
    kept = runs.where(**conditions)
    assert len(kept) == left
    assert sum(gone.n for gone in kept.set_aside) == 4 - left
    assert set(kept.evals["run"]) == set(range(left))


def test_where_states_the_condition(runs):
    reasons = [gone.reason for gone in runs.where(params=(2e7, 5e8), kernel="y").set_aside]
    assert reasons == ["params is outside [2e+07, 5e+08], or absent"]
    assert runs.where(dataset="c4").set_aside[0].reason == "dataset is not c4"
    assert runs.where(params=["10M"]).set_aside[0].reason == "params is not one of 10M"


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"parms": 1}, "Did you mean 'params'"),
        ({"dataset": "pile"}, "leaves no run; dataset is c4, rw"),
        ({"dataset": ("a", "b")}, "holds text"),
        ({"params": (1, 2, 3)}, "a range is"),
        ({"params": (3, 1)}, "above the upper end"),
        ({"params": "tiny"}, "not a number"),
    ],
)
def test_where_refuses(runs, conditions, said):
    with pytest.raises(BadInput, match=said):
        runs.where(**conditions)


def test_exclude_top(runs):
    kept = runs.exclude_top(loss=1, params=1, reason="as published")
    assert len(kept) == 1  # two runs tie for the most params, and neither order nor luck decides between them
    assert [(gone.reason, gone.n) for gone in kept.set_aside] == [
        ("1 highest loss: as published", 1),
        ("1 highest params: as published", 2),
    ]
    assert len(runs.exclude_top(loss=0, reason="none")) == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"los": 5, "reason": "x"}, "Did you mean 'loss'"),
        ({"loss": 4, "reason": "x"}, "from 0 to 3"),
        ({"loss": -1, "reason": "x"}, "whole number"),
        ({"loss": 1.5, "reason": "x"}, "whole number"),
        ({"kernel": 1, "reason": "x"}, "holds text"),
        ({"loss": 1, "reason": " "}, "needs a reason"),
        ({"reason": "x"}, "needs a name"),
    ],
)
def test_exclude_top_refuses(runs, options, said):
    with pytest.raises(BadInput, match=said):
        runs.exclude_top(**options)


def test_endpoints_are_the_last_by_tokens(checkpoints):
    assert (checkpoints.read, len(checkpoints)) == (6, 4)
    ends = checkpoints.endpoints()
    assert dict(zip(ends.columns["run"], ends.y, strict=True)) == {"a": 4.0, "b": 3.0}
    assert dict(zip(ends.columns["run"], ends.columns["lr"], strict=True)) == {"a": 0.0, "b": 0.1}
    assert {(gone.reason, gone.n) for gone in ends.set_aside} == {("diverged: loss is NaN", 1), ("no loss", 1)}
    assert ends.notes[-1] == (
        "3 runs have 5 values of loss: 2 end points are used; the other 3 are earlier ones, or of excluded runs"
    )


def test_a_run_keeps_what_any_of_its_rows_says(checkpoints):
    assert checkpoints.runs["params"][0] == 1e8


def test_curves_are_clustered_by_run(checkpoints):
    curves = checkpoints.curves()
    assert curves.clustered and len(curves) == 4
    by_run = {run: sorted(curves.columns["tokens"][curves.columns["run"] == run]) for run in "ab"}
    assert by_run == {"a": [1e8, 2e8], "b": [1e9, 2e9]}
    np.testing.assert_allclose(curves.columns["lr"], [0.2, 0.1, 0.5, 0.0])


def test_ties_in_tokens_go_by_step_then_row():
    ends = load_runs({"run": ["a"] * 3, "params": [1e8] * 3, "tokens": [1e9] * 3, "step": [2, 3, 3], "loss": [5, 4, 3]})
    assert ends.endpoints().y.tolist() == [3.0]


def test_undecayed_runs_are_set_aside():
    table = load_runs({"params": [1e8] * 3, "tokens": [1e9] * 3, "loss": [3, 3, 3], "decayed": [True, False, None]})
    ends = table.endpoints()
    assert len(ends) == 2 and ends.set_aside[0].reason.startswith("undecayed")
    assert len(table.curves()) == 3


def test_several_targets_ask_and_a_name_answers():
    runs = load_runs({"params": [1e8], "tokens": [1e9], "loss_c4_val": [3.0], "loss_pile": [2.8]})
    with pytest.raises(NeedsAnswer, match=r"2 targets \(loss@c4_val, loss@pile\); choose one with target="):
        runs.endpoints()
    assert runs.endpoints("loss@c4").target == "loss@c4_val"
    assert runs.exclude_top(**{"loss@pile": 0}, reason="none") is runs
    with pytest.raises(UnknownName, match="loss@pile"):
        runs.endpoints("loss@pyle")


def test_nothing_left_says_why():
    with pytest.raises(BadTable, match=r"no run with a usable loss is left \(1 impossible: loss is not positive\)"):
        load_runs({"params": [1e8], "tokens": [1e9], "loss": [-1.0]}).endpoints()


def test_weights_are_carried():
    table = load_runs({"params": [1e8, 1e9], "tokens": [1e9, 1e9], "loss": [3, 2], "weight": [2.0, 0.0]})
    ends = table.endpoints()
    assert ends.weight.tolist() == [2.0] and ends.set_aside[0].reason == "no positive weight"


def test_summary_says_what_matters(runs, checkpoints):
    text = str(runs.where(params=(2e7, None)))
    for part in ("4 rows read", "3 runs", "6N_total", "Warm Up", "excluded: 1 run", "no tokens in 1 run"):
        assert part in text
    assert "6 rows read, 4 runs" in str(checkpoints)
    assert len(str(runs).splitlines()) < 20


def test_to_dict_is_json(runs):
    found = json.loads(json.dumps(runs.where(params=(2e7, None)).to_dict(), allow_nan=False))
    assert found["schema"] == "scalelaw.runs/1"
    assert found["targets"] == {"loss": 3} and found["rows"]["set_aside"][0]["n"] == 1
    assert found["columns"]["params"] == {"from": "params", "lo": 1e8, "hi": 1e9}


def test_arrays_are_facts(runs):
    with pytest.raises(ValueError, match="read-only"):
        runs.runs["params"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        runs.endpoints().y[0] = 1


def test_digest_ignores_the_order_of_rows_and_sees_every_value(runs):
    rows = {"params": [1e8, 1e9], "tokens": [1e9, 1e9], "loss": [3.0, 2.0]}
    digest = load_runs(rows).endpoints().digest
    assert load_runs({name: cells[::-1] for name, cells in rows.items()}).endpoints().digest == digest
    assert load_runs({**rows, "loss": [3.0, 2.1]}).endpoints().digest != digest
