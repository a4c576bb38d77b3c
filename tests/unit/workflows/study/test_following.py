"""The next command: what the runs need first, else the same decision under other choices; it can be pasted."""

import shlex
from dataclasses import replace

import pytest

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.workflows.study.following import Following

PLANNED = Following("'my runs.csv'", " --law chinchilla", "", 1e22, True, "loss", ("loss",))


def swept(*names: str) -> Finding:
    return Finding("RUNS_SWEPT", Grade.WARN, "mixed", 9, "", (Answer("best", {"use": "best", "over": list(names)}),))


def test_a_plan_is_tried_under_other_choices() -> None:
    assert PLANNED.command(()) == "scalelaw robustness 'my runs.csv' --flops 1e+22"
    assert replace(PLANNED, words="").command(()) == "sl.robustness(runs, flops=1e+22)"


@pytest.mark.parametrize("names", [("lr",), ("lr", "batch_tokens"), ("warmup_ratio",)])
def test_a_sweep_is_reduced_first(names: tuple[str, ...]) -> None:
    found = PLANNED.command([swept(*names)])
    assert found == f"scalelaw study 'my runs.csv' --use best --over {','.join(names)} --flops 1e+22"
    assert replace(PLANNED, words="").command([swept(*names)]) == f'sl.study(runs, use="best", over={names!r})'
    reduced = replace(PLANNED, words="a.csv --use endpoints")
    assert reduced.command([swept(*names)]).startswith("scalelaw robustness a.csv")


def test_a_score_without_a_plan_leads_to_a_loss_of_the_table() -> None:
    score = replace(
        PLANNED,
        words="a.csv --target score@x --column run=r",
        flops=None,
        target="score@x",
        targets=("score@x", "bpb@y"),
    )
    assert score.command(()) == "scalelaw study a.csv --column run=r --target bpb@y"
    assert shlex.split(score.command(())).count("--target") == 1
    named = replace(score, named=" --law m3", law=" --law m3")
    assert named.command(()) == "scalelaw backtest a.csv --target score@x --column run=r --law m3"


def test_runs_too_few_for_a_backtest_are_fitted_instead() -> None:
    alone = replace(PLANNED, flops=None)
    assert alone.command(()).startswith("scalelaw backtest ")
    assert replace(alone, tested=False).command(()) == "scalelaw fit 'my runs.csv' --law chinchilla"
    assert replace(alone, tested=False, words="").command(()) == 'sl.fit("chinchilla", runs)'
