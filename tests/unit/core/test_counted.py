"""One of a thing is singular, in numbers and in what commands print of a single row, run or file."""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app
from scalelaw.core.numbers import counted

_PLURAL = re.compile(r"(?<![\d.,/x])1 (runs|rows|values|laws|cells|readings|budgets|sizes|points|columns|draws)\b")


@pytest.mark.parametrize("noun", ["run", "loss", "study", "budget", "larger one"])
def test_one_is_singular(noun: str) -> None:
    assert counted(1, noun) == f"1 {noun}"
    assert counted(2, noun) != f"2 {noun}" and counted(0, noun).startswith("0 ")
    assert counted(3, "study") == "3 studies" and counted(3, "loss") == "3 losses"


@pytest.mark.parametrize("command", [["runs", "check"], ["runs", "list"], ["init"], ["study"], ["isoflop"]])
def test_a_table_of_one_run_is_not_counted_in_the_plural(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("name,params,tokens,val_loss\na,1e8,2e9,3.1\n")
    extra = ["--out", str(tmp_path / "made")] if command == ["init"] else []
    found = CliRunner().invoke(app, [*command, str(path), *extra])
    assert not _PLURAL.search(found.output), found.output


def test_one_blank_and_one_odd_row_are_singular(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["name,params,tokens,flops,val_loss,seed"]
    for i, n in enumerate(10 ** np.linspace(7, 9, 12)):
        d = 20 * n
        flops = "" if i == 3 else f"{6 * n * d:.6e}"
        rows.append(f"r{i},{n:.0f},{d:.0f},{flops},{2 + 300 / n**0.33 + 0.001 * rng.standard_normal():.4f},{i}")
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(rows) + "\n")
    for command in (["runs", "check", str(path)], ["fit", str(path), "--law", "power[input=flops]", "--draws", "20"]):
        found = CliRunner().invoke(app, command)
        assert not _PLURAL.search(found.output), found.output
