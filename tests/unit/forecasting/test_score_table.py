"""Several scores, and their mean."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.datasets.simulate import SimulatedTask
from scalelaw.fitting.observe import observe_rows
from scalelaw.forecasting.score_table import AVERAGE, averaged, forecast_scores
from scalelaw.runs.reading.load import load_runs

Made = Callable[..., dict[str, Any]]


def test_every_score_has_a_forecast_and_the_average_its_own(ladder: Made) -> None:
    found = forecast_scores(ladder(), draws=20)
    assert list(found.all) == ["score@hellaswag", "score@piqa", "score@lambada", AVERAGE]
    assert found.average is not None and found.average.chance == pytest.approx(0.25)
    rows = {row["target"]: row for row in found.rows({"params": 2e9, "tokens": 4e10})}
    each = [rows[target]["score"] for target in found.each]
    assert rows[AVERAGE]["score"] == pytest.approx(np.mean(each), abs=0.03)
    assert rows[AVERAGE]["hi"] - rows[AVERAGE]["lo"] < max(row["hi"] - row["lo"] for row in rows.values())


def test_the_largest_run_is_that_of_most_compute_in_any_order_of_rows(ladder: Made) -> None:
    runs = ladder()
    mixed = {name: np.roll(values, 3) for name, values in runs.items()}
    found = forecast_scores(mixed, ["score@piqa"], draws=10)
    most = runs["score@piqa"][np.argmax(runs["flops"])]
    assert found.each["score@piqa"].largest_score == most
    assert found.rows({"params": 2e9, "tokens": 4e10})[0]["largest_run"] == most
    assert f"{most:.3f}" in str(found)


def test_the_items_of_an_average_give_its_noise(ladder: Made) -> None:
    table = load_runs(ladder())
    parts = [observe_rows(table, f"score@{name}", None) for name in ("hellaswag", "piqa")]
    mean = averaged(parts)
    assert np.allclose(mean.y, (parts[0].y + parts[1].y) / 2)
    variance = sum(rows.y * (1 - rows.y) / rows.columns["n_items"] for rows in parts) / 4
    assert np.allclose(mean.y * (1 - mean.y) / mean.columns["n_items"], variance)


def test_runs_without_every_score_are_left_out_of_the_average(ladder: Made) -> None:
    columns = ladder()
    columns["score@piqa"] = np.where(np.arange(10) == 3, np.nan, columns["score@piqa"])
    table = load_runs(columns)
    mean = averaged([observe_rows(table, f"score@{name}", None) for name in ("hellaswag", "piqa")])
    assert len(mean) == 9 and "r3" not in (mean.names.tolist() if mean.names is not None else ["r3"])


def test_a_score_that_cannot_be_forecast_is_named_and_the_others_go_on(ladder: Made) -> None:
    hard = {"piqa": SimulatedTask(3.2, 2.0, 1838, 0.5), "mmlu": SimulatedTask(0.5, 9.0, 400)}
    found = forecast_scores(ladder(0, hard), draws=10)
    assert list(found.each) == ["score@piqa"] and "chance" in found.refused["score@mmlu"] and found.average is None
    with pytest.raises(BadInput, match="no score can be forecast"):
        forecast_scores(ladder(0, hard), ["score@mmlu"])
    with pytest.raises(BadInput, match="no scores to forecast; the table has loss"):
        forecast_scores({name: ladder()[name] for name in ("params", "tokens", "loss")})
