"""Every result with rows is a dataframe to pandas, polars and readers of Arrow."""

import ast
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import scalelaw as sl
from scalelaw.core.errors import MissingExtra
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of

PACKAGE = Path(sl.__file__).parent
WITHOUT_ROWS = {"Scaffold", "Proposal", "Pack"}
"""Printouts without rows of their own."""


class Made(Tabular):
    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def to_columns(self) -> Columns:
        return self.columns


@pytest.fixture(scope="module")
def results() -> list[Tabular]:
    runs = sl.datasets.load("synthetic-ladder")
    study = sl.study(runs, draws=20)
    fit = study.fit
    assert study.ensemble is not None and study.plan is not None
    ladder = sl.ladder.Ladder("small", (sl.Grid(widths=(64, 128), tokens=("2M", "4M")),))
    published = sl.published(sl.laws.get("chinchilla"), "besiroglu2024")
    points = {"params": np.array([1e9, 2e9]), "tokens": np.array([1e11, 2e11])}
    return [
        runs, fit, study, study.plan, study.backtest, study.ensemble,
        sl.predict_larger(study.ensemble),
        sl.robustness(runs, flops=1e22, draws=0), fit.influence(flops=1e22),
        sl.calculate("8B", "15T"), sl.laws.gallery(),
        sl.laws.describe("chinchilla"), sl.runs.list_runs(runs), sl.runs.review_runs(runs), ladder,
        runs.endpoints(), sl.frontier(fit, np.geomspace(1e20, 1e23, 300)),
        sl.fit("chinchilla", runs, draws=0).profile("alpha"), fit.freeze(params="7B", tokens="1T"),
        fit.predict(points), published.predict(points),
    ]  # fmt: skip


def test_every_library_sees_the_same_rows(results: list[Tabular]) -> None:
    for result in results:
        columns = result.to_columns()
        n = len(next(iter(columns.values())))
        assert {len(cells) for cells in columns.values()} == {n}, type(result)
        pandas, polars, arrow = result.to_pandas(), result.to_polars(), pa.table(result)
        assert pandas.shape == polars.shape == (arrow.num_rows, arrow.num_columns) == (n, len(columns)), type(result)
        assert list(pandas) == polars.columns == arrow.column_names == list(columns)
        assert pl.DataFrame(result).equals(polars)


def test_numbers_stay_numbers(results: list[Tabular]) -> None:
    runs, fit = results[:2]
    assert fit.to_pandas().set_index("name").loc["alpha", "value"] == fit.coef["alpha"]  # type: ignore[attr-defined]
    assert pd.api.types.is_float_dtype(fit.to_pandas()["lo"]) and fit.to_polars()["hi"].dtype == pl.Float64
    again = sl.load_runs(runs.to_pandas())
    assert np.array_equal(again.runs["params"], runs.runs["params"]) and again.targets == runs.targets  # type: ignore[attr-defined]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize(
    "cells", [[1, None, 2], [1, 2.5], [None, None], ["a", None], ["a", 1], [True, None], [], [[1, 2], [3]]]
)
def test_any_cells_make_a_column(cells: list[object], library: str, rng: np.random.Generator) -> None:
    name = f"column {rng.integers(10**9)}"
    frame = getattr(Made({name: cells}), f"to_{library}")()
    assert list(frame.columns) == [name] and len(frame) == len(cells)
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells) and cells:
        assert frame[name].to_list() == cells if library == "polars" else frame[name].tolist() == cells


def test_records_become_columns(rng: np.random.Generator) -> None:
    n = int(rng.integers(1, 9))
    values = rng.normal(size=n).tolist()
    records = [{"run": str(i), "loss": None if i % 2 else {"value": v, "lo": v - 1}} for i, v in enumerate(values)]
    columns = columns_of(records)
    assert list(columns) == ["run", "loss", "loss_lo"]
    assert columns["loss"] == [None if i % 2 else v for i, v in enumerate(values)]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named_with_its_remedy(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf"{library} is needed to return a {library}.DataFrame.*pip install"):
        getattr(Made({"a": [1]}), f"to_{library}")()


def test_every_printout_with_rows_is_tabular() -> None:
    without = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
            if "Renderable" in bases and "Tabular" not in bases:
                without.append(node.name)  # type: ignore[attr-defined]
    assert set(without) <= WITHOUT_ROWS
