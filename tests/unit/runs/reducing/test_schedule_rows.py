"""Rows with a logged learning rate: the features that annealing laws take of them."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadTable
from scalelaw.fitting.observe import observe
from scalelaw.fitting.solver.noise import Noise
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.schedule_rows import with_lr_features
from scalelaw.runs.schedule import Schedule

STEPS, WARMUP, PEAK = 4000, 400, 3e-4
SCHEDULES = {"cosine": Schedule("cosine", warmup=0.1), "flat": Schedule("constant", warmup=0.1),
             "wsd": Schedule("wsd", warmup=0.1, decay=0.25)}  # fmt: skip


def curves(every: int = 20) -> dict[str, list[object]]:
    """Return a table of three schedules whose losses follow the law of annealing exactly."""
    table: dict[str, list[object]] = {"run": [], "steps": [], "lr_now": [], "loss": []}
    for name, schedule in SCHEDULES.items():
        at = np.arange(every, STEPS + 1, every)
        # the rate of step i is that of its end, so that interpolation from the evaluations is exact where it is linear
        rate = PEAK * schedule.lr(np.arange(1, STEPS + 1) / STEPS)
        area, annealing = np.cumsum(rate), np.zeros(STEPS)
        annealing[WARMUP - 1 :] = sl.runs.lr_features(rate[WARMUP - 1 :])["lr_annealing"]
        loss = 2.5 + 0.6 * area**-0.5 - 0.4 * annealing
        table["run"] += [name] * len(at)
        table["steps"] += at.tolist()
        table["lr_now"] += rate[at - 1].tolist()
        table["loss"] += loss[at - 1].tolist()
    return table


def test_the_area_counts_the_warmup_and_annealing_does_not() -> None:
    rows = with_lr_features(load_runs(curves()).curves())
    flat = rows.rows(rows.cluster == 1)
    assert flat.columns["steps"].min() == WARMUP, "rows before the peak are set aside"
    first = np.argmin(flat.columns["steps"])
    assert flat.columns["lr_area"][first] == pytest.approx(PEAK * (WARMUP + 1) / 2, rel=1e-6)
    assert np.all(flat.columns["lr_annealing"] == 0)
    cosine = rows.rows(rows.cluster == 0)
    assert np.all(np.diff(cosine.columns["lr_annealing"]) > 0)
    assert [(part.reason, part.n) for part in rows.set_aside] == [("in the warmup", 57)]


def test_a_table_of_curves_gives_the_law_back() -> None:
    fit = sl.fit("annealing", load_runs(curves()), draws=0, noise=Noise("squared"))
    found = {name: each["value"] for name, each in fit.coefficients().items()}
    assert found == pytest.approx({"L0": 2.5, "A": 0.6, "C": 0.4, "alpha": 0.5}, rel=2e-3)
    assert any("linear between evaluations" in note for note in fit.notes)


def test_the_order_of_rows_does_not_matter(rng: np.random.Generator) -> None:
    table = curves(100)
    order = rng.permutation(len(table["run"]))
    turned = {name: [values[i] for i in order] for name, values in table.items()}
    straight, mixed = (with_lr_features(load_runs(each).curves()) for each in (table, turned))
    for rows in (straight, mixed):
        assert len(rows) == 3 * 37
    assert np.sort(straight.columns["lr_area"]) == pytest.approx(np.sort(mixed.columns["lr_area"]))


def test_without_a_rate_the_table_is_refused() -> None:
    with pytest.raises(BadTable, match="need steps and the learning rate"):
        observe("annealing", load_runs({"run": ["a", "a"], "steps": [1, 2], "loss": [3.0, 2.0]}))
