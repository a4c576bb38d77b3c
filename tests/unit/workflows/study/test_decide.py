"""The one path to a decision: which rows it sees, what the six lines say of open, far and disputed answers."""

from dataclasses import replace

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.planning.answer import Plan
from scalelaw.reporting.answer import WIDE
from scalelaw.workflows.study.decide import Decided, decide

pytestmark = pytest.mark.usefixtures("few_windows")
LADDER = sl.datasets.load("synthetic-ladder")


@pytest.fixture(scope="module")
def decided() -> Decided:
    return decide(LADDER, asked={"flops": 1e22})


def told(found: Decided, **changes: object) -> Plan:
    assert found.plan is not None
    return replace(found.plan, **changes)  # type: ignore[arg-type]


def runs(seed: int, **columns: object) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    n, d = 10 ** rng.uniform(7, 9, 30), 10 ** rng.uniform(9, 11, 30)
    loss = (1.8 + 400 / n**0.34 + 1800 / d**0.36) * np.exp(0.003 * rng.standard_normal(30))
    return {"params": n, "tokens": d, "loss": loss, **columns}


def test_rows_that_lack_tokens_do_not_take_the_split_from_all() -> None:
    table = runs(1)
    tokens = np.array(table["tokens"])
    tokens[[3, 11]] = np.nan
    found = decide({**table, "tokens": tokens})
    assert found.plan is not None
    assert (
        len(found.forecaster.rows.y if hasattr(found.forecaster, "rows") else found.forecaster.members[0].rows.y) == 28
    )


def test_compute_alone_forecasts_a_loss_and_says_that_no_size_follows() -> None:
    flops = np.geomspace(1e18, 1e20, 14)
    table = {"flops": flops, "loss": 1.7 + 60 * flops**-0.1}
    found = decide(table)
    assert found.plan is None and found.expected is not None and found.expected.point == {"flops": pytest.approx(1e21)}
    assert found.answer.train == "no size: the forecast uses flops alone, which does not split a budget"
    assert found.answer.loss.startswith(f"{found.expected.mean:.4g} nats/token at 1e+21 FLOP")


def test_an_interval_wider_than_ten_is_the_headline(decided: Decided) -> None:
    plan = told(decided)
    wide = replace(plan.params, lo=plan.params.value / 4, hi=plan.params.value * 4)
    narrow = replace(plan.params, lo=plan.params.value / 3, hi=plan.params.value * 3)
    assert wide.hi / wide.lo > WIDE > narrow.hi / narrow.lo  # type: ignore[operator]
    headline = replace(decided, plan=replace(plan, params=wide)).answer
    assert headline.train.startswith("These runs do not determine the size:") and headline.doubtful
    assert "do not determine" not in replace(decided, plan=replace(plan, params=narrow)).answer.train


def test_runs_and_studies_that_disagree_stand_in_the_first_line(decided: Decided) -> None:
    plan = told(decided)
    near = replace(plan.params, lo=plan.params.value * 0.9, hi=plan.params.value * 1.1)
    alone = replace(plan, params=replace(near, value=3 * near.value, lo=2.7 * near.value, hi=3.3 * near.value))
    line = replace(decided, plan=replace(plan, params=near, runs_only=alone)).answer.train
    assert line.startswith("Your runs alone: ") and "Published studies: about" in line and "Combined:" in line
    assert "These disagree; see robustness." in line


def test_a_reach_above_a_hundred_is_a_caution() -> None:
    largest = LADDER.endpoints().domain()["flops"][1]
    far, near = (decide(LADDER, asked={"flops": times * largest}).answer for times in (150.0, 20.0))
    assert "CAUTION: 150x" in far.sure and "150x" in "".join((far.doubt, *far.others)) and far.doubtful
    assert "CAUTION" not in near.sure


def test_the_ensemble_may_be_required() -> None:
    from scalelaw.workflows.study.decide import EnsembleRules

    scores = {"params": [1e8, 1e9, 1e10] * 4, "tokens": [1e10] * 12, "score": [0.3, 0.4, 0.5] * 4}
    with pytest.raises(BadInput):
        decide(scores, ensemble=EnsembleRules(fallback=False))


