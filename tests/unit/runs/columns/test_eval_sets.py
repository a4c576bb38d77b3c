"""Long tables with a column of evaluation sets, benchmarks as columns, and compute along a run."""

from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.runs.review import review_runs

LONG = {
    "run": ["a", "a", "a", "a", "b", "b"],
    "params": [1e8] * 4 + [2e8] * 2,
    "tokens": [1e9, 1e9, 2e9, 2e9, 4e9, 4e9],
    "valid_domain": ["web", "code", "web", "code", "web", "code"],
    "loss": [3.9, 2.9, 3.5, 2.5, 3.2, 2.2],
}


def test_a_long_table_has_a_target_for_each_evaluation_set() -> None:
    table = sl.load_runs(LONG)
    assert table.targets == ("loss@web", "loss@code") and table.findings == ()
    assert table.endpoints("loss@code").y.tolist() == [2.5, 2.2]
    assert len(table.curves("loss@web")) == 3
    assert any("'valid_domain' is the evaluation set of loss: 2 targets (web, code)" in note for note in table.notes)


def test_a_standard_error_goes_with_its_evaluation_set() -> None:
    table = sl.load_runs({**LONG, "loss_se": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    assert table.endpoints("loss@code").se.tolist() == [0.4, 0.6]


def test_rows_without_an_evaluation_set_keep_the_bare_metric() -> None:
    names = ["web", None, "web", None, "web", None]
    assert sl.load_runs({**LONG, "valid_domain": names}).targets == ("loss@web", "loss")


def test_a_benchmark_is_a_score_by_its_name() -> None:
    table = sl.load_runs({"params": [1e8, 2e8], "tokens": [1e9, 4e9], "MMLU": [0.25, 0.3], "ARC-C": [0.2, 0.4]})
    assert table.targets == ("score@mmlu", "score@arc_c")


def test_a_header_may_hold_a_factor() -> None:
    table = sl.load_runs({"Model Size (B)": [0.1, 7], "FLOPs (1E21)": [0.01, 84.0], "loss": [3.0, 2.0]})
    np.testing.assert_allclose(table.runs["flops"], [1e19, 8.4e22])
    np.testing.assert_allclose(table.runs["params"], [1e8, 7e9])


def test_compute_of_a_whole_run_is_shared_out_along_its_curve() -> None:
    table = sl.load_runs(
        {
            "run": ["a", "a", "b"],
            "params": [1e8, 1e8, 1e8],
            "tokens": [1e9, 4e9, 2e9],
            "flops": [2.4e18, 2.4e18, 1.2e18],
            "loss": [4, 3, 3.5],
        }
    )
    np.testing.assert_allclose(table.curves().columns["flops"], [6e17, 2.4e18, 1.2e18])
    np.testing.assert_allclose(table.endpoints().columns["flops"], [2.4e18, 1.2e18])


def test_a_review_tells_what_a_fit_would() -> None:
    both = {"params": [1e8, 2e8, 3e8], "params_non_embedding": [0.6e8, 1.9e8, 2.9e8], "tokens": [1e9, 2e9, 4e9]}
    codes = {finding.code for finding in review_runs({**both, "loss": [4, 3, 2.5]}).findings}
    assert "PARAMS_EMBEDDINGS" in codes
    mixed = {**both, "tokenizer": ["a", "b", "a"], "loss": [4, 3, 2.5]}
    assert "DESIGN_TOKENIZERS" in {finding.code for finding in review_runs(mixed).findings}


@pytest.mark.data
def test_the_observational_table_sets_incomplete_rows_aside_per_target(data_dir: Path) -> None:
    table = sl.load_runs(data_dir / "obsscaling" / "base_llm_benchmark_eval.csv")
    scores = len(table), len(table.targets)
    assert scores == (148, 8)
    incomplete = np.isnan(table.runs["flops"])
    for target in table.targets:
        incomplete |= np.isnan(table.values(target))
        lacking = int(np.isnan(table.values(target)).sum())
        rows = table.endpoints(target)
        assert sum(part.n for part in rows.set_aside) == lacking
        usable = rows.complete(["flops"])
        assert len(usable) + sum(part.n for part in usable.set_aside) == 148
    assert incomplete.sum() == 39
    assert len(table.endpoints("score@xwinograd")) == 132 and len(table.endpoints("score@humaneval")) == 127


@pytest.mark.data
def test_the_mixing_table_folds_into_its_domains(data_dir: Path) -> None:
    table = sl.load_runs(data_dir / "mixing_laws" / "mixing_laws_all.parquet")
    assert table.read == 61451 and len(table.targets) == 23
    assert not any(finding.code == "RUNS_SAME_MOMENT" for finding in table.findings)
