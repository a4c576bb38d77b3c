"""A study says everything one table says under one law, says it once, and fails before it works."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, MissingExtra
from scalelaw.workflows.study.study import Study, study

pytestmark = pytest.mark.usefixtures("few_windows")
LADDER = sl.datasets.load("synthetic-ladder")


@pytest.fixture(scope="module")
def demo() -> Study:
    return study(LADDER, draws=30, starts=8)


def test_the_parts_are_those_of_the_single_steps(demo: Study) -> None:
    fit = sl.fit("chinchilla", LADDER, draws=30, starts=8)
    assert demo.fit.to_dict() == fit.to_dict()
    assert demo.plan is not None and demo.alone is not None
    largest = fit.domain["flops"][1]
    assert demo.plan.to_dict() == sl.plan(sl.forecast(LADDER, draws=30), flops=10 * largest).to_dict()
    assert demo.alone.to_dict() == sl.plan(fit, flops=10 * largest).to_dict()
    assert demo.runs is LADDER
    assert demo.figures == demo.skipped == {}


def test_one_law_that_is_named_decides_and_is_tested() -> None:
    named = study(LADDER, law="chinchilla", draws=30, starts=8)
    assert named.ensemble is None and named.alone is None and named.plan is not None
    assert named.backtest.to_dict() == sl.backtest("chinchilla", LADDER, draws=30, starts=8).to_dict()
    assert named.plan.to_dict() == sl.plan(named.fit, flops=10 * named.fit.domain["flops"][1]).to_dict()
    assert "chinchilla alone" in named.answer.tested


def test_who_is_recommended_is_who_is_tested(demo: Study) -> None:
    assert demo.backtest.to_dict()["law"] == "ensemble"
    cut = demo.backtest.nearest(10.0)
    assert cut is not None and cut.score is not None
    assert f"{cut.n_train} of your runs forecast {cut.n_test} larger ones" in demo.answer.tested
    assert (
        f"{100 * cut.score.mean_abs_rel_error:.2g} % off" in demo.answer.tested
        and "ensemble of 5 laws" in demo.answer.tested
    )


def test_six_lines_come_first_in_text_and_json(demo: Study) -> None:
    labels = ["train", "loss", "how sure", "tested", "doubt", "next"]
    first = str(demo).partition("\n\n")[0].splitlines()
    assert [line.strip().partition("  ")[0] for line in first if line[2] != " "] == labels
    assert all(len(line) <= 100 for line in first)
    assert list(demo.to_dict())[:2] == ["schema", "answer"]
    assert list(demo.to_dict()["answer"]) == ["train", "loss", "sure", "tested", "doubt", "next", "doubtful"]


def test_nothing_is_said_twice(demo: Study) -> None:
    lines = [line.strip() for line in str(replace(demo, verbose=True)).splitlines() if line.strip()]
    notes = [line.removeprefix("note:").removeprefix("note").strip() for line in lines if line.startswith("note")]
    assert notes
    assert len(notes) == len(set(notes))
    for part in ("synthetic-ladder: 42 rows read", "chinchilla fitted to loss", "backtest of the ensemble", "Plan for"):
        assert sum(line.startswith(part) for line in lines) == 1


def test_what_only_the_fit_noticed_is_shown(tmp_path: Path) -> None:
    rows = [(n, d) for n in (1e8, 1e9, 1e10) for d in (2e9, 2e10, 2e11)][:7]
    few = {"N": [n for n, _ in rows], "D": [d for _, d in rows],
           "loss": [2 + 400 / n**0.34 + 2000 / d**0.36 for n, d in rows]}  # fmt: skip
    assert "7 rows for 5 coefficients" in str(study(few, draws=0))


def test_the_backtest_refits_no_more_than_it_needs() -> None:
    tested = study(LADDER.where(params=(None, 2e8)), draws=401, starts=4, law="chinchilla").backtest
    assert tested.spec == replace(sl.fit("chinchilla", LADDER, draws=0, starts=4).spec, draws=400)


def test_a_budget_can_be_named() -> None:
    planned = study(LADDER, flops="1e22", draws=0, starts=8).plan
    assert planned is not None
    assert planned.flops.value == pytest.approx(1e22)
    assert planned.params.lo is None


def test_a_law_that_cannot_plan_is_fitted_and_tested_and_says_so(tmp_path: Path) -> None:
    found = study(LADDER, law="power", draws=0, out=tmp_path)
    assert found.plan is None
    assert set(found.figures) == {"residuals"}
    assert set(found.skipped) == {"plan", "loss_vs_compute, iso_loss"}
    assert found.answer.train == "no size: the forecast uses flops alone, which does not split a budget"
    assert "no loss_vs_compute, iso_loss: they need a compute-optimal line" in str(found)
    assert [path.name for path in tmp_path.iterdir()] == ["residuals.png"]


def test_figures_are_written_and_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = study(LADDER, draws=30, starts=8, out=tmp_path / "new" / "folder")  # the fits are those of `demo`
    assert set(found.figures) == {"loss_vs_compute", "iso_loss", "residuals"}
    for path in found.figures.values():
        assert path.read_bytes()[:4] == b"\x89PNG"
        assert str(path) in str(found)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"flops": "abc"}, BadInput, "'abc' is not a number"),
        ({"flops": -1.0}, BadInput, "flops must be positive"),
        ({"out": __file__}, BadInput, "cannot make the folder"),
        ({"law": "chincila"}, BadInput, "Did you mean 'chinchilla'"),
        ({"draws": 1}, BadInput, "2 to 1000000"),
        ({"nosuch": 1}, BadInput, "unknown option of fit 'nosuch'"),
    ],
)
def test_a_bad_argument_is_refused_before_any_work(
    options: dict[str, Any], error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for work in ("fit_observations", "forecast_observations"):
        monkeypatch.setattr(
            sys.modules["scalelaw.workflows.study.decide"], work, lambda *_, **__: pytest.fail("fitted")
        )
    with pytest.raises(error, match=message):
        study(LADDER, **options)


def test_without_matplotlib_the_advice_comes_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(sys.modules["scalelaw.workflows.study.study"], "decide", lambda *_, **__: pytest.fail("fitted"))
    with pytest.raises(MissingExtra, match="scalelaw\\[plot\\]"):
        study(LADDER, out=tmp_path)
