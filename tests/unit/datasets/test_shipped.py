"""The shipped table is what it says it was drawn from, digit for digit, and says that nothing was trained."""

import csv
import math

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import UnknownName
from scalelaw.datasets import RunGrid, names, path, simulate, synthetic_ladder
from scalelaw.laws import get


def test_the_file_holds_exactly_what_was_drawn() -> None:
    drawn = synthetic_ladder()
    with path("synthetic-ladder").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 42
    for name, values in drawn.items():
        np.testing.assert_array_equal([float(row[name]) for row in rows], values)


def test_the_draw_is_the_published_law_with_the_stated_noise() -> None:
    drawn = synthetic_ladder()
    clean = 1.8172 + 482.01 / drawn["params"] ** 0.3478 + 2085.43 / drawn["tokens"] ** 0.3658
    noise = np.log(drawn["loss"] / clean)
    assert abs(noise.mean()) < 3 * 0.004 / math.sqrt(42)
    assert noise.std() == pytest.approx(0.004, rel=0.3)
    np.testing.assert_allclose(drawn["flops"], 6 * drawn["params"] * drawn["tokens"], rtol=1e-12)


def test_it_is_labelled_synthetic_wherever_it_is_shown() -> None:
    table = sl.datasets.load("synthetic-ladder")
    assert len(table) == 42 and table.source == "synthetic-ladder"
    assert table.notes[0].startswith("SYNTHETIC") and "nothing was trained" in table.notes[0]
    assert "SYNTHETIC" in str(table)
    assert "SYNTHETIC" in str(sl.fit("chinchilla", table, draws=0, starts=4))


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    for ask in (sl.datasets.load, path):
        with pytest.raises(UnknownName, match="Did you mean 'synthetic-ladder'"):
            ask("synthetic-lader")
    assert names() == ("cpu-ladder", "synthetic-ladder")


def test_simulate_gives_every_size_at_every_ratio() -> None:
    law = get("kaplan_joint")
    coef = law.vector(law.published["kaplan2020"].coef)
    table = simulate(law, coef, RunGrid([1e8, 1e9], [10, 20, 40]), noise=0.0, seed=0)
    assert set(table) == {"params_non_embedding", "tokens", "flops", "loss"}
    n = table["params_non_embedding"]
    np.testing.assert_allclose(table["tokens"] / n, [10, 20, 40, 10, 20, 40])
    np.testing.assert_allclose(table["loss"], ((6.4e13 / n) ** (0.076 / 0.103) + 1.8e13 / table["tokens"]) ** 0.103)


def test_the_seed_decides_the_noise() -> None:
    law = get("chinchilla")
    coef = law.vector(law.published["besiroglu2024"].coef)
    one, again, other = (simulate(law, coef, RunGrid([1e8], [10, 20]), noise=0.1, seed=s)["loss"] for s in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
