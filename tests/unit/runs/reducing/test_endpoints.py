"""End points: which runs are set aside, for which reason, and what the last values say together."""

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, BadTable, ScalelawWarning, UnknownName
from scalelaw.runs.reading.load import load_runs


def runs(**columns):
    """Three runs of three checkpoints each; columns of three values are one a run."""
    table = {
        "run": np.repeat(["a", "b", "c"], 3),
        "params": np.repeat([1e7, 3e7, 1e8], 3),
        "tokens": np.tile([1e9, 2e9, 3e9], 3),
        "loss": [5.0, 4.5, 4.2, 4.5, 4.0, 3.8, 4.0, 3.6, 3.4],
    }
    for name, cells in columns.items():
        table[name] = np.repeat(np.array(cells, dtype=object), 3).tolist() if len(cells) == 3 else list(cells)
    return load_runs({name: list(cells) for name, cells in table.items()})


def set_aside(observations):
    return {gone.reason: gone.n for gone in observations.set_aside}


@pytest.mark.parametrize(
    ("columns", "reason", "code"),
    [
        ({"state": ["finished", "crashed", "finished"]}, "unfinished: crashed", "RUNS_UNFINISHED"),
        ({"state": ["finished", "Running", "finished"]}, "unfinished: running", "RUNS_UNFINISHED"),
        ({"state": ["finished", "deleted", "finished"]}, "deleted", "RUNS_DELETED"),
        ({"planned_tokens": [3e9, 6e9, 3e9]}, "unfinished: stopped before its planned_tokens", "RUNS_UNFINISHED"),
        ({"resumed_from": [None, None, "b"]}, "superseded: another run resumed it", "RUNS_SUPERSEDED"),
        ({"decayed": [True, False, None]}, "undecayed: the learning rate is not at its end", "RUNS_UNDECAYED"),
        ({"top_k": [2, 16, None], "experts": [8, 8, None]}, "impossible: top_k is above experts", "RUNS_IMPOSSIBLE"),
        ({"vocab_size": [200.0, 40.0, 200.0]}, "diverged: loss is at or above ln(40) = 3.689", "RUNS_DIVERGED"),
        ({"loss": [5, 4.5, 4.2, 4.5, 4.0, 8.2, 4, 3.6, 3.4]}, "diverged: loss ends far above the best value of the run",
         "RUNS_DIVERGED"),
        ({"loss": [5, 4.5, 4.2, 14, 13.5, 13, 4, 3.6, 3.4]},
         "diverged: loss is above ln(262144), worse than guessing any token", "RUNS_DIVERGED"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else "",
)  # fmt: skip
def test_a_run_is_set_aside_with_its_reason(columns, reason, code):
    table = runs(**columns)
    assert set_aside(table.endpoints()) == {reason: 1}
    assert table.endpoints().columns["run"].tolist() == ["a", "c"]
    assert [(finding.code, finding.rows) for finding in table.findings] == [(code, 1)]


def test_steps_reached_are_compared_with_steps_planned():
    table = runs(step=[10, 20, 30] * 3, max_steps=[30, 30, 40])
    assert set_aside(table.endpoints()) == {"unfinished: stopped before its planned_steps": 1}


def test_a_tenth_of_the_peak_is_decayed_and_half_of_it_is_not():
    lr = [3e-4, 2e-4, 3e-5, 3e-4, 3e-4, 1.5e-4, 3e-4, 1e-4, 0.0]
    table = runs(lr=lr, peak_lr=[3e-4] * 3)
    assert table.endpoints().columns["run"].tolist() == ["a", "c"]
    assert table.runs["lr"].tolist() == [3e-4] * 3


def test_unknown_decay_is_not_undecayed():
    assert len(runs(decayed=[None, True, True]).endpoints()) == 3


def test_a_rerun_is_the_one_with_the_later_date_unless_it_did_not_finish():
    same = {"params": [1e7] * 3, "tokens": [1e9] * 3, "loss": [3.0, 3.1, 3.2]}
    columns = {"run_id": ["x", "y", "z"], "run_name": ["n", "n", "n"], "seed": [0, 0, 1]}
    table = {**same, **columns, "created_at": ["2024-02-01", "2024-03-01", "2024-01-01"]}
    assert load_runs(table).endpoints().columns["run"].tolist() == ["y", "z"]
    crashed = load_runs({**table, "state": ["finished", "crashed", "finished"]}).endpoints()
    assert crashed.columns["run"].tolist() == ["x", "z"]
    assert len(load_runs({**table, "created_at": [None] * 3}).endpoints()) == 3


def test_losses_that_are_no_losses_of_tokens_stay():
    table = load_runs({"params": [1e7, 1e8, 1e9], "tokens": [1e9, 2e9, 3e9], "loss": [90.0, 60.0, 11.0]})
    assert len(table.endpoints()) == 3


def test_a_value_logged_again_counts_once_and_the_later_row_wins():
    tokens, loss = [*np.arange(1e9, 12e9, 1e9)], [*np.linspace(6, 4, 11)]
    again = load_runs(
        {
            "run": ["a"] * 13,
            "params": [1e7] * 13,
            "tokens": [*tokens, 1e9, 11e9],
            "loss": [*loss, 6.0, 3.9],
        }
    )
    assert again.endpoints().y.tolist() == [3.9] and len(again.curves()) == 11
    assert any("1 row of a repeat others exactly (1 of loss): counted once" in note for note in again.notes)
    assert any("loss was logged again once at the same step of a" in note for note in again.notes)


def test_the_mean_of_the_last_values_has_a_standard_error():
    ends = runs().endpoints(last=2)
    np.testing.assert_allclose(ends.y, [4.35, 3.9, 3.5])
    np.testing.assert_allclose(ends.se, np.array([0.3, 0.2, 0.2]) / 2)
    assert any("mean of the last 2 values" in note for note in ends.notes)
    assert runs().endpoints().se is None


def test_many_values_at_one_moment_are_warned_of():
    tokens = np.repeat(np.arange(1e9, 13e9, 1e9), 2)
    table = {"run": ["a"] * 24, "params": [1e7] * 24, "tokens": tokens, "domain": ["x", "y"] * 12}
    with pytest.warns(ScalelawWarning, match=r"12 of 24 values of loss share run and step.*RUNS_SAME_MOMENT"):
        load_runs({**table, "loss": np.linspace(5, 3, 24)})


@pytest.mark.parametrize("last", [0, -1, 1.5, True])
def test_the_mean_is_of_a_whole_number_of_values(last):
    with pytest.raises(BadInput, match="whole number"):
        runs().endpoints(last=last)


def test_a_run_that_ends_in_nan_has_no_mean_either():
    ends = runs(loss=[5.0, 4.5, float("nan"), 4.5, 4.0, 3.8, 4.0, 3.6, 3.4]).endpoints(last=2)
    assert set_aside(ends) == {"diverged: loss is NaN": 1}
    recovered = runs(loss=[5.0, float("nan"), 4.2, 4.5, 4.0, 3.8, 4.0, 3.6, 3.4]).endpoints()
    assert len(recovered) == 3


def test_curves_keep_what_is_not_finished_and_drop_what_diverged():
    table = runs(state=["finished", "crashed", "finished"], loss=[5, 4.5, 4.2, 4.5, 4, 3.8, 4, 3.6, 9.4])
    assert len(table.curves()) == 6 and table.curves().reduction == "curves"
    assert set_aside(table.curves()) == {"diverged: loss ends far above the best value of the run": 3}


def test_compute_of_a_checkpoint_is_its_own():
    curves = runs().curves()
    np.testing.assert_allclose(curves.columns["flops"], 6 * curves.columns["params"] * curves.columns["tokens"])


def test_reductions_by_name():
    table = runs()
    assert table.reduced("curves").digest == table.curves().digest
    with pytest.raises(UnknownName, match="Did you mean 'curves'"):
        table.reduced("curve")


def test_nothing_left_names_the_reasons():
    with pytest.raises(BadTable, match="3 unfinished: crashed"):
        runs(state=["crashed"] * 3).endpoints()


def test_smoothing_is_a_trailing_mean():
    smooth = runs().smooth(2)
    np.testing.assert_allclose(smooth.evals["value"][:3], [5.0, 4.75, 4.35])
    assert smooth.notes[-1].startswith("each value is a trailing mean over up to 2")
    with pytest.raises(BadInput, match="whole number"):
        runs().smooth(0)


def test_rows_that_look_like_checkpoints_ask_which_run_they_are_of():
    rows = 30
    source = {
        "model": np.repeat(["m1", "m2"], rows).tolist(),
        "params": np.repeat([1e8, 1e9], rows),
        "tokens": np.tile(np.linspace(1e9, 3e10, rows), 2),
        "loss": np.linspace(4, 3, 2 * rows),
    }
    with pytest.raises(BadInput, match=r"checkpoints of 2 runs that the column 'model' names.*RUNS_CHECKPOINTS"):
        load_runs(source)
    assert len(load_runs(source, columns={"run": "model"})) == 2
    assert len(load_runs(source, columns={"run": None})) == 60
    swept = {**source, "tokens": np.repeat([1e9, 3e10], rows)}
    assert len(load_runs(swept)) == 60
