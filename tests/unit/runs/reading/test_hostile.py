"""Hostile tables: few bytes that would need much memory are refused before they do."""

import json
from pathlib import Path

import pytest

import scalelaw as sl
from scalelaw.core import reading
from scalelaw.core.errors import BadTable
from scalelaw.runs import raw

COLUMNS, PARTS = 50, 1_000


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("keys.json", "{" + ",".join(f'"k{at}":1' for at in range(51)) + "}", "51 columns, more than 50"),
        ("columns.json", "{" + ",".join(f'"k{at}":[1]' for at in range(51)) + "}", "51 columns, more than 50"),
        ("header.csv", ",".join(f"k{at}" for at in range(51)) + "\n1\n", "51 columns, more than 50"),
        ("shared.json", json.dumps([{f"k{at % 49}": 1} for at in range(90)]), "90 records have 49 names but share few"),
        ("shared.jsonl", "\n".join(f'{{"k{at % 49}": 1}}' for at in range(90)), "names but share few"),
        ("lists.jsonl", "[]\n" * 1_001, "1001 lists and records, more than 1000"),
        ("lists.json", "[" + "[]," * 1_000 + "1]", "1001 lists and records, more than 1000"),
        ("lists", "[" + "[]," * 1_000 + "1]", "1001 lists and records, more than 1000"),
        ("trainer_state.json", '{"log_history":[' + "{}," * 1_000 + "1]}", "1002 lists and records"),
    ],
)
def test_it_is_one_line(name: str, text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_MOST_COLUMNS", COLUMNS)
    monkeypatch.setattr(raw, "_MOST_CELLS", 1_000)
    monkeypatch.setattr(raw, "_SPARSE", 40)
    monkeypatch.setattr(reading, "MOST_PARTS", PARTS)
    (tmp_path / name).write_text(text)
    with pytest.raises(BadTable, match=message) as caught:
        sl.load_runs(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_sparse_table_loads() -> None:
    rows = [{"params": 1e8 + at, "tokens": 1e10, "loss": 3.0, f"k{at % 90}": 1.0} for at in range(300)]
    assert len(sl.load_runs(rows)) == 300
