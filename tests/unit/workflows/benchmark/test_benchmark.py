"""The benchmark: every case is forecast, scored and kept, and no source is judged by its own lesson."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw import datasets
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput
from scalelaw.workflows.benchmark import benchmark as module
from scalelaw.workflows.benchmark.benchmark import CONSTANT, Benchmark, benchmark
from scalelaw.workflows.benchmark.protocol import read_protocol
from scalelaw.workflows.benchmark.tables import OURS

PROTOCOL = """
[windows]
axes = ["flops"]
most_cuts = { flops = 1 }
min_train = 8
min_test = 4
min_sizes = 3
min_params = 3
min_decades = 0.7
most_reach = 100.0

[scores]
levels = [0.5, 0.8, 0.9, 0.95]
reach = [1.0, 10.0, 100.0]

[halves]
development = ["one", "two"]
left_out = ["three"]

[table.first]
source = "ladder.csv"
by = "one"

[table.second]
source = "other.csv"
by = "two"

[table.third]
source = "third.csv"
by = "three"

[table.none]
source = "nowhere.csv"
by = "three"
skip = "it is not read"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sources: the shipped ladder, and it with other floors."""
    place = tmp_path_factory.mktemp("tables")
    runs = sl.load_runs(datasets.path("synthetic-ladder")).endpoints()
    for name, floor in (("ladder", 0.0), ("other", 0.4), ("third", 0.8)):
        rows = zip(runs.columns["params"], runs.columns["tokens"], runs.y + floor, strict=True)
        lines = [f"{n},{d},{loss}" for n, d, loss in list(rows)[::2]]
        (place / f"{name}.csv").write_text("\n".join(["params,tokens,loss", *lines]) + "\n")
    (place / "protocol.toml").write_text(PROTOCOL)
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> Benchmark:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_DRAWS", 20)
        patch.setattr("scalelaw.backtesting.baselines.DRAWS", 20)
        return benchmark(read_protocol(folder / "protocol.toml"), folder, store=folder / "cases.jsonl", processes=1)


def test_every_table_is_cut_and_every_method_scored(found: Benchmark) -> None:
    assert [outcome.table for outcome in found.outcomes] == ["first", "second", "third"]
    assert {OURS, CONSTANT, "chinchilla", "last_value", "power_in_flops"} <= set(found.methods())
    for outcome in found.outcomes:
        assert not outcome.failed and outcome.reach.min() >= 1 and outcome.reach.max() <= 100
    text = str(found)
    assert "3 forecasts of larger runs, all sources: one, three, two" in text and "ensemble divided by" in text


def test_no_source_is_judged_by_its_own_lesson(found: Benchmark) -> None:
    """Misses of one source a hundred times larger leave its own band as it was, and widen the others'."""
    records = found.records()
    outcome = found.outcomes[0]
    wild = [type(r)(r.by, r.table, r.doubt, r.missed * (100 if r.by == "one" else 1)) for r in records]
    calm_bands, wild_bands = (
        {each.by: each.band.ends[0.9] for each in module._ours(found.outcomes, some)} for some in (records, wild)
    )
    np.testing.assert_array_equal(calm_bands[outcome.by], wild_bands[outcome.by])
    assert np.all(np.diff(wild_bands["two"], axis=0) > np.diff(calm_bands["two"], axis=0))


def test_cases_that_are_kept_are_not_run_again(found: Benchmark, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_case", lambda case: pytest.fail(f"{case.name} ran again"))
    with (folder / "cases.jsonl").open("a") as file:
        file.write('{"key": "torn')
    told: list[tuple[int, int]] = []
    again = benchmark(
        read_protocol(folder / "protocol.toml"), folder, store=folder / "cases.jsonl",
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    assert str(again) == str(found) and told == [(3, 3)]


def test_a_half_is_of_its_sources_alone(folder: Path) -> None:
    protocol = read_protocol(folder / "protocol.toml")
    assert [case.by for case in protocol.cases(folder, "left_out")] == ["three"]
    with pytest.raises(BadInput, match="unknown half 'best'"):
        list(protocol.cases(folder, "best"))


def test_the_commands_score_and_teach(found: Benchmark, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    words = ["protocol.toml", "--data", str(folder), "--store", "cases.jsonl", "--processes", "1"]
    shown = CliRunner().invoke(app, ["benchmark", *words, "--to", "scores.csv"])
    assert shown.exit_code == 0 and shown.stdout.strip() == str(found)
    assert len((folder / "scores.csv").read_text().splitlines()) == 1 + 3 * len(found.methods())
    taught = CliRunner().invoke(app, ["calibrate", *words, "--to", "ours.json"])
    assert taught.exit_code == 0 and "3 cases of 3 sources" in taught.stdout
    assert json.loads((folder / "ours.json").read_text())["sources"] == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not toml", "is not TOML"),
        ("[windows]\n", "is not a protocol: 'axes' is missing"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_protocol_is_one_line(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    if text is not None:
        path.write_text(text)
    result = CliRunner().invoke(app, ["benchmark", str(path), "--data", str(tmp_path)])
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1 and message in result.stderr
