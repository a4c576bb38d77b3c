"""Points to predict at: every form gives the same arrays, and a bad one is refused in one line with a remedy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.nouns.points import inputs_of
from scalelaw.fitting.result import FitResult

NEEDED = ("params", "tokens")
NAMES = {"params": ("params", "N", "n_params", "config.n_params"), "tokens": ("tokens", "D", "train_tokens")}
WRITTEN: dict[str, Callable[[int], Any]] = {
    "floats": lambda billions: billions * 1e9,
    "texts": lambda billions: f"{billions}B",
    "whole numbers": lambda billions: billions * 10**9,
}
FORMS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "mapping": dict,
    "mapping of arrays": lambda columns: {name: np.array(values) for name, values in columns.items()},
    "mapping of series": lambda columns: {name: pd.Series(values) for name, values in columns.items()},
    "pandas": pd.DataFrame,
    "pandas by run": lambda columns: pd.DataFrame(columns).rename_axis("run"),
    "pandas with NA": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "polars": pl.DataFrame,
    "polars, lazy": pl.LazyFrame,
    "pyarrow": pa.table,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("spelled", WRITTEN)
def test_every_form_gives_the_same_arrays(form: str, spelled: str, rng: np.random.Generator) -> None:
    n = int(rng.integers(1, 9))
    billions = {name: rng.integers(1, 900, size=n) for name in NEEDED}
    columns = {
        str(rng.choice(NAMES[name])): [WRITTEN[spelled](v) for v in values.tolist()]
        for name, values in billions.items()
    }
    found = inputs_of("a law", NEEDED, FORMS[form]({**columns, "note": ["x"] * n}), {})
    for name in NEEDED:
        assert found[name].dtype.kind in "if" and np.array_equal(found[name], billions[name] * 1e9)


def test_keywords_are_a_point_or_many() -> None:
    one = inputs_of("a law", NEEDED, None, {"params": "7B", "tokens": 1e12})
    many = inputs_of("a law", NEEDED, None, {"N": [7e9, 8e9], "D": "1T"})
    assert (one["params"].tolist(), one["tokens"].tolist()) == ([7e9], [1e12])
    assert (many["params"].tolist(), many["tokens"].tolist()) == ([7e9, 8e9], [1e12])


def test_arrays_pass_through(rng: np.random.Generator) -> None:
    x = {name: rng.uniform(1e9, 1e12, size=(3, 1)) for name in NEEDED}
    assert all(inputs_of("a law", NEEDED, x, {})[name] is x[name] for name in NEEDED)


def test_an_exact_name_wins_over_one_that_means_it() -> None:
    assert inputs_of("a law", NEEDED, {"params": [1e9], "N": [2e9], "tokens": [1e10]}, {})["params"].tolist() == [1e9]


@pytest.mark.parametrize(
    ("points", "point", "says"),
    [
        (None, {}, r"no point to predict: a law takes params, tokens; try predict\(params=..., tokens=...\)"),
        ({"params": 1e9}, {"tokens": 1e10}, "given twice"),
        (None, {"parms": 1e9, "tokens": 1e10}, "Did you mean 'params'"),
        ({"params": ["1B", None], "tokens": 1e10}, {}, "params has no value in row 2; fill or drop them"),
        (pd.DataFrame({"N": [np.nan, np.nan], "D": [1.0, 2.0]}), {}, r"row 1 \(2 such rows\)"),
        ({"params": [1e9, 2e9], "tokens": [1e10] * 3}, {}, "2 of params, 3 of tokens"),
        ({"params": "7 apples", "tokens": 1e10}, {}, "params: '7 apples'"),
        ({"params": "7B tokens", "tokens": 1e10}, {}, "is in tokens, but should be params"),
        ({"params": object(), "tokens": 1e10}, {}, "is not a number; write it like 7B"),
        (pd.DataFrame({"size": [1.0], "D": [1.0]}), {}, "no column params; rename one of its columns: size, D"),
        (pl.DataFrame({"N": [1.0], "n_params": [1.0], "D": [1.0]}), {}, "'N' and 'n_params' both mean params"),
        ([1, 2], {}, "cannot predict at a list: .*a mapping or a dataframe"),
        ("runs.csv", {}, "cannot predict at a str"),
    ],
)
def test_a_bad_point_is_refused_in_one_line(points: Any, point: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        inputs_of("a law", NEEDED, points, point)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def fit() -> FitResult:
    return sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=30)


def test_a_table_of_runs_is_a_dataframe_of_points(fit: FitResult) -> None:
    runs = sl.datasets.load("synthetic-ladder")
    found = fit.predict(runs)
    assert found.mean.shape == (len(runs),)
    assert np.array_equal(found.mean, fit.predict(runs.to_pandas()).mean)


def test_another_kind_of_params_is_named(fit: FitResult) -> None:
    frame = pl.DataFrame({"params_non_embedding": [1e9], "tokens": [1e10]})
    with pytest.raises(BadInput, match="params_non_embedding count other parameters"):
        fit.predict(frame)


def test_a_mixture_comes_as_lists_or_as_columns(rng: np.random.Generator) -> None:
    names = [f"domain_{i}_{rng.integers(10**6)}" for i in range(int(rng.integers(2, 5)))]
    shares = rng.dirichlet(np.ones(len(names)), size=40)
    columns = {f"mixture.{name}": shares[:, i] for i, name in enumerate(names)}
    loss = 2 + shares @ np.linspace(0.1, 0.6, len(names)) + rng.normal(0, 1e-3, 40)
    runs = sl.load_runs({**columns, "loss": loss})
    fit = sl.fit(f"linear_mixture[domains={len(names)}]", runs, draws=0)
    wanted = fit.predict({"mixture": shares}).mean
    swapped = dict(sorted(columns.items(), reverse=True))
    forms = (runs, pd.DataFrame(swapped), pl.DataFrame(swapped), swapped, pl.DataFrame({"mixture": shares.tolist()}))
    assert all(np.array_equal(fit.predict(form).mean, wanted) for form in forms)
    assert fit.predict(mixture=shares[3].tolist()).mean.tolist() == fit.predict(mixture=shares[3]).mean.tolist()
    assert np.isclose(fit.predict(mixture=shares[3]).mean[0], wanted[3])
    with pytest.raises(BadInput, match="mixture takes one list of numbers for each point"):
        fit.predict(mixture=[[0.5, 0.5], [1.0]])


def test_an_input_of_a_formula_may_have_any_name(rng: np.random.Generator) -> None:
    name = f"knob_{rng.integers(10**6)}"
    knob = rng.uniform(0.1, 3, size=20)
    tokens = np.geomspace(1e9, 1e11, 20)
    loss = (2 + 300 * tokens**-0.3 + 0.5 * knob) * rng.normal(1, 1e-3, 20)
    found = sl.fit(f"E + B/tokens**b + k*{name}", {"tokens": tokens, name: knob, "loss": loss}, draws=0)
    frame = pd.DataFrame({"D": ["5B", "6B"], name: [1.0, 2.0]})
    assert np.array_equal(found.predict(frame).mean, found.predict(**{"tokens": [5e9, 6e9], name: [1, 2]}).mean)
    with pytest.raises(UnknownName, match="Did you mean"):
        found.predict(**{"tokens": "5B", f"{name}0": 1.0})
