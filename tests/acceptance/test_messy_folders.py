"""The three messy folders, as a user has them: counts, reasons and fitted values are those their README states."""

import shutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadTable, ScalelawWarning

MESSY = Path(__file__).parents[1] / "data" / "messy"
WANDB, TRAINER, MLFLOW = MESSY / "01_wandb_wide", MESSY / "15_hf_trainer", MESSY / "16_mlflow"

# README: values in the log, runs, what is set aside, and E, alpha, beta of a quick fit with what they may differ by.
STATED = {
    WANDB: (258, 23, {"unfinished": 1, "no loss": 1, "no params": 1}, (1.829, 0.365, 0.370), (0.026, 0.014, 0.008)),
    TRAINER: (44, 8, {"no tokens": 1, "unfinished": 1}, (1.67, 0.323, 0.357), (0.25, 0.071, 0.029)),
    MLFLOW: (58, 10, {"unfinished": 1, "deleted": 1}, (1.870, 0.365, 0.368), (0.071, 0.029, 0.011)),
}
FITTED = {WANDB: 20, TRAINER: 6, MLFLOW: 8}


def truth(params, tokens):
    return 1.80 + 480 / params**0.35 + 2085 / tokens**0.366


def kept(folder):
    """Return what a fit in N and D sees."""
    return sl.load_runs(folder).endpoints().complete(["params", "tokens"])


@pytest.mark.parametrize("folder", STATED, ids=lambda folder: folder.name)
def test_counts_and_reasons(folder):
    values, runs, reasons, _, _ = STATED[folder]
    table, left = sl.load_runs(folder), kept(folder)
    assert (len(table.evals["value"]), len(table)) == (values, runs)
    counted = Counter()
    for gone in left.set_aside:
        counted[gone.reason.partition(":")[0]] += gone.n
    assert counted == reasons
    assert len(left) == FITTED[folder] == runs - sum(reasons.values())


@pytest.mark.parametrize("folder", STATED, ids=lambda folder: folder.name)
def test_the_kept_points_lie_on_the_law(folder):
    left = kept(folder)
    off = left.y / truth(left.columns["params"], left.columns["tokens"]) - 1
    assert np.abs(off).max() < 0.01


@pytest.mark.parametrize("folder", STATED, ids=lambda folder: folder.name)
def test_a_fit_gives_what_the_readme_states(folder):
    _, _, _, coef, spread = STATED[folder]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ScalelawWarning)
        fitted = sl.fit("chinchilla", sl.load_runs(folder), draws=0)
    found = dict(zip((c.name for c in fitted.law.coefs), fitted.coef, strict=True))
    for name, value, sd in zip(("E", "alpha", "beta"), coef, spread, strict=True):
        assert abs(found[name] - value) <= 3 * sd, f"{name} is {found[name]:.4f}, not {value} +- {sd}"
    few = any("DESIGN_FEW_ROWS" in str(warning.message) for warning in told)
    assert few or folder is not TRAINER


def test_a_name_with_a_dash_in_it_and_the_range_columns():
    table = sl.load_runs(WANDB)
    assert "lm - calm-river-3" in table.runs["run"]
    assert not any("__M" in name for name in (*table.runs["run"], *table.targets, *table.runs))


def test_a_chart_without_its_runs_table_is_refused(tmp_path):
    shutil.copy(WANDB / "history.csv", tmp_path)
    for source in (tmp_path, tmp_path / "history.csv"):
        with pytest.raises(BadTable, match="without params and tokens; export the runs table"):
            sl.load_runs(source)


def test_a_chart_finds_its_runs_table_beside_it():
    assert len(sl.load_runs(WANDB / "history.csv")) == 23


def test_the_trainer_folders_give_the_sizes_and_ends_of_the_readme():
    wanted = {
        "run-a": (7047424, 2951424, 209715200, 5.5944), "run-b": (8523008, 4427008, 1258291200, 4.5840),
        "run-c": (16323456, 10179456, 786432000, 4.4066), "run-d": (31793664, 23601664, 524288000, 4.2715),
        "run-e": (31793664, 23601664, 3145728000, 3.6438), "run-f": (55719040, 45479040, 629145600, 3.9910),
        "run-g": (19716480, 13572480, None, 4.0412), "run-h": (91933440, 79645440, 349700096, 4.2144),
    }  # fmt: skip
    table = sl.load_runs(TRAINER)
    columns = (table.runs[name] for name in ("run", "params", "params_non_embedding", "tokens"))
    for run, params, non_embedding, tokens, loss in zip(*columns, table.values("loss"), strict=True):
        seen = None if np.isnan(tokens) else int(tokens)
        assert (int(params), int(non_embedding), seen, round(loss, 4)) == wanted[run]


def test_what_the_trainer_would_give_for_tokens_is_offered_and_not_assumed():
    notes = [note for note in sl.load_runs(TRAINER).notes if note.startswith("run-g")]
    assert len(notes) == 1 and "1572864000" in notes[0]


def test_the_end_of_an_mlflow_run_is_its_largest_step():
    table = sl.load_runs(MLFLOW)
    last = dict(zip(table.runs["run"], table.values("loss"), strict=True))
    assert last["rung-2"] == pytest.approx(4.722665, abs=1e-6)
    assert last["rung-4"] == pytest.approx(3.860807, abs=1e-6)
    assert last["rung-6"] == pytest.approx(3.150545, abs=1e-6)
    assert len(np.unique(table.evals["value"][np.isfinite(table.evals["value"])])) == 57


def test_the_folder_itself_the_experiment_and_its_parent_are_one_source():
    experiment = next(path for path in (MLFLOW / "mlruns").iterdir() if len(path.name) > 1)
    runs = [sl.load_runs(path).runs["run"].tolist() for path in (MLFLOW, MLFLOW / "mlruns", experiment)]
    assert runs[0] == runs[1] == runs[2]
