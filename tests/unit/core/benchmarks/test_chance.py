"""The table of chance levels: names as harnesses spell them, levels by harness, sourced values."""

import tomllib
from importlib import resources

import pytest

from scalelaw.core.benchmarks import chance
from scalelaw.core.benchmarks.chance import find, harness_of, is_benchmark
from scalelaw.core.benchmarks.spelt import read_benchmark

SOURCED = {
    "mmlu": 0.25, "hellaswag": 0.25, "arc_challenge": 0.25, "arc_easy": 0.25, "winogrande": 0.5, "gpqa": 0.25,
    "mmlu_pro": 0.1, "gsm8k": 0.0, "math": 0.0, "ifeval": 0.0, "piqa": 0.5, "lambada": 0.0,
}  # fmt: skip
LEADERBOARD = {"truthfulqa": 0.31, "bbh": 0.2885, "musr": 0.3433}
SPELLINGS = (
    "{}", "{}:0shot", "{}:25shot", "{}_zeroshot", "{}_acc_norm", "{}:acc_norm", "{} (5-shot)", "{}:mc::olmes",
    "{}:rc::olmes", "leaderboard_{}", "lighteval|{}|5|0", "score@{}", "error@{}_5_shot", "{}-10-shot",
)  # fmt: skip


@pytest.mark.parametrize(("name", "level"), SOURCED.items())
def test_levels_are_those_of_published_code(name, level):
    assert find(name).chance == level


@pytest.mark.parametrize(("name", "level"), LEADERBOARD.items())
def test_a_level_that_only_a_leaderboard_uses_is_that_of_the_leaderboard_alone(name, level):
    assert find(name).level("open-llm-leaderboard") == level
    assert find(name).level() is None and find(name).level("lm-eval") is None


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", sorted(SOURCED))
def test_every_spelling_finds_the_benchmark(spelling, name):
    assert find(spelling.format(name)).name == name
    assert find(spelling.format(name.upper().replace("_", "-"))).name == name


@pytest.mark.parametrize(
    ("name", "whole"),
    [("mmlu_abstract_algebra", "mmlu"), ("hendrycksTest-anatomy", "mmlu"), ("mmlu_pro_law", "mmlu_pro"),
     ("leaderboard_gpqa_main", "gpqa"), ("minerva_math_algebra", "math")],
)  # fmt: skip
def test_parts_have_the_chance_of_the_whole(name, whole):
    assert find(name).name == whole


@pytest.mark.parametrize("name", ["pile", "c4_val", "my_suite", "mathvista", "", "loss", "hellaswag2000x"])
def test_other_names_are_no_benchmark(name):
    assert find(name) is None


def test_harnesses_with_other_choices_differ_and_no_name_means_no_level():
    for name, usual in (("siqa", 1 / 3), ("commonsense_qa", 0.2), ("math_qa", 0.2), ("bbq", 1 / 3)):
        found = find(name)
        assert found.level() is None and found.level("lm-eval") == usual
        assert found.level("llm-foundry") > usual


def test_the_names_of_tasks_show_the_harness():
    assert harness_of(["score@siqa", "error@bigbench_operators"]) == "llm-foundry"
    assert harness_of(["score@arc:easy"]) == "lighteval"
    assert harness_of(["score@siqa", "score@mmlu"]) == ""


@pytest.mark.parametrize("column", ["drop", "race", "math", "wsc", "nq", "mmlu_se", "mmlu_loss", "mmlu_anatomy", "cb"])
def test_columns_that_may_be_something_else_are_not_read_as_scores(column):
    assert not is_benchmark(column)


def test_shots_and_metric_are_read():
    assert read_benchmark("mmlu_zeroshot").shots == 0
    assert read_benchmark("arc_challenge:25shot").shots == 25
    assert read_benchmark("hellaswag 10-shots").shots == 10
    assert read_benchmark("score@piqa:acc_norm").metric == "acc_norm"
    assert read_benchmark("piqa").metric == "" and read_benchmark("piqa").shots is None


def test_the_table_is_whole():
    content = tomllib.loads(resources.files("scalelaw.core.benchmarks").joinpath("levels.toml").read_text("utf-8"))
    assert str(content.pop("date")) == chance.date()
    names = {key: {key, *entry.get("names", ())} for key, entry in content.items()}
    spelt = [each for of in names.values() for each in {name.replace("_", "") for name in of}]
    assert len(set(spelt)) == len(spelt), "a spelling belongs to one benchmark"
    for entry in content.values():
        levels = [entry.get("chance"), *(each.get("chance") for each in entry.values() if isinstance(each, dict))]
        assert all(0 <= level < 1 for level in levels if level is not None)
        assert entry["source"]
