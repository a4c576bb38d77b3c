"""Every noun has a ``repr`` of at most two lines."""

import ast
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.nouns.brief import Brief, brief

LONGEST = 200


@pytest.fixture(scope="module")
def nouns() -> list[object]:
    runs = sl.datasets.load("synthetic-ladder")
    study = sl.study(runs, draws=20)
    fit = study.fit
    prediction = fit.predict({"params": np.full(5000, 1e9), "tokens": np.full(5000, 2e10)})
    parts = [runs.endpoints(), fit.rows, fit.errors, fit.sample_of_rows, fit.spec, fit.status, fit.origin, prediction]
    laws = [sl.published(sl.laws.get("chinchilla"), "besiroglu2024"), sl.laws.describe("chinchilla"), sl.laws.gallery()]
    study_parts = [study, study.decided, study.plan, study.backtest, study.ensemble]
    rungs = sl.ladder.Ladder("small", (sl.Grid(widths=(64, 128), tokens=("2M", "4M")),)).rungs
    line = sl.frontier(fit, np.geomspace(1e20, 1e23, 300))
    reviewed = [line, rungs[0], sl.runs.review_runs(runs), sl.runs.list_runs(runs)]
    return [runs, fit, *study_parts, sl.calculate("8B", "15T"), *parts, *laws, *reviewed]


def test_a_repr_fits_two_lines(nouns: list[object]) -> None:
    for noun in nouns:
        shown = repr(noun)
        assert len(shown) <= LONGEST and "\n" not in shown and type(noun).__name__ in shown, shown


def test_a_fit_and_a_plan_show_their_numbers(nouns: list[object]) -> None:
    fit = next(each for each in nouns if type(each).__name__ == "FitResult")
    plan = next(each for each in nouns if type(each).__name__ == "Plan")
    assert f"alpha {fit.coef['alpha']:.4g}" in repr(fit) and "chinchilla fitted to loss of 42 rows" in repr(fit)  # type: ignore[attr-defined]
    assert plan.params.texts()[0] in repr(plan)  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [0, 1, 7, 10_000])
def test_what_a_field_holds_does_not_lengthen_the_repr(size: int, rng: np.random.Generator) -> None:
    @dataclass(frozen=True, eq=False)
    class Anything(Brief):
        values: np.ndarray
        names: tuple[str, ...]
        text: str
        by_name: dict[str, float]

    noun = Anything(rng.normal(size=size), ("a",) * size, "x" * size, {str(i): 1.0 for i in range(size)})
    assert repr(noun).startswith("<Anything: values=array (") and len(repr(noun)) <= LONGEST


def test_many_fields_are_cut() -> None:
    long = dataclass(frozen=True)(
        type("Long", (Brief,), {"__annotations__": {f"field_{i}": int for i in range(99)}})
    )(*range(99))  # fmt: skip
    assert len(repr(long)) <= LONGEST and repr(long).endswith(" ...>")


def test_a_value_is_brief() -> None:
    assert [brief(value) for value in ("a", 1, None, [1, 2], np.float64(0.5))] == ["'a'", "1", "None", "2 items", "0.5"]
    assert len(brief("x" * 1000)) <= 40


def test_no_public_noun_with_an_array_writes_it_out() -> None:
    """A dataclass that holds an array, and is no inner table of cells, is Brief."""
    package = Path(sl.__file__).parent
    cells = {"RawColumn", "RawTable", "Numbers", "Rows"}
    long = []
    for path in sorted(package.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or node.name in cells or node.bases:
                continue
            if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
                kinds = [ast.unparse(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)]
                long += [f"{path.name}: {node.name}"] * any("Array" in kind for kind in kinds)
    assert not long


def test_a_frontier_still_unpacks(nouns: list[object]) -> None:
    line = next(each for each in nouns if type(each).__name__ == "Frontier")
    params, tokens, loss = line  # type: ignore[misc]
    assert params.shape == tokens.shape == loss.shape == (300,) and "300 budgets, loss " in repr(line)
