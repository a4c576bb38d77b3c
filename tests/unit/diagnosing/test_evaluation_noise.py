"""Noise of scores against planted truths: items, clusters, seeds, checkpoints, verdicts and decisions."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app
from scalelaw.core.benchmarks.item_noise import items_needed, share_se, smallest_gain
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.diagnosing.item_answers import read_answers
from scalelaw.diagnosing.recipe_decisions import agreement
from scalelaw.diagnosing.run_noise import noise_range

SIZES = np.geomspace(5e7, 2e9, 6)


def ladder(scores: Any, **columns: Any) -> dict[str, Any]:
    """Return a table of end points over sizes, one score column."""
    return {"params": SIZES, "tokens": 20 * SIZES, "score@made_up": scores, **columns}


def rising(low: float = 0.3, high: float = 0.7) -> Any:
    return np.linspace(low, high, len(SIZES))


@pytest.mark.parametrize("seed", range(3))
def test_seed_noise_is_that_of_runs_that_differ_only_in_seed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sd, each = rng.uniform(0.003, 0.03), 20
    params = np.repeat(SIZES, each)
    table = {
        "params": params, "tokens": 20 * params, "seed": np.tile(np.arange(each), len(SIZES)),
        "score@made_up": np.repeat(rising(), each) + sd * rng.standard_normal(len(params)),
    }  # fmt: skip
    found = sl.eval_noise(table, n_items=4000)["made_up"]
    assert found.seed_sd == pytest.approx(sd, rel=0.25) and found.seed_settings == len(SIZES)
    assert found.checkpoint_sd is None
    assert found.total_sd == pytest.approx(math.hypot(found.item_sd, found.seed_sd))
    assert found.noise_from == "seeds" and found.smallest_gain_of_runs > found.smallest_gain


def test_runs_that_differ_in_a_setting_show_no_seed_noise() -> None:
    table = {
        "params": np.repeat(SIZES, 2), "tokens": 20 * np.repeat(SIZES, 2), "lr": [1e-3, 2e-3] * len(SIZES),
        "score@made_up": np.repeat(rising(), 2),
    }  # fmt: skip
    assert sl.eval_noise(table, n_items=1000)["made_up"].seed_sd is None


@pytest.mark.parametrize("seed", range(3))
def test_checkpoint_noise_is_the_scatter_around_the_end_of_a_run_not_its_rise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sd, count = rng.uniform(0.002, 0.02), 80
    rows = [
        {"run": f"r{at}", "params": size, "tokens": (1 + step) * size / 4,
         "score@made_up": 0.3 + 0.05 * at + 0.1 * step / count + sd * rng.standard_normal()}
        for at, size in enumerate(SIZES) for step in range(count)
    ]  # fmt: skip
    found = sl.eval_noise(rows, n_items=4000)["made_up"]
    assert found.checkpoint_sd == pytest.approx(sd, rel=0.35) and found.checkpoint_runs == len(SIZES)
    assert found.noise_from == "checkpoints" and found.noise == found.checkpoint_sd
    shuffled = [rows[at] for at in rng.permutation(len(rows))]
    again = sl.eval_noise(shuffled, n_items=4000)["made_up"]
    assert again.checkpoint_sd == pytest.approx(found.checkpoint_sd) and again.verdict == found.verdict


def test_items_come_from_what_is_stated_the_table_the_errors_and_the_benchmark() -> None:
    table = ladder(rising())
    assert sl.eval_noise(table, n_items={"made_up": 500})["made_up"].items_from == "stated"
    column = sl.eval_noise(ladder(rising(), n_items=[700] * len(SIZES)))["made_up"]
    assert (column.items, column.items_from) == (700, "table")
    se = np.sqrt(rising() * (1 - rising()) / (799 - 1))
    errors = sl.eval_noise({**table, "score@made_up_stderr": se})["made_up"]
    assert (errors.items, errors.items_from) == (799, "stderr")
    known = sl.eval_noise({"params": SIZES, "tokens": 20 * SIZES, "score@mmlu": rising()})["mmlu"]
    assert (known.items, known.items_from) == (14042, "benchmark")
    part = sl.eval_noise({"params": SIZES, "tokens": 20 * SIZES, "score@mmlu_abstract_algebra": rising()})
    assert part.tasks[0].items is None, "a part of a benchmark has fewer items"
    assert "EVAL_NO_ITEMS" in {each.code for each in part.findings}


def test_an_error_is_as_noisy_as_its_score() -> None:
    score = sl.eval_noise(ladder(rising()), n_items=900, clusters=(5, 0.3)).tasks[0]
    table = {"params": SIZES, "tokens": 20 * SIZES, "error@made_up": 1 - rising()}
    error = sl.eval_noise(table, n_items=900, clusters=(5, 0.3)).tasks[0]
    assert score.design_effect == pytest.approx(2.2)
    for name in ("item_sd", "smallest_gain", "signal", "total_sd"):
        assert getattr(error, name) == pytest.approx(getattr(score, name))
    assert error.verdict == score.verdict and error.items_needed == score.items_needed


def test_the_gain_of_a_row_is_the_formula_at_its_level() -> None:
    found = sl.eval_noise(ladder(rising(0.3, 0.7)), n_items=1000, level=0.95, gain=0.02)
    row = found.tasks[0]
    assert row.smallest_gain == pytest.approx(smallest_gain(share_se(0.7, 1000), 0.95))
    assert row.items_needed == items_needed(0.02, 0.7, 0.95)
    assert row.interval[0] < 0.7 < row.interval[1]
    assert [each.code for each in found.findings] == ["EVAL_GAIN_TOO_SMALL"]
    assert not sl.eval_noise(ladder(rising(0.3, 0.7)), n_items=1000, gain=0.2).findings


@pytest.mark.parametrize(
    ("scores", "n", "verdict"),
    [
        (rising(0.3, 0.7), 5000, "worth forecasting"),
        (rising(0.24, 0.255), 1000, "not above chance"),
        (rising(0.6, 0.999), 500, "saturated"),
        (0.5 + 0.001 * np.arange(6), 300, "too noisy"),
        (rising(0.3, 0.7), None, "noise unknown"),
    ],
)
def test_verdicts(scores: Any, n: int | None, verdict: str) -> None:
    table = sl.load_runs(ladder(scores), chance=0.25)
    assert sl.eval_noise(table, n_items=n).tasks[0].verdict == verdict


def test_noise_alone_is_not_worth_forecasting() -> None:
    """At level 0.9 one in ten tables of pure noise may spread as far, and few also five times the noise of one."""
    wrong = 0
    for seed in range(60):
        hits = np.random.default_rng(seed).binomial(1000, 0.6, len(SIZES)) / 1000
        wrong += (
            sl.eval_noise(sl.load_runs(ladder(hits), chance=0.25), n_items=1000).tasks[0].verdict.startswith("worth")
        )
    assert wrong <= 2


def test_scores_at_the_ends_and_single_runs_have_noise() -> None:
    zero = sl.eval_noise({"params": SIZES, "tokens": 20 * SIZES, "score@humaneval": 0 * SIZES}).tasks[0]
    assert zero.item_sd > 0 and zero.items_needed == items_needed(0.01, 0.005, 0.9)
    assert zero.interval[0] == 0 and zero.verdict == "not above chance"
    one = sl.eval_noise({"params": [1e9], "tokens": [2e10], "score@mmlu": [0.4]}).tasks[0]
    assert one.verdict == "single run" and one.item_sd == pytest.approx(share_se(0.4, 14042))


def test_the_range_of_noise_is_that_of_simulations() -> None:
    draws = np.ptp(np.random.default_rng(0).standard_normal((20000, 12)), axis=1)
    assert noise_range(12, 0.9) == pytest.approx(np.quantile(draws, 0.9), rel=0.02)
    assert noise_range(1, 0.9) == 0


def answers(
    rng: np.random.Generator, models: int, clusters: int, size: int, rho: float, alike: float
) -> dict[str, Any]:
    """Return per-item answers by a threshold model: items of a cluster and models of an item share a part."""
    of = np.repeat(np.arange(clusters), size)
    shared = np.sqrt(rho) * rng.standard_normal(clusters)[of] + np.sqrt(1 - rho) * rng.standard_normal(len(of))
    right = [np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.standard_normal(len(of)) > 0 for _ in range(models)]
    return {
        "model": np.repeat([f"m{at}" for at in range(models)], len(of)), "doc_id": np.tile(np.arange(len(of)), models),
        "acc": np.concatenate(right).astype(float), "subject": np.tile(of, models),
        "task": ["made_up"] * len(of) * models,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_clusters_and_pairs_are_estimated_from_items(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, alike = int(rng.integers(4, 9)), 0.8
    table = answers(rng, 3, 400, size, 0.5, alike)
    found = sl.eval_noise(ladder(rising()), items=table)["made_up"]
    planted = 2 / np.pi * np.arcsin(alike)
    assert found.item_correlation == pytest.approx(planted, abs=0.06)
    within = 2 / np.pi * np.arcsin(0.5 * alike)
    assert found.design_effect == pytest.approx(1 + (size - 1) * within, rel=0.2)
    assert (found.items, found.items_from) == (400 * size, "per item")
    assert found.smallest_gain == pytest.approx(smallest_gain(found.item_sd, 0.9, found.item_correlation))


def test_items_without_clusters_or_a_second_model_give_only_their_number() -> None:
    table = {"item": np.arange(50), "correct": np.arange(50) % 2}
    found = sl.eval_noise(ladder(rising()), items=table)["made_up"]
    assert (found.items, found.design_effect, found.item_correlation) == (50, 1.0, None)
    one = read_answers({**table, "cluster": np.arange(50)})[""]
    assert one.clusters() is None and one.design_effect() is None


def recipes(order: Any, small_order: Any) -> dict[str, Any]:
    """Return a table of recipes at two sizes, ordered so at the large and the small one."""
    names = [f"mix{at}" for at in range(len(order))]
    return {
        "dataset": names * 2, "params": [1e8] * len(names) + [2e9] * len(names),
        "tokens": [2e9] * len(names) + [4e10] * len(names),
        "score@made_up": [0.3 + 0.02 * at for at in small_order] + [0.6 + 0.02 * at for at in order],
    }  # fmt: skip


@pytest.mark.parametrize("count", [3, 5, 8])
def test_decision_accuracy_counts_pairs(count: int, rng: np.random.Generator) -> None:
    large, small = rng.permutation(count), rng.permutation(count)
    found = sl.eval_noise(recipes(large, small), n_items=1000).decisions
    assert len(found) == 1 and found[0].params == 1e8 and found[0].against == 2e9
    same = np.mean([(large[i] < large[j]) == (small[i] < small[j]) for i in range(count) for j in range(i)])
    assert found[0].share == pytest.approx(same) and found[0].pairs == count * (count - 1) // 2
    low, high = found[0].chance
    assert 0 <= low < 0.5 < high <= 1 and low + high == pytest.approx(1, abs=0.1)
    perfect = sl.eval_noise(recipes(large, large), n_items=1000)
    assert perfect.decisions[0].share == 1 and "100%" in str(perfect)


def test_decisions_are_taken_at_like_tokens_per_param_and_over_seeds() -> None:
    table = recipes([0, 1, 2], [0, 1, 2])
    far = {name: values[:3] for name, values in recipes([0, 1, 2], [2, 1, 0]).items()}
    far["tokens"] = [6e10] * 3
    both = {name: [*values, *far[name]] for name, values in table.items()}
    assert sl.eval_noise(both, n_items=1000).decisions[0].share == 1
    seeds = {name: [*values, *values] for name, values in table.items()} | {"seed": [0] * 6 + [1] * 6}
    seeds["score@made_up"][6:9] = [0.31, 0.33, 0.32]
    assert sl.eval_noise(seeds, n_items=1000).decisions[0].share == 1
    assert sl.eval_noise({**table, "mine": table["dataset"][::-1]}, recipe="mine", n_items=1000).recipe == "mine"


def test_ties_count_half_and_equal_goals_do_not_count() -> None:
    assert agreement(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == (2.5, 3)
    assert agreement(np.array([1.0, 2.0, np.nan]), np.array([1.0, 2.0, 3.0])) == (1.0, 1)
    assert agreement(np.array([1.0, 2.0]), np.array([1.0, 1.0])) == (0.0, 0)
    assert agreement(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 9.0]), 2.0) == (2.0, 2)


def test_one_option_chooses_all_tasks_of_a_metric() -> None:
    table = ladder(rising(), **{"score@other": rising(), "error@third": 1 - rising(), "loss": 4 - rising()})
    assert [task.target for task in sl.eval_noise(table, "score", n_items=100).tasks] == [
        "score@made_up",
        "score@other",
    ]
    assert len(sl.eval_noise(table, n_items=100).tasks) == 3
    loss = sl.eval_noise(table, "loss").tasks[0]
    assert loss.items is None and loss.verdict == "noise unknown" and loss.items_needed is None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"gain": 0}, "gain=0"), ({"gain": 5}, "gain=5"), ({"level": 90}, "90"), ({"n_items": 0.5}, "n_items=0.5"),
        ({"n_items": {"nosuch": 5}}, "nosuch"),
        ({"gain": "much"}, "much"), ({"n_items": "many"}, "many"), ({"clusters": 5}, "5"), ({"n_items": True}, "True"),
        ({"clusters": (0, 0.5)}, "0"), ({"clusters": (3, 2)}, "2"),
        ({"items": {"item": [1], "colour": ["red"]}}, "correct"), ({"items": {"item": [1], "correct": [7]}}, "7"),
        ({"items": {"item": [1], "correct": ["yes"]}}, "yes"), ({"recipe": "nosuch"}, "nosuch"),
        ({"items": {"item": [1], "correct": [1], "task": ["nosuch"]}}, "nosuch"), ({"targets": "nosuch"}, "nosuch"),
        ({"targets": []}, "name at least one"),
    ],
)  # fmt: skip
def test_misuse_is_refused_in_one_line_that_names_the_value(options: dict[str, Any], word: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=word) as error:
        sl.eval_noise(ladder(rising()), **options)
    assert "\n" not in str(error.value)


def test_items_without_tasks_need_one_target() -> None:
    table = ladder(rising(), **{"score@other": rising()})
    with pytest.raises(BadInput, match="task"):
        sl.eval_noise(table, items={"item": [1, 2], "correct": [0, 1]})


def test_a_result_is_a_table_json_and_text() -> None:
    found = sl.eval_noise(ladder(rising(), **{"score@other": rising()}), n_items=1000)
    assert json.loads(json.dumps(found.to_dict()))["schema"] == "scalelaw.eval-noise/1"
    assert len(found.to_columns()["target"]) == 2 and "interval_lo" in found.to_columns()
    text = str(found)
    assert "score@other" in text and "2 of 2 tasks worth forecasting" in text and "seed SD" not in text
    with pytest.raises(KeyError):
        _ = found["nosuch"]
    with pytest.raises(AttributeError):
        found.gain = 0.2  # type: ignore[misc]
    assert replace(found, tasks=()).worth == ()


def test_the_command_prints_one_line_a_task(tmp_path: Path) -> None:
    path, items = tmp_path / "scores.csv", tmp_path / "items.csv"
    lines = [f"{size:.0f},{20 * size:.0f},{score:.4f}" for size, score in zip(SIZES, rising(), strict=True)]
    path.write_text("\n".join(["params,tokens,score@mmlu", *lines]))
    items.write_text("\n".join(["item,correct", *(f"{at},{at % 2}" for at in range(200))]))

    def call(*words: str) -> Any:
        return CliRunner().invoke(app, ["eval-noise", str(path), *words])

    plain = call()
    assert plain.exit_code == 0 and "score@mmlu" in plain.stdout and "14,042" in plain.stdout
    stated = json.loads(call("--n-items", "mmlu=500", "--gain", "0.05", "--level", "0.8", "--json").stdout)
    assert stated["tasks"][0]["items"] == 500 and stated["gain"] == 0.05 and stated["level"] == 0.8
    assert json.loads(call("--items", str(items), "--json").stdout)["tasks"][0]["items"] == 200
    widened = json.loads(call("--cluster-size", "5", "--correlation", "0.3", "--n-items", "100", "--json").stdout)
    assert widened["tasks"][0]["design_effect"] == pytest.approx(2.2) and widened["tasks"][0]["items"] == 100
    assert json.loads(call("--target", "score", "--json").stdout)["tasks"][0]["target"] == "score@mmlu"
    for words in (("--cluster-size", "5"), ("--gain", "2"), ("--target", "score@nosuch"), ("--n-items", "x"),
                  ("--recipe", "nosuch"), ("--items", str(tmp_path / "no.csv"))):  # fmt: skip
        wrong = call(*words)
        assert wrong.exit_code == 2, words
