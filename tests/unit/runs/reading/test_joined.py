"""A table of runs joined with results of evaluations."""

import json

import pytest

from scalelaw.core.errors import BadInput
from scalelaw.runs.reading.load import load_runs


def results(folder, name, score, items=100):
    (folder / name).mkdir(parents=True, exist_ok=True)
    content = {
        "results": {"mmlu": {"acc,none": score, "acc_stderr,none": 0.01}}, "configs": {}, "n-shot": {"mmlu": 5},
        "n-samples": {"mmlu": {"original": items, "effective": items}},
        "config": {"model_args": f"pretrained=/models/{name}"},
    }  # fmt: skip
    (folder / name / "results_1.json").write_text(json.dumps(content))


def test_scores_join_the_end_of_the_run_of_the_same_name(tmp_path):
    lines = [f"{run},{size},{tokens},{loss}" for run, size in (("Small", 1e8), ("large", 1e9))
             for tokens, loss in ((1e9, 3.5), (2e9, 3.0))]  # fmt: skip
    (tmp_path / "runs.csv").write_text("run,params,tokens,loss\n" + "\n".join(lines) + "\n")
    for name, score in (("small", 0.26), ("large", 0.4), ("other", 0.9)):
        results(tmp_path / "evals", name, score)
    for order in (1, -1):
        runs = load_runs([str(tmp_path / "runs.csv"), tmp_path / "evals"][::order])
        assert runs.targets == ("loss", "score@mmlu")
        ends = runs.endpoints("score@mmlu")
        assert dict(zip(ends.run_names(), ends.y, strict=True)) == {"Small": 0.26, "large": 0.4}
        assert ends.columns["n_items"].tolist() == [100, 100] and ends.columns["chance"].tolist() == [0.25, 0.25]
        assert ends.columns["tokens"].tolist() == [2e9, 2e9]
        assert any("1 other run of it is left out" in note for note in runs.notes)


def test_names_that_do_not_agree_are_refused(tmp_path):
    (tmp_path / "runs.csv").write_text("run,params,tokens,loss\na,1e8,2e9,3\nb,1e9,2e10,2.5\n")
    results(tmp_path / "evals", "small", 0.3)
    with pytest.raises(BadInput, match="give them the same names"):
        load_runs([tmp_path / "runs.csv", tmp_path / "evals"])
    with pytest.raises(BadInput, match="0 of the 2 sources"):
        load_runs([tmp_path / "evals", tmp_path / "evals"])


def test_scores_alone_name_the_join(tmp_path):
    results(tmp_path / "evals", "small", 0.3)
    with pytest.raises(BadInput, match=r'sl.load_runs\(\["runs.csv", "evals"\]\)'):
        load_runs(tmp_path / "evals")
