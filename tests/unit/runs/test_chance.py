"""Where the chance of a score comes from: argument, column, table of benchmarks."""

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, NeedsAnswer, ScalelawWarning, UnknownName
from scalelaw.fitting.observe import observe
from scalelaw.runs.chance import levels, one_chance
from scalelaw.runs.export import export_runs
from scalelaw.runs.reading.load import load_runs

SIZES = {"params": [1e8, 1e9, 1e10], "tokens": [2e9, 2e10, 2e11]}


def table(chance=None, **columns):
    return load_runs({**SIZES, **columns}, chance=chance)


def chance_of(runs, target):
    return runs.endpoints(target).columns["chance"].tolist()


def test_the_table_of_benchmarks_fills_in_and_says_so():
    runs = table(mmlu=[0.26, 0.3, 0.5], piqa=[0.6, 0.7, 0.8])
    assert chance_of(runs, "score@mmlu") == [0.25] * 3
    assert chance_of(runs, "score@piqa") == [0.5] * 3
    assert any("0.25 for mmlu; 0.5 for piqa" in note for note in runs.notes)


def test_an_error_has_the_chance_of_its_score():
    runs = table(err_arc_easy=[0.7, 0.5, 0.3])
    assert runs.targets == ("error@arc_easy",)
    assert chance_of(runs, "error@arc_easy") == [0.25] * 3


def test_an_unknown_benchmark_has_no_chance():
    runs = table(**{"score@ours": [0.3, 0.4, 0.5]})
    assert np.isnan(chance_of(runs, "score@ours")).all()
    assert one_chance(runs.endpoints()) is None


def test_a_column_goes_before_the_table_and_the_argument_before_the_column(seed=3):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        stated, given = rng.uniform(0.01, 0.9, 2)
        column = {"mmlu": [0.26, 0.3, 0.5], "chance_mmlu": [stated] * 3}
        assert chance_of(table(**column), "score@mmlu") == [stated] * 3
        for chance in (float(given), {"mmlu": given}, {"score@mmlu": given}, {"hendrycks_test": given}):
            assert chance_of(table(chance, **column), "score@mmlu") == [given] * 3


def test_a_toml_file_gives_levels_and_may_name_other_benchmarks(tmp_path):
    for text in ("mmlu = 0.2\nother = 0.1\n", "[chance]\nmmlu = 0.2\n"):
        path = tmp_path / "levels.toml"
        path.write_text(text)
        assert chance_of(table(path, mmlu=[0.26, 0.3, 0.5]), "score@mmlu") == [0.2] * 3


@pytest.mark.parametrize("level", [25, -0.1, 1.0, float("nan"), True, "a"])
def test_a_level_that_is_no_fraction_is_refused(level):
    with pytest.raises(BadInput):
        levels({"mmlu": level})


def test_a_level_in_percent_names_the_fraction():
    with pytest.raises(BadInput, match=r"25 percent is 0\.25"):
        table(25, mmlu=[0.26, 0.3, 0.5])


def test_a_chance_for_a_target_that_is_not_there_is_refused():
    with pytest.raises(UnknownName, match="mmlu"):
        table({"mmul": 0.25}, mmlu=[0.26, 0.3, 0.5])
    with pytest.raises(BadInput, match="only a score or an error"):
        table(0.25, loss=[3.0, 2.5, 2.0])


def test_a_column_in_percent_is_read_as_fractions_with_a_warning():
    with pytest.warns(ScalelawWarning, match="holds percent"):
        runs = table(mmlu=[0.26, 0.3, 0.5], random_baseline=[25, 25, 25])
    assert chance_of(runs, "score@mmlu") == [0.25] * 3
    assert [found.code for found in runs.findings] == ["RUNS_CHANCE_PERCENT"]
    assert chance_of(table(mmlu=[0.26, 0.3, 0.5], **{"chance (%)": [25, 25, 25]}), "score@mmlu") == [0.25] * 3


def test_the_columns_of_a_table_show_the_harness():
    foundry = table(siqa=[0.5, 0.6, 0.7], bigbench_operators=[0.1, 0.2, 0.3])
    assert chance_of(foundry, "score@siqa") == [0.5] * 3
    alone = table(siqa=[0.5, 0.6, 0.7])
    assert np.isnan(chance_of(alone, "score@siqa")).all()
    assert any("0.3333 usually, 0.5 in llm-foundry" in note for note in alone.notes)
    lighteval = table(siqa=[0.4, 0.5, 0.6], **{"arc:easy": [0.3, 0.5, 0.7]})
    assert chance_of(lighteval, "score@siqa") == [1 / 3] * 3 and chance_of(lighteval, "score@arc_easy") == [0.25] * 3
    said = table(siqa=[0.5, 0.6, 0.7], harness=["lm_eval 0.4.2", "llm-foundry", "lm-eval"])
    assert chance_of(said, "score@siqa") == [1 / 3, 0.5, 1 / 3]
    with pytest.raises(BadInput, match="several chance levels"):
        one_chance(said.endpoints())


def test_items_and_chance_survive_an_export(tmp_path):
    runs = table(mmlu=[0.26, 0.3, 0.5], n_items_mmlu=[14042] * 3, piqa=[0.6, 0.7, 0.8], n_items_piqa=[9] * 3)
    path = tmp_path / "runs.csv"
    assert export_runs(runs, path) == 3
    again = load_runs(path)
    for target in runs.targets:
        for name in ("n_items", "chance"):
            assert again.endpoints(target).columns[name].tolist() == runs.endpoints(target).columns[name].tolist()


def test_rows_take_a_chance_in_observe():
    rows = table(**{"score@ours": [0.3, 0.4, 0.5]}).endpoints()
    _, observed = observe("E - A/params**a", rows, chance=0.2)
    assert observed.columns["chance"].tolist() == [0.2] * 3
    with pytest.raises(UnknownName):
        observe("E - A/params**a", rows, chance={"theirs": 0.2})


@pytest.mark.parametrize("law", ["accuracy_power", "accuracy_joint_power"])
def test_a_law_above_chance_takes_the_level_of_the_rows(law):
    rows = table(**{"score@ours": [0.3, 0.4, 0.5]}).endpoints()
    with pytest.raises(NeedsAnswer, match=r"--chance ours=0\.25") as asked:
        observe(law, rows)
    assert [found.code for found in asked.value.findings] == ["FIT_CHANCE"]
    filled, observed = observe(law, rows, chance=0.2)
    assert filled.chance == 0.2 and any("chance of score@ours is 0.2" in note for note in observed.notes)
    assert observe(f"{law}[chance=0.1]", rows, chance=0.2)[0].chance == 0.1
    assert observe(law, table(mmlu=[0.26, 0.3, 0.5]))[0].chance == 0.25