def test_a_finding_stands_once(decided: Decided) -> None:
    lines = [text for _, text in decided.answer.lines()] + list(decided.answer.others)
    assert len(lines) == len(set(lines))


def with_cuts(found: Decided, *tests: tuple[float, float]) -> Decided:
    """Return a decision whose backtest has cuts of these reaches and errors."""
    first = next(cut for cut in found.backtest.cuts if cut.score)
    assert first.score is not None
    cuts = [
        replace(first, axis="flops", reach=reach, score=replace(first.score, mean_abs_rel_error=error, observed=0.9))
        for reach, error in tests
    ]
    return replace(found, backtest=replace(found.backtest, cuts=tuple(cuts)))


def doubts(found: Decided) -> str:
    return " ".join([found.answer.doubt, *found.answer.others])


def test_runs_tested_further_than_asked_are_not_called_tested_less(decided: Decided) -> None:
    found = replace(decided, plan=told(decided, reach={"flops": 10.0}))
    assert "Your runs test forecasts only to 4x; this one reaches 10x." in doubts(with_cuts(found, (4.0, 0.01)))
    assert "only" not in doubts(with_cuts(found, (4.0, 0.01), (54.0, 0.02)))
    worse = doubts(with_cuts(found, (4.0, 0.01), (54.0, 0.26)))
    assert "A longer forecast of your own runs was worse: 26 % off, to 54x." in worse


@pytest.mark.parametrize("holes", [2, 12])
def test_runs_left_out_are_one_doubt_which_leads_only_where_they_are_many(holes: int) -> None:
    table = runs(5, run=[f"r{i}" for i in range(30)])
    tokens, params = np.array(table["tokens"]), np.array(table["params"])
    tokens[:holes], params[1 : holes + 1] = np.nan, np.nan
    found = decide({**table, "tokens": tokens, "params": params}, asked={"flops": 1e21})
    said = [found.answer.doubt, *found.answer.others]
    (where,) = (at for at, each in enumerate(said) if "Excluded" in each)
    assert where == (0 if holes == 12 else len(said) - 1)
    assert all(name in doubts(found) for name in ("no tokens in", "no params in"))


@pytest.mark.parametrize("law", [None, "ensemble"])
@pytest.mark.parametrize("option", [{"fixed": {"E": 1.7}}, {"ties": {"beta": "alpha"}}, {"bounds": {"A": (1.0, 1e4)}}])
def test_what_holds_coefficients_is_refused_without_a_law_before_anything_is_read(law, option, tmp_path) -> None:
    (name,) = option
    out = tmp_path / "figures"
    for ask in (lambda: sl.study("nosuch.csv", law=law, out=out, **option), lambda: sl.decide("nosuch.csv", **option)):
        with pytest.raises(BadInput, match=rf"{name} of .*name a law.*or omit {name}"):
            ask()
    assert not out.exists()


def test_a_law_that_is_named_decides_with_its_coefficient_held() -> None:
    found = sl.study(sl.datasets.load("synthetic-ladder"), law="chinchilla", fixed={"E": 1.7}, draws=20)
    assert found.fit.coefficients()["E"]["value"] == 1.7


@pytest.mark.parametrize(
    ("axis", "words"),
    [("params_non_embedding", "parameters without embeddings"), ("params_active", "active parameters")],
)
def test_a_forecast_by_one_kind_of_params_says_which_in_words(axis: str, words: str) -> None:
    rng = np.random.default_rng(len(axis))
    n = 10 ** np.linspace(7, 9.5, 24)
    table = {axis: n, "val_loss": (1.8 + 300 / n**0.33) * np.exp(0.003 * rng.standard_normal(24))}
    found = decide(table, law=f"power[input={axis}]", draws=50).answer
    assert f"uses {words} alone" in found.train and f" {words}" in found.loss and axis not in found.loss
