"""Scores by item: samples of the harness and tables of 0 and 1."""

import json

import numpy as np
import pytest

from scalelaw.core.errors import BadTable
from scalelaw.runs.items import load_items
from scalelaw.runs.reading.load import load_runs


def samples(path, rng, items, choices=4):
    """Write samples of one model, and return (right, log-probability, share of choices) of each item."""
    truth, lines = [], []
    for item in range(items):
        logprobs, target = rng.normal(-5, 2, choices), int(rng.integers(choices))
        right = float(np.argmax(logprobs) == target)
        truth.append((right, logprobs[target], np.exp(logprobs[target]) / np.exp(logprobs).sum()))
        shown = [[str(each), str(each == logprobs.max())] if item % 2 else [float(each), False] for each in logprobs]
        record = {"doc_id": item, "target": str(target) if item % 2 else target, "resps": [[each] for each in shown]}
        lines.append(json.dumps({**record, "filtered_resps": shown, "acc": right, "acc_norm": 1 - right}))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return np.array(truth)


def test_samples_of_several_models_and_tasks(tmp_path, rng):
    truth = {}
    for run in ("small", "org__large"):
        for task, items in (("piqa", 30), ("arc_easy", 17)):
            name = f"samples_{task}_2026-11-22T02-32-45.579909.jsonl"
            truth[run, task] = samples(tmp_path / run / name, rng, items, 2 if task == "piqa" else 4)
    found = load_items(tmp_path)
    assert set(found) == {"piqa", "arc_easy"}
    for task, scores in found.items():
        assert set(scores.runs) == {"small", "org__large"}
        for at, run in enumerate(scores.runs):
            for values, wanted in zip(
                (scores.correct, scores.logprob, scores.p_choices), truth[run, task].T, strict=True
            ):
                assert values[:, at] == pytest.approx(wanted)
        columns = scores.to_columns()
        assert columns[f"n_items_{task}"].tolist() == [len(scores.items)] * 2
        q = scores.correct.mean(axis=0)
        assert columns[f"score@{task}_stderr"] == pytest.approx(np.sqrt(q * (1 - q) / len(scores.items)))
        assert columns[f"logprob@{task}"] == pytest.approx(scores.logprob.mean(axis=0))


def test_the_columns_of_items_load_as_runs(rng):
    made = rng.integers(0, 2, (40, 3))
    table = {"item": [f"q{row}" for row in range(40)], **{f"m{at}": made[:, at].tolist() for at in range(3)}}
    scores = load_items(table, "ours")["ours"]
    runs = load_runs({**scores.to_columns(), "params": [1e8, 1e9, 1e10], "tokens": [2e9, 2e10, 2e11]})
    ends = runs.endpoints("score@ours")
    assert ends.y == pytest.approx(made.mean(axis=0)) and ends.columns["n_items"].tolist() == [40] * 3


def test_a_missing_answer_is_no_wrong_answer(tmp_path):
    path = tmp_path / "quiz.csv"
    path.write_text("question_id,a,b,difficulty\n1,1,0,0.3\n2,,1,0.4\n3,1,1,0.9\n")
    scores = load_items(path)["quiz"]
    assert scores.runs == ("a", "b") and scores.items == ("1", "2", "3")
    assert scores.to_columns()["n_items_quiz"].tolist() == [2, 3]
    assert scores.to_columns()["score@quiz"] == pytest.approx([1.0, 2 / 3])


def test_other_files_are_refused(tmp_path):
    with pytest.raises(BadTable, match="--log_samples"):
        load_items(tmp_path)
    with pytest.raises(BadTable, match="0 and 1"):
        load_items({"item": [1, 2], "score": [0.3, 0.4]})
    (tmp_path / "samples_x.jsonl").write_text('{"doc_id": 1, "acc": 1}\n{"doc_')
    with pytest.raises(BadTable, match="line 2"):
        load_items(tmp_path)


@pytest.mark.parametrize(
    ("right", "items"),
    [("n_correct_mmlu", "n_items_mmlu"), ("correct@mmlu", "n_items_mmlu"), ("num_correct_mmlu", "total_mmlu"),
     ("mmlu_n_correct", "mmlu_n_items"), ("correct_mmlu", "n_questions_mmlu")],
)  # fmt: skip
def test_correct_counts_are_scores_with_items(rng, right, items):
    correct = rng.integers(10, 90, 4)
    table = {"params": [1e8, 1e9, 2e9, 1e10], "tokens": [2e9, 2e10, 2e10, 2e11], right: correct, items: [100] * 4}
    ends = load_runs(table).endpoints("score@mmlu")
    assert ends.y == pytest.approx(correct / 100) and ends.columns["n_items"].tolist() == [100] * 4
    assert ends.columns["chance"].tolist() == [0.25] * 4


def test_counts_that_cannot_be_correct_answers_are_no_score():
    table = {"params": [1e8, 1e9], "tokens": [2e9, 2e10], "loss": [3.0, 2.0], "n_correct": [5, 7], "total": [3, 9]}
    assert load_runs(table).targets == ("loss",)
