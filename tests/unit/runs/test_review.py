"""Checking, listing and exporting runs, as functions and as commands."""

import inspect
import json
import math
from itertools import product
from typing import Any

import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.runs import review
from scalelaw.runs.listing import list_runs, show_run
from scalelaw.runs.review import review_runs

GOOD = [
    {"run": "a", "params": 7e7, "tokens": 1.4e9, "loss": 3.6, "mixture": [0.5, 0.5]},
    {"run": "b", "params": 4.1e8, "tokens": 8.2e9, "loss": 2.7, "mixture": [0.1, 0.9]},
    {"run": "bb", "params": 7e9, "tokens": 3e11, "loss": None, "mixture": None},
]


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.jsonl"
    path.write_text("\n".join(map(json.dumps, GOOD)))
    return str(path)


@pytest.fixture
def enough(tmp_path):
    path = tmp_path / "enough.csv"
    rows = [(n, d, 1.8 + 480 / n**0.35 + 2085 / d**0.37) for n in (7e7, 2e8, 8e8) for d in (1e9, 4e9, 3e10)]
    path.write_text("params,tokens,loss\n" + "\n".join(f"{n},{d},{loss}" for n, d, loss in rows))
    return str(path)


@pytest.fixture
def asked(tmp_path):
    path = tmp_path / "asked.csv"
    rows = [
        (n, d, 3.6 - 0.1 * math.log(n * d) + 0.02 * at)
        for at, (n, d) in enumerate(product((70, 410, 900), (1.4, 8, 30)))
    ]
    path.write_text("params,tokens,loss\n" + "\n".join(f"{n},{d},{loss}" for n, d, loss in rows))
    return str(path)


def invoke(*args):
    result = CliRunner().invoke(app, ["runs", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_a_review_gathers_what_loading_would_raise(good, asked):
    review = sl.runs.review_runs(good)
    assert not review.stopped and review.usable == {"loss": 2}
    assert [(gone.reason, gone.n) for gone in review.set_aside["loss"]] == [("no loss", 1)]
    review = sl.runs.review_runs(asked)
    assert review.stopped and {finding.code for finding in review.findings} == {"RUNS_UNSAID_UNITS"}
    assert "give its unit, e.g. units=" in str(review)
    assert not sl.runs.review_runs(asked, units={"params": "M", "tokens": "B"}).stopped


def test_a_review_of_what_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        sl.runs.review_runs(tmp_path / "none.csv")


def test_check_ends_with_two_where_a_finding_stops(good, enough, asked):
    assert invoke("check", enough).exit_code == 0
    few = invoke("check", good)
    assert few.exit_code == 2 and "DESIGN_TOO_FEW_ROWS" in few.output
    stopped = invoke("check", asked)
    assert stopped.exit_code == 2 and "RUNS_UNSAID_UNITS" in stopped.output
    assert invoke("check", asked, "--unit", "params=M", "--unit", "tokens=B").exit_code == 0
    found = json.loads(invoke("check", asked, "--json").output)
    assert found["schema"] == "scalelaw.review/1" and found["findings"][0]["grade"] == "ask"
    assert invoke("check", "none.csv").exit_code == 2


def test_list_has_a_line_a_run(good):
    lines = invoke("list", good).output.splitlines()
    assert [line.split() for line in lines] == [
        ["run", "params", "tokens", "loss"],
        ["a", "70M", "1.4B", "3.6"],
        ["b", "410M", "8.2B", "2.7"],
        ["bb", "7B", "300B", "-"],
    ]
    assert json.loads(invoke("list", good, "--json").output)["runs"][2]["loss"] is None


def test_show_finds_a_run_by_its_name_or_how_it_begins(good, tmp_path):
    assert "410M" in invoke("show", good, "b").output
    assert invoke("show", good, "x").exit_code == 2
    with sl.record(tmp_path / "runs", params=1e8, seed=0) as run:
        run.log(step=2, tokens=2e9, loss=3.0)
    table = sl.load_runs(tmp_path / "runs")
    detail = show_run(table, run.run[:6])
    assert detail.run == run.run and detail.settings["state"] == "finished"
    assert detail.evals[0]["value"] == 3.0 and detail.evals[0]["steps"] == 2
    assert list_runs(table).columns == ("run", "params", "tokens", "state", "loss")
    with pytest.raises(UnknownName):
        show_run(sl.load_runs(GOOD), "zz")


def test_runs_without_names_are_rows(asked):
    assert "row 2" in invoke("list", asked, "--unit", "params=M", "--unit", "tokens=B").output


def test_export_says_what_a_format_cannot_hold(good, tmp_path):
    assert invoke("export", good, str(tmp_path / "out.parquet")).exit_code == 0
    back = sl.load_runs(tmp_path / "out.parquet")
    assert [list(cell) if cell is not None else None for cell in back.runs["mixture"]] == [[0.5, 0.5], [0.1, 0.9], None]
    for name, said in (("out.csv", "mixture holds lists"), ("out.xls", "use .csv, .jsonl, .parquet")):
        result = invoke("export", good, str(tmp_path / name))
        assert result.exit_code == 2 and said in result.output
    with pytest.raises(BadInput, match="cannot be written"):
        sl.runs.export_runs(sl.load_runs(good), tmp_path / "no" / "out.jsonl")


def test_what_was_set_aside_is_not_written(good, tmp_path):
    kept = sl.load_runs(good).where(params=(1e8, None))
    assert sl.runs.export_runs(kept, tmp_path / "out.jsonl") == 2
    assert sl.load_runs(tmp_path / "out.jsonl").runs["run"].tolist() == ["b", "bb"]


def test_every_option_of_a_review_reaches_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name in inspect.signature(review_runs).parameters if name != "source"]
    seen: dict[str, Any] = {}

    def load(source: Any, **options: Any) -> Any:
        seen.update(options)
        raise BadInput("seen enough")

    monkeypatch.setattr(review, "load_runs", load)
    given: dict[str, Any] = {name: object() for name in names}
    with pytest.raises(BadInput, match="seen enough"):
        review_runs("runs.csv", **given)
    assert names and seen == given
