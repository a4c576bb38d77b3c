"""Misuse of scores: percent, errors for scores, unknown items, wrong chance, pooled ways to evaluate."""

import warnings

import numpy as np
import pytest

from scalelaw.core.errors import NeedsAnswer
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.review import review_runs


def world(seed=0, chance=0.25, items=5000, runs=12):
    """Return sizes, tokens and binomial scores of a benchmark that is learned smoothly."""
    rng = np.random.default_rng(seed)
    params = np.sort(np.exp(rng.uniform(np.log(1e8), np.log(2e10), runs)))
    at = np.log(np.exp(rng.uniform(np.log(1e9), np.log(1e10))))
    true = chance + (0.95 - chance) / (1 + np.exp(-1.5 * (np.log(params) - at)))
    return {"params": params, "tokens": 20 * params}, rng.binomial(items, true) / items


def codes(columns, **options):
    return [found.code for found in review_runs(columns, **options).findings]


SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_honest_table_has_no_finding(seed):
    for name, chance in (("mmlu", 0.25), ("piqa", 0.5), ("gsm8k", 0.0), ("ours", 0.3)):
        sizes, score = world(seed, chance)
        given = {"chance": {"ours": 0.3}} if name == "ours" else {}
        column = f"score@{name}"
        assert codes({**sizes, column: score, f"n_items_{name}": [5000] * 12}, **given) == []
        assert codes({**sizes, f"error@{name}": 1 - score, f"n_items_{name}": [5000] * 12}, **given) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("column", ["mmlu", "score@mmlu", "acc_mmlu", "err_mmlu"])
def test_percent_is_asked_and_its_unit_read(seed, column):
    sizes, score = world(seed)
    values = 1 - score if column == "err_mmlu" else score
    table = {**sizes, column: 100 * values, "n_items_mmlu": [5000] * 12}
    assert codes(table) == ["RUNS_PERCENT"]
    with pytest.raises(NeedsAnswer, match="percent") as asked:
        load_runs(table)
    answer = asked.value.findings[0].answers[0].settings
    assert load_runs(table, **answer).evals["value"] == pytest.approx(values)


def test_one_impossible_score_is_excluded_not_asked_about():
    sizes, score = world()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = load_runs({**sizes, "mmlu": [*score[:-1], 1.7], "n_items_mmlu": [5000] * 12})
    assert len(runs.endpoints()) == 11


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "chance"), [("mmlu", 0.25), ("gsm8k", 0.0), ("piqa", 0.5)])
def test_errors_called_scores_and_scores_called_errors_are_found(seed, name, chance):
    sizes, score = world(seed, chance)
    items = {f"n_items_{name}": [5000] * 12}
    assert codes({**sizes, f"score@{name}": 1 - score, **items}) == ["RUNS_TURNED_SCORE"]
    assert codes({**sizes, f"error@{name}": score, **items}) == ["RUNS_TURNED_SCORE"]


def test_the_remedy_of_a_turned_score_works():
    sizes, score = world()
    table = {**sizes, "mmlu": 1 - score, "n_items_mmlu": [5000] * 12}
    assert "--column error@mmlu=mmlu" in review_runs(table).findings[0].fix
    mended = load_runs(table, columns={"error@mmlu": "mmlu"})
    assert mended.targets == ("error@mmlu",) and mended.endpoints().findings == ()
    assert mended.endpoints().columns["n_items"].tolist() == [5000] * 12


def test_a_score_that_falls_below_chance_from_chance_is_inverse_scaling():
    sizes, _ = world()
    score = 0.25 - 0.02 * np.arange(12) / 11
    assert "RUNS_TURNED_SCORE" not in codes({**sizes, "mmlu": score, "n_items_mmlu": [5000] * 12})


def test_unknown_items_are_one_finding_for_all_targets():
    sizes, score = world()
    table = {**sizes, **{f"score@task{number}": score for number in range(5)}}
    found = review_runs(table).findings
    assert [each.code for each in found] == ["RUNS_NO_ITEMS"]
    assert "2 more targets" in found[0].message
    assert codes({**sizes, "mmlu": score, "mmlu_stderr": [0.006] * 12}) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_chance_above_many_scores_is_found(seed):
    sizes, score = world(seed, chance=0.2)
    low = np.minimum(score, 0.21)
    table = {**sizes, "score@ours": low, "n_items_ours": [5000] * 12}
    assert codes(table, chance={"ours": 0.5}) == ["RUNS_BELOW_CHANCE"]
    assert codes(table, chance={"ours": 0.2}) == []


def test_the_chance_of_an_argument_judges_the_rows_again():
    from scalelaw.runs.chance import chance_of_rows

    sizes, _ = world()
    rows = load_runs({**sizes, "siqa": np.full(12, 0.34), "n_items_siqa": [1954] * 12}, chance=0.5).endpoints()
    assert [found.code for found in rows.findings] == ["RUNS_BELOW_CHANCE"]
    assert chance_of_rows(rows, 1 / 3).findings == ()


@pytest.mark.parametrize(
    ("column", "levels"),
    [("shots", [0, 5]), ("num_fewshot", [0, 25]), ("n-shot", ["0", "5"]), ("metric", ["acc", "acc_norm"]),
     ("harness", ["lm-eval", "olmes"]), ("benchmark", ["mmlu", "piqa"]), ("task", ["mmlu", "piqa"])],
)  # fmt: skip
def test_one_target_that_pools_ways_to_evaluate_is_found(column, levels):
    sizes, score = world()
    table = {**sizes, "mmlu": score, "n_items_mmlu": [5000] * 12, column: levels * 6}
    assert "RUNS_POOLED_SCORES" in codes(table)
    one = load_runs(table).where(**{column: levels[0]})
    assert "RUNS_POOLED_SCORES" not in [found.code for found in one.endpoints().findings]
    assert "RUNS_POOLED_SCORES" not in codes({**table, column: levels[:1] * 12})


def test_names_of_runs_that_state_other_shots_are_found():
    sizes, score = world()
    names = [f"m{number} ({0 if number % 2 else 5}-shot)" for number in range(12)]
    assert codes({"run": names, **sizes, "mmlu": score, "n_items_mmlu": [5000] * 12}) == ["RUNS_POOLED_SCORES"]
