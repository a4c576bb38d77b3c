"""Results of evaluation harnesses: metrics and numbers of shots stay apart, with items and standard errors."""

import json

import pytest

from scalelaw.runs.importers._registry import find, get


def lm_eval(folder, name, results, shots, items, version="0.4.5"):
    path = folder / f"results_{name}.json"
    content = {
        "results": results, "configs": {}, "versions": {task: 1 for task in results}, "n-shot": shots,
        "n-samples": {task: {"original": n, "effective": n} for task, n in items.items()},
        "config": {"model_args": f"pretrained={name}", "model_num_parameters": 1000}, "date": 1.7e9,
        "lm_eval_version": version, "git_hash": "abc123",
    }  # fmt: skip
    path.write_text(json.dumps(content))


def olmes(folder, model, tasks):
    (folder / model).mkdir()
    lines = [
        json.dumps({"task_name": task, "task_hash": "h", "model_config": {"model": model, "revision": None},
                    "task_config": {"task_name": task, "primary_metric": primary, "num_shots": 5,
                                    "metadata": {"alias": f"{task}::olmes"}},
                    "num_instances": 1000, "metrics": {**metrics, "primary_score": metrics[primary]}})
        for task, primary, metrics in tasks
    ]  # fmt: skip
    (folder / model / "metrics-all.jsonl").write_text("\n".join(lines) + "\n")
    (folder / model / "task-000-x-metrics.json").write_text(lines[0])


def columns(source, importer):
    raw = get(importer).read(str(source))
    return {name: column.values.tolist() for name, column in raw.columns.items()}, raw.notes


def test_acc_and_acc_norm_of_different_models_are_targets_of_their_own(tmp_path):
    lm_eval(tmp_path, "a", {"piqa": {"acc,none": 0.7, "acc_norm,none": 0.8}}, {"piqa": 0}, {"piqa": 1838})
    lm_eval(tmp_path, "b", {"piqa": {"acc_norm,none": 0.9, "acc_norm_stderr,none": 0.01}}, {"piqa": 0}, {"piqa": 1838})
    found, _ = columns(tmp_path, "lm_eval")
    assert found["score@piqa"][0] == 0.7 and not found["score@piqa"][1] == 0.9
    assert found["score@piqa:acc_norm"] == [0.8, 0.9] and found["n_items_piqa:acc_norm"] == [1838, 1838]
    assert found["harness"] == ["lm-eval 0.4.5"] * 2 and found["harness_commit"] == ["abc123"] * 2


def test_zero_shot_and_five_shot_results_are_targets_of_their_own(tmp_path):
    for name, shots in (("a", 0), ("b", 5)):
        lm_eval(tmp_path, name, {"mmlu": {"acc,none": 0.3}}, {"mmlu": shots}, {"mmlu": 14042})
    found, notes = columns(tmp_path, "lm_eval")
    assert {"score@mmlu:0shot", "score@mmlu:5shot"} <= set(found) and "score@mmlu" not in found
    assert any("several numbers of shots" in note for note in notes)


def test_olmes_metrics_are_read_with_items_bits_and_log_probabilities(tmp_path):
    for at, model in enumerate(("a", "b")):
        arc = {
            "acc_raw": 0.3,
            "acc_uncond": 0.33 + at / 10,
            "bits_per_byte_corr": 0.9 - at / 10,
            "sum_logits_corr": -12.0,
        }
        gsm = {"exact_match": 0.1, "exact_match_stderr": 0.01}
        olmes(tmp_path, model, [("arc_challenge", "acc_uncond", arc), ("gsm8k", "exact_match", gsm)])
    assert find(str(tmp_path)).name == "olmes"
    found, _ = columns(tmp_path, "olmes")
    assert found["run"] == ["a", "b"]
    assert found["score@arc_challenge::olmes"] == pytest.approx([0.33, 0.43])
    assert found["score@arc_challenge::olmes:acc_raw"] == [0.3, 0.3]
    assert found["bpb@arc_challenge::olmes"] == pytest.approx([0.9, 0.8])
    assert found["logprob@arc_challenge::olmes"] == [-12.0] * 2
    assert found["n_items_gsm8k::olmes"] == [1000] * 2 and found["score@gsm8k::olmes_stderr"] == [0.01] * 2
    assert find(str(tmp_path / "a" / "task-000-x-metrics.json")).name == "olmes"
