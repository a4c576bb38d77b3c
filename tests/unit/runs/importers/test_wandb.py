"""Exports, files and the service of Weights & Biases where they are odd."""

from types import SimpleNamespace

import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, MissingExtra
from scalelaw.runs.importers.wandb_api import WandbApi
from scalelaw.runs.importers.wandb_csv import IMPORTER as CSV

CHART = (
    '"Step","{0} - val/loss","{0} - val/loss__MIN","{0} - val/loss__MAX"\n'
    '"1","5.0","4.9","5.1"\n"2","4.0","3.9","4.1"\n'
)
RUNS = '"Name","ID","State","model.n_params","data.tokens_per_step"\n'


def test_a_runs_table_alone_has_the_last_value_of_each_run(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Name,State,Created,n_params,val/loss,total_tokens\na,finished,2024-01-01,1000000,4.5,20000000\n"
        "b,crashed,2024-01-02,2000000,4.2,40000000\n"
    )
    runs = sl.load_runs(path)
    assert runs.values("loss").tolist() == [4.5, 4.2]
    assert runs.runs["tokens"].tolist() == [2e7, 4e7]
    assert runs.runs["state"].tolist() == ["finished", "crashed"]


def test_several_charts_of_one_folder_are_one_log(tmp_path):
    (tmp_path / "a.csv").write_text(CHART.format("x"))
    (tmp_path / "b.csv").write_text(CHART.format("y"))
    (tmp_path / "runs.csv").write_text(
        RUNS + '"x","1","finished","1000000","1000"\n"y","2","killed","2000000","1000"\n'
    )
    runs = sl.load_runs(tmp_path, units={"tokens": "1"})
    assert runs.runs["run"].tolist() == ["x", "y"]
    assert runs.runs["state"].tolist() == ["finished", "failed"]
    assert runs.evals["tokens"].tolist() == [1000, 2000, 1000, 2000]


def test_two_runs_of_one_name_cannot_be_joined(tmp_path):
    (tmp_path / "a.csv").write_text(CHART.format("x"))
    (tmp_path / "runs.csv").write_text(RUNS + '"x","1","finished","1","1"\n"x","2","finished","1","1"\n')
    with pytest.raises(BadInput, match="two runs are named 'x'; charts match runs by name"):
        sl.load_runs(tmp_path)


def test_a_chart_over_time_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text(CHART.format("x").replace("Step", "Relative Time (Process)"))
    (tmp_path / "runs.csv").write_text(RUNS + '"x","1","finished","1","1"\n')
    with pytest.raises(BadInput, match="export the chart over Step"):
        sl.load_runs(tmp_path)


def test_a_plain_table_is_left_to_the_reader_of_tables(tmp_path):
    (tmp_path / "runs.csv").write_text("Name,params,tokens,loss\na,1e9,2e10,3.0\n")
    assert not CSV.recognises(str(tmp_path / "runs.csv")) and not CSV.recognises(str(tmp_path))


def test_a_long_export_keeps_its_columns_and_gains_their_meaning(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(
        "_step,_runtime,run_id,model.n_params,throughput/total_tokens,eval/loss\n1,2,a,1e6,2e7,4.0\n2,3,a,1e6,4e7,3.9\n"
    )
    table = CSV.read(str(path))
    assert len(table) == 2 and {"_step", "model.n_params", "params"} <= set(table.columns)
    assert sl.load_runs(path).runs["params"].tolist() == [1e6]


def run(**fields):
    rows = [{"_step": 1, "val/loss": 4.0, "tokens": 1e7, "_runtime": 3}, {"_step": 2, "val/loss": "NaN"}]
    given = {
        "name": "r", "id": "abc", "state": "finished", "created_at": "2024-01-01", "config": {"n_params": 1e6},
        "summary": {"parameter_count": 2e6}, "scan_history": lambda: iter(rows),
    } | fields  # fmt: skip
    return SimpleNamespace(**given)


def test_the_service_is_scanned_and_not_sampled():
    asked = []
    service = SimpleNamespace(runs=lambda path: asked.append(path) or [run(), run(name="q", id="def")])
    table = WandbApi(lambda: service).read("wandb://lab/ladder")
    assert asked == ["lab/ladder"]
    assert table.columns["run"].values.tolist() == ["r", "r", "q", "q"]
    assert table.columns["loss"].values[0] == 4.0 and not table.columns["loss"].missing[1]


def test_one_run_of_the_service():
    service = SimpleNamespace(run=lambda path: run(name=path))
    assert WandbApi(lambda: service).read("wandb://lab/ladder/abc").columns["run"].values[0] == "lab/ladder/abc"


def test_an_error_of_the_service_does_not_pass_on_its_text():
    def runs(path):
        raise ConnectionError("401 for https://api:sk-secret@host")

    with pytest.raises(BadInput, match=r"W&B did not give lab/ladder \(ConnectionError\)") as error:
        WandbApi(lambda: SimpleNamespace(runs=runs)).read("wandb://lab/ladder")
    assert "sk-secret" not in str(error.value) and error.value.__cause__ is None


@pytest.mark.parametrize("address", ["wandb://", "wandb://lab", "wandb://a/b/c/d", "wandb://user:key@lab/ladder"])
def test_an_odd_address_is_refused(address):
    with pytest.raises(BadInput, match="entity/project") as error:
        WandbApi(lambda: None).read(address)
    assert "key@" not in str(error.value)


def test_an_empty_project_is_refused():
    with pytest.raises(BadTable, match="has no runs"):
        WandbApi(lambda: SimpleNamespace(runs=lambda path: [])).read("wandb://lab/ladder")


def test_the_package_is_asked_for_only_by_an_address(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match=r"pip install 'scalelaw\[wandb\]'"):
        sl.load_runs("wandb://lab/ladder")
