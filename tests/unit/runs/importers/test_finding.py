"""Which importer reads what: by recognising, by name, by registration, by entry point."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, NeedsAnswer, UnknownName
from scalelaw.runs import importers
from scalelaw.runs.importers import _registry
from scalelaw.runs.raw import from_rows

LOGS = Path(__file__).parents[3] / "data" / "importers"
ROWS = [{"run": "a", "params": 1e6, "tokens": 2e7, "loss": 4.0}]


@dataclass(frozen=True)
class Made:
    """An importer of a test."""

    name: str = "made"
    reads: str = "files of a test"

    def recognises(self, source):
        return source.endswith(".made")

    def read(self, source):
        return from_rows(ROWS, source)


def test_an_importer_of_the_session(tmp_path, monkeypatch):
    monkeypatch.setattr(_registry, "_registered", {})
    importers.register(Made())
    (tmp_path / "x.made").write_text("anything")
    assert sl.load_runs(tmp_path / "x.made").runs["run"].tolist() == ["a"]


def test_an_importer_of_another_package_is_asked_only_by_name(tmp_path, monkeypatch):
    asked = []

    def points(group):
        asked.append(group)
        return [SimpleNamespace(name="made", load=Made)]

    monkeypatch.setattr(_registry, "entry_points", points)
    path = tmp_path / "x.csv"
    path.write_text("run,params,tokens,loss\nb,1e6,2e7,4.0\n")
    assert sl.load_runs(path).runs["run"].tolist() == ["b"] and not asked
    assert sl.load_runs(path, importer="made").runs["run"].tolist() == ["a"]
    assert asked == ["scalelaw.importers"]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'mlflow_folder'"):
        sl.load_runs("x", importer="mlflow_folders")


def test_an_importer_reads_paths_only():
    with pytest.raises(BadInput, match="reads a path or an address, not a list"):
        sl.load_runs(ROWS, importer="trackio")


def test_an_absent_path():
    with pytest.raises(BadInput, match=r"'nowhere' for importer=.* does not exist"):
        sl.load_runs("nowhere", importer="trackio")


def test_a_folder_of_two_formats_asks(tmp_path):
    shutil.copytree(LOGS / "hf_trainer", tmp_path, dirs_exist_ok=True)
    shutil.copytree(LOGS / "tensorboard", tmp_path / "runs")
    with pytest.raises(NeedsAnswer, match="hf_trainer and by tensorboard; choose one with importer='hf_trainer'"):
        sl.load_runs(tmp_path)
    with pytest.raises(NeedsAnswer, match="CLI: --importer hf_trainer"):
        sl.load_runs(tmp_path)
    assert len(sl.load_runs(tmp_path, importer="hf_trainer")) == 2


def test_a_folder_of_nothing_known(tmp_path):
    with pytest.raises(BadInput, match="a folder that no importer recognises"):
        sl.load_runs(tmp_path)


def test_a_table_called_results_is_a_table(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(ROWS))
    assert len(sl.load_runs(path)) == 1


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(LOGS / "hf_trainer", target_is_directory=True)
    assert importers.find(str(tmp_path)) is None


def test_results_of_groups_and_na_errors(tmp_path):
    content = {
        "results": {
            "mmlu": {"acc,none": 0.5, "acc_stderr,none": "N/A"},
            "wikitext": {"bits_per_byte,none": 0.9, "bits_per_byte_stderr,none": "N/A", "word_perplexity,none": 20.0},
        },
        "group_subtasks": {"mmlu": ["mmlu_a", "mmlu_b"]},
        "n-samples": {"mmlu_a": {"original": 10, "effective": 10}, "mmlu_b": {"original": 9, "effective": 5}},
        "config": {"model_args": "pretrained=lab/x,dtype=float", "model_num_parameters": 7_000_000},
        "configs": {},
    }  # fmt: skip
    for day in (1, 2):
        (tmp_path / f"results_{day}.json").write_text(json.dumps(content | {"date": 1.7e9 + day}))
    table = sl.load_runs(tmp_path)
    assert table.runs["run"].tolist() == ["lab/x (results 1 of 2)", "lab/x"]
    assert set(table.targets) == {"score@mmlu", "bpb@wikitext"}
    score = table.evals["target"] == "score@mmlu"
    assert table.evals["n_items"][score].tolist() == [15, 15]
