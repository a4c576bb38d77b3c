"""A fit is made once for equal law, rows and spec, and anew wherever any of them differs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.fitting import recalled as module
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe_rows
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import as_law
from scalelaw.runs.observations import Observations

SPEC = FitSpec(starts=4, draws=20)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_kept", type(module._kept)())
    yield


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the laws fitted, in order, as they are fitted."""
    found: list[str] = []
    plain = module._made

    def counted(law: Any, *others: Any) -> Any:
        found.append(law.spelling)
        return plain(law, *others)

    monkeypatch.setattr(module, "_made", counted)
    return found


@pytest.fixture(scope="module")
def rows() -> Observations:
    return observe_rows(sl.datasets.load("synthetic-ladder"), None, None, ())


def test_the_second_fit_is_the_first_bit_for_bit(made: list[str], rows: Observations) -> None:
    first, again = (fit_observations(as_law("power"), rows, SPEC) for _ in range(2))
    other_level = fit_observations(as_law("power"), rows, replace(SPEC, level=0.5))
    assert made == ["power"]
    for each in (again, other_level):
        assert np.array_equal(first.coef, each.coef) and first.objective == each.objective
        assert first.draws is not None and each.draws is not None and np.array_equal(first.draws, each.draws)
    assert other_level.spec.level == 0.5


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1}, {"starts": 5}, {"draws": 21}, {"noise": Noise("squared")}, {"noise": Noise(delta=0.01)},
        {"fixed": {"E": 1.0}}, {"bounds": {"E": (0.5, None)}}, {"prior": {"alpha": (0.15, 1.3)}},
        {"intervals": "pairs"}, {"ties": {}},
    ],
    ids=str,
)  # fmt: skip
def test_another_spec_is_another_fit(made: list[str], rows: Observations, other: dict[str, Any]) -> None:
    fit_observations(as_law("power"), rows, SPEC)
    fit_observations(as_law("power"), rows, replace(SPEC, **other))
    assert len(made) == (1 if other == {"ties": {}} else 2)


@pytest.mark.parametrize(
    "pair",
    [
        ({"fixed": {"E": 1.0}}, {"fixed": {"E": 1.1}}),
        ({"bounds": {"E": (0.5, None)}}, {"bounds": {"E": (0.6, None)}}),
        ({"prior": {"alpha": (0.15, 1.3)}}, {"prior": {"alpha": (0.16, 1.3)}}),
        ({"noise": Noise(delta=0.01)}, {"noise": Noise(delta=0.02)}),
        ({"noise": Noise(on="raw")}, {"noise": Noise()}),
        ({"ties": {"A": "E"}}, {"ties": {"A": "alpha"}}), ({"weights": None}, {"weights": "flops"}),
    ],
    ids=str,
)  # fmt: skip
def test_every_value_of_a_spec_tells_fits_apart(
    made: list[str], rows: Observations, pair: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """However short the ``repr`` of a spec: a fit held at one value is not the fit held at another."""
    for each in (*pair, pair[0]):
        fit_observations(as_law("power"), rows, replace(SPEC, draws=0, **each))
    assert len(made) == 2


@pytest.mark.parametrize("field", ["y", "weight", "cluster", "se", "x"])
def test_other_rows_are_another_fit(made: list[str], rows: Observations, field: str, rng: np.random.Generator) -> None:
    row = int(rng.integers(len(rows)))
    known = replace(rows, se=np.full(len(rows), 0.01))

    def moved(values: Any) -> Any:
        found = np.array(values)
        found[row] = found[row - 1] if field == "cluster" else found[row] * 1.01
        return found

    if field == "x":
        other = replace(known, columns={**known.columns, "flops": moved(known.columns["flops"])})
    else:
        other = replace(known, **{field: moved(getattr(known, field))})
    for each in (known, other, known):
        fit_observations(as_law("power"), each, SPEC)
    assert len(made) == 2


def test_another_law_is_another_fit(made: list[str], rows: Observations) -> None:
    for name in ("power", "power[floor=no]", "E + A/flops**a", "E + A/flops**a + B/flops**b"):
        fit_observations(as_law(name), rows, replace(SPEC, draws=0))
    assert len(made) == 4


def test_only_so_many_fits_are_kept(made: list[str], rows: Observations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    for seed in (0, 1, 0, 2, 0, 1):
        fit_observations(as_law("power"), rows, replace(SPEC, seed=seed, draws=2))
    assert len(module._kept) == 2
    assert len(made) == 4  # seed 1 was unused for longest when seed 2 came
    monkeypatch.setattr(module, "_LARGEST", len(rows) - 1)
    fit_observations(as_law("power"), rows, replace(SPEC, draws=2))
    assert len(made) == 5
