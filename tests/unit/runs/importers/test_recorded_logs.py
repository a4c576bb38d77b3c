"""The values that the real packages wrote are the values that are read."""

import json
import math
from pathlib import Path

import pytest

import scalelaw as sl

LOGS = Path(__file__).parents[3] / "data" / "importers"
RUNS = {"ladder-1m": (1e6, 500), "ladder-3m": (3e6, 1500), "ladder-9m": (9e6, 4500)}
BATCH_TOKENS = 524_288


def loss(params, tokens):
    return 1.8 + 480 / params**0.35 + 2085 / tokens**0.366


def evaluations(table, target="loss"):
    """Return run -> [(steps, tokens, value)]."""
    found = {}
    evals = table.evals
    for run, name, steps, tokens, value in zip(
        evals["run"], evals["target"], evals["steps"], evals["tokens"], evals["value"], strict=True
    ):
        if name == target:
            found.setdefault(table.runs["run"][run], []).append((steps, tokens, value))
    return found


@pytest.mark.parametrize(
    ("log", "rel"),
    [
        ("wandb_offline", 1e-12),
        ("mlflow_folder", 1e-12),
        ("mlflow_sqlite/mlflow.db", 1e-12),
        ("trackio/ladder.db", 1e-12),
        ("tensorboard", 1e-6),  # event files hold 32-bit floats
    ],
)
@pytest.mark.filterwarnings("ignore:.*RUNS_MOSTLY_MISSING")  # two of its three runs state no params
def test_every_evaluation_is_read_as_it_was_logged(log, rel):
    table = sl.load_runs(LOGS / log)
    found = evaluations(table)
    assert set(found) == set(RUNS)
    for name, (params, last) in RUNS.items():
        killed = log == "wandb_offline" and name == "ladder-9m"
        steps = [
            last * part // 10 for part in range(2, 5 if killed else 11, 2)
        ]  # a step is written when the next begins
        logged = [entry for entry in found[name] if not math.isnan(entry[2])]
        assert [entry[0] for entry in logged] == steps
        assert [entry[1] for entry in logged] == [step * BATCH_TOKENS for step in steps]
        wanted = [loss(params, step * BATCH_TOKENS) for step in steps]
        assert [entry[2] for entry in logged] == pytest.approx(wanted, rel=rel)


@pytest.mark.parametrize("log", ["wandb_offline", "mlflow_folder", "mlflow_sqlite/mlflow.db", "trackio/ladder.db"])
def test_settings_become_columns(log):
    runs = sl.load_runs(LOGS / log).runs
    by_run = dict(zip(runs["run"], zip(runs["params"], runs["planned_steps"], runs["lr"], strict=True), strict=True))
    assert by_run == {name: (params, last, 1e-3) for name, (params, last) in RUNS.items()}


def test_a_killed_run_is_not_finished():
    runs = sl.load_runs(LOGS / "wandb_offline").runs
    assert dict(zip(runs["run"], runs["state"], strict=True)) == {
        "ladder-1m": "finished", "ladder-3m": "finished", "ladder-9m": "crashed",
    }  # fmt: skip


@pytest.mark.parametrize("log", ["mlflow_folder", "mlflow_sqlite/mlflow.db"])
def test_mlflow_keeps_a_nan_and_marks_what_was_deleted(log):
    table = sl.load_runs(LOGS / log)
    assert [math.isnan(value) for _, _, value in evaluations(table)["ladder-3m"]] == [False, True, *4 * [False]]
    assert dict(zip(table.runs["run"], table.runs["state"], strict=True))["ladder-9m"] == "deleted"


def test_a_database_being_written_is_read_with_its_log_and_left_alone(tmp_path):
    import shutil
    import sqlite3

    shutil.copy(LOGS / "trackio" / "ladder.db", tmp_path / "live.db")
    writer = sqlite3.connect(tmp_path / "live.db")
    writer.execute("pragma journal_mode = wal")
    writer.execute("pragma wal_autocheckpoint = 0")
    writer.execute(
        "insert into metrics (run_id, timestamp, run_name, step, metrics)"
        """ values ('new', '2026-01-01', 'new', 10, '{"val/loss": 3.5}')"""
    )
    writer.commit()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "new" in sl.load_runs(tmp_path / "live.db").runs["run"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    writer.close()


@pytest.mark.filterwarnings("ignore:.*RUNS_MOSTLY_MISSING")  # two of its three runs state no params
def test_hyperparameters_of_tensorboard_are_settings():
    runs = sl.load_runs(LOGS / "tensorboard").runs
    assert runs["params"][list(runs["run"]).index("ladder-9m")] == 9e6


def test_sizes_are_those_the_real_models_have():
    runs = sl.load_runs(LOGS / "hf_trainer").runs
    for name, params in zip(runs["run"], runs["params"], strict=True):
        assert params == json.loads((LOGS / "hf_trainer" / name / "expected.json").read_text())["params"]


def test_the_trainer_is_read_from_its_last_state():
    table = sl.load_runs(LOGS / "hf_trainer")
    state = json.loads((LOGS / "hf_trainer" / "tiny-16" / "trainer_state.json").read_text())
    logged = [entry for entry in state["log_history"] if "eval_loss" in entry]
    wanted = [(entry["step"], entry["num_input_tokens_seen"], entry["eval_loss"]) for entry in logged]
    assert evaluations(table)["tiny-16"] == wanted


def test_results_below_a_hidden_folder_are_found():
    table = sl.load_runs(LOGS / "lm_eval")
    content = json.loads(next((LOGS / "lm_eval").rglob("*.json")).read_text())
    assert table.runs["run"].tolist() == ["./x"]
    assert table.runs["params"].tolist() == [content["config"]["model_num_parameters"]]
    assert table.targets == ("score@made_up", "score@made_up:acc_norm")
    assert table.evals["value"][0] == content["results"]["made_up"]["acc,none"]
    assert table.evals["se"][0] == content["results"]["made_up"]["acc_stderr,none"]
    assert table.evals["n_items"][0] == content["n-samples"]["made_up"]["effective"] == 6


def test_a_cut_log_says_so(tmp_path):
    for log, name in (("wandb_offline/run-ladder-1m.wandb", "r.wandb"), ("tensorboard/ladder-1m", "x.tfevents.1")):
        source = LOGS / log
        content = (next(source.iterdir()) if source.is_dir() else source).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
        assert any("ends inside" in note for note in sl.load_runs(tmp_path / name, importer=None).notes)
