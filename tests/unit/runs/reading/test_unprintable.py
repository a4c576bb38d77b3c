"""Control characters in names and cells: read as escapes, with a finding, wherever a table comes from."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.runs.raw import from_columns
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reading.unprintable import escaped, without_controls

pytestmark = pytest.mark.filterwarnings("ignore:.*RUNS_CONTROL_CHARACTERS")
SIGNS = [*map(chr, range(9)), "\x0b", "\x0c", *map(chr, range(14, 32)), *map(chr, range(127, 160)),
         "\u202a", "\u202e", "\u2066", "\u2069", "\ud800", "\udbff", "\udc00", "\udfff"]  # fmt: skip
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=8)


@given(st.sampled_from(SIGNS), PLAIN, PLAIN)
def test_every_such_character_becomes_an_escape_and_nothing_else_does(sign: str, before: str, after: str) -> None:
    plain = escaped(before + sign + after)
    assert plain.isprintable() or not (before + after).isprintable()
    assert plain.startswith(before + "\\") and plain.endswith(after) and sign not in plain
    assert escaped(before + "\t\n\r" + after) == before + "\t\n\r" + after
    plain.encode()


@given(st.sampled_from(SIGNS), st.integers(2, 6))
def test_a_table_names_them_in_a_finding(sign: str, n: int) -> None:
    rows = {"params": [10**7 * (i + 1) for i in range(n)], "tokens": [1e9] * n, "loss": [3.0 + i for i in range(n)],
            "dataset": [f"a{sign}b"] * n, f"note{sign}": ["x"] * n}  # fmt: skip
    table = load_runs(rows)
    found = [finding for finding in table.findings if finding.code == "RUNS_CONTROL_CHARACTERS"]
    assert len(found) == 1 and found[0].rows == 2
    assert sign not in str(table) + json.dumps(table.to_dict(), ensure_ascii=False)


@pytest.mark.parametrize("end", [".json", ".jsonl", ".csv"])
def test_whatever_the_file(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"runs{end}"
    rows = [{"params": 1e7 * (i + 1), "tokens": 1e9, "loss": 3.0 + i, "dataset": "\x1b[31mred\x07"} for i in range(3)]
    if end == ".csv":
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    else:
        lines = [json.dumps(row) for row in rows]
    path.write_text("[" + ",".join(lines) + "]" if end == ".json" else "\n".join(lines) + "\n")
    table = load_runs(path)
    assert "RUNS_CONTROL_CHARACTERS" in {finding.code for finding in table.findings}
    assert set(table.runs["dataset"]) == {"\\x1b[31mred\\x07"}


def test_a_table_without_them_is_the_same_table() -> None:
    raw = from_columns({"params": [1.0, 2.0], "name": ["naïve", "数\t据"]}, "dict")
    assert without_controls(raw) is raw


def test_two_names_that_become_one_stay_two_columns() -> None:
    raw = from_columns({"a\x1b": ["x"], "a\\x1b": ["y"]}, "dict")
    assert [column.values[0] for column in without_controls(raw).columns.values()] == ["x", "y"]
