"""The paragraph of methods says what was done, in numbers that are those of the fit."""

import warnings

import numpy as np
import pytest

import scalelaw as sl
from scalelaw import datasets
from scalelaw.core.errors import ScalelawWarning
from scalelaw.fitting.result import FitResult

LADDER = datasets.load("synthetic-ladder")


def fitted(**options: object) -> FitResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        return sl.fit("chinchilla", LADDER.exclude_top(loss=2, reason="as published"), draws=20, **options)  # type: ignore[arg-type]


def test_it_holds_rows_exclusions_objective_starts_and_way() -> None:
    fit = fitted(intervals="laplace", starts=16)
    said = fit.methods()
    assert "40 rows of 42 read; we excluded 2 (2 highest loss: as published)" in said
    assert "L = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022" in said
    assert "sum of Huber losses (delta 0.001) of residuals of the logarithm of loss" in said
    assert f"Of 16 starts spread over the exponents, {fit.status.agreeing} reached" in said
    assert "central 90 % ranges from 20 draws of a Laplace approximation" in said and fit.digest[:12] in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"intervals": "cluster"}, "20 bootstrap refits over rows"),
        ({"intervals": "wild"}, "wild bootstrap"),
        ({"noise": sl.Noise("squared", on="raw")}, "sum of squares of residuals of loss"),
        ({"noise": sl.Noise("absolute")}, "sum of absolute values"),
        ({"noise": sl.Noise(delta="auto")}, "Huber losses (delta 0.0"),
        ({"noise": sl.Noise(scale="flops")}, "of flops estimated with the fit"),
        ({"fixed": {"alpha": 0.34}}, "with alpha held at 0.34"),
        ({"ties": {"beta": "alpha"}}, "beta equal to alpha"),
        ({"prior": "literature"}, "exponents drawn from the literature"),
    ],
)
def test_every_choice_is_said(options: dict[str, object], words: str) -> None:
    assert words in fitted(**options).methods()


def test_no_draws_no_intervals() -> None:
    assert "No intervals were computed." in sl.fit("chinchilla", LADDER, draws=0).methods()


def test_bibtex_names_law_data_and_software() -> None:
    fit = fitted()
    entries = fit.bibtex()
    assert [line.partition("{")[0] for line in entries.splitlines() if line.startswith("@")] == [
        "@misc",
        "@misc",
        "@software",
    ]
    assert "eprint = {2203.15556}" in entries and fit.rows.digest in entries
    assert entries.count("{") == entries.count("}")


def test_checkpoints_are_said_to_be_of_runs() -> None:
    runs = {"run": np.repeat(["a", "b", "c", "d", "e", "f", "g"], 3).tolist()}
    params = np.repeat(np.geomspace(1e7, 1e9, 7), 3)
    tokens = params * np.tile([10.0, 30.0, 90.0], 7) * np.repeat([1, 2, 0.5, 3, 1, 0.3, 2], 3)
    loss = 1.8 + 480 / params**0.35 + 2085 / tokens**0.366
    table = sl.load_runs({**runs, "params": params, "tokens": tokens, "loss": loss * np.exp(0.01 * np.sin(1e3 * loss))})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        said = sl.fit("chinchilla", table, use="curves", draws=10).methods()
    assert "21 rows of 7 runs" in said
