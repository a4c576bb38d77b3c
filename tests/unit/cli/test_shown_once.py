"""A warning of reading a table stands once: among the doubts where the result shows it, else on stderr."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.cli._held import Held
from scalelaw.cli.main import app

pytestmark = pytest.mark.usefixtures("few_windows")


def _loss(n: float, d: float, rng: np.random.Generator) -> float:
    return float((1.7 + 420 / n**0.34 + 510 / d**0.28) * np.exp(0.003 * rng.standard_normal()))


def merged(path: Path, rng: np.random.Generator) -> str:
    """Write runs whose size stands once for a block of rows, under a random name of the file and of a column."""
    label = rng.choice(["name", "series", "note"])
    rows = [f"{label},params,tokens,val_loss"]
    for n in 10 ** np.linspace(7.5, 9, int(rng.integers(5, 7))):
        for i, ratio in enumerate((5, 10, 20, 40, 80)):
            d = n * ratio
            rows.append(f"{f's{n:.0f}' if i == 0 else ''},{f'{n:.0f}' if i == 0 else ''},{d:.0f},{_loss(n, d, rng)}")
    return _written(path, rows, rng)


def grid(path: Path, rng: np.random.Generator) -> str:
    """Write losses as a grid of sizes by tokens."""
    sizes = [f"{n:.0f}M" for n in sorted(rng.choice(np.arange(20, 900, 35), int(rng.integers(6, 8)), replace=False))]
    tokens = [f"{d}B" for d in (1, 2, 4, 8, 16)]
    rows = [",".join(["params", *tokens])]
    for size in sizes:
        losses = (_loss(float(size[:-1]) * 1e6, float(each[:-1]) * 1e9, rng) for each in tokens)
        rows.append(",".join([size, *(f"{loss:.4f}" for loss in losses)]))
    return _written(path, rows, rng)


def _written(path: Path, rows: list[str], rng: np.random.Generator) -> str:
    file = path / f"t{rng.integers(1000)}.csv"
    file.write_text("\n".join(rows) + "\n")
    return str(file)


KINDS = {"RUNS_MERGED_CELLS": merged, "RUNS_GRID": grid}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize("command", ["study", "plan", "forecast", "fit"])
def test_a_warning_of_reading_stands_once(command: str, code: str, seed: int, tmp_path: Path) -> None:
    file = KINDS[code](tmp_path, np.random.default_rng(seed))
    found = CliRunner().invoke(app, [command, file])
    assert found.exit_code == 0, found.output
    assert (found.stdout + found.stderr).count(code) == 1
    assert code in found.stdout


@pytest.mark.parametrize("code", KINDS)
def test_a_result_that_shows_no_findings_leaves_the_warning_on_stderr(code: str, tmp_path: Path) -> None:
    file = KINDS[code](tmp_path, np.random.default_rng(5))
    for command in (["backtest", file], ["study", file, "--json"], ["plan", file, "--flops", "-1"]):
        assert CliRunner().invoke(app, command).stderr.count(code) == 1, command


def test_a_warning_outside_the_reading_of_a_table_is_printed_at_once() -> None:
    held, said = Held(), list[str]()
    assert not held.takes("a run was taken over")
    with held.reading():
        assert held.takes("rows look doubled [RUNS_DOUBLED]") and held.takes("another [RUNS_OTHER]")
    held.shown("doubt   rows look\n   doubled; drop them")
    held.let_go(said.append)
    held.let_go(said.append)
    assert said == ["another [RUNS_OTHER]"]
