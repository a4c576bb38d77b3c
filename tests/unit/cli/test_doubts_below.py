"""What ``plan`` and ``forecast`` announce as more doubts below stands below, and each doubt stands once."""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app

pytestmark = pytest.mark.usefixtures("few_windows")


def written(tmp_path: Path, seed: int) -> str:
    """Write runs that state 2 to 3 times 6 N D, one architecture among two and one of them blown up."""
    rng = np.random.default_rng(seed)
    n, d = 10 ** rng.uniform(7, 9, 28), 10 ** rng.uniform(9, 10.5, 28)
    loss = (1.5 + 300 / n**0.33 + 500 / d**0.29) * np.exp(0.003 * rng.standard_normal(28))
    loss[int(rng.integers(28))] *= 1.9
    flops = 6 * n * d * (1.9 + (1e8 / n) ** 0.1)
    kinds = [("llama", "mamba")[i % 2] for i in range(28)]
    rows = [
        f"{a:.0f},{b:.0f},{c:.4e},{kind},{y:.4f}" for a, b, c, kind, y in zip(n, d, flops, kinds, loss, strict=True)
    ]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(["params,tokens,flops,arch,val_loss", *rows]) + "\n")
    return str(path)


@pytest.mark.parametrize("seed", [3, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("command", [["plan", "--flops", "1e22"], ["forecast", "--flops", "1e22"]])
def test_more_doubts_are_printed_where_they_are_announced(command: list[str], seed: int, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, [command[0], written(tmp_path, seed), *command[1:]])
    assert found.exit_code == 0, found.output
    text = " ".join(found.stdout.split())
    more = re.search(r"\((\d+) more below\)", text)
    assert more is not None
    below = found.stdout.partition("further doubts")[2].partition("\n\n")[0]
    assert len(re.findall(r"^  - ", below, re.MULTILINE)) == int(more[1])
    if command[0] == "plan":
        assert text.count("times 6 x params x tokens") == 1


@pytest.mark.parametrize("seed", [3, 8])
def test_a_run_that_blew_up_is_one_finding_of_the_check(seed: int, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["runs", "check", written(tmp_path, seed)])
    text = " ".join(found.stdout.split())
    assert text.count("[RUNS_BLOWN_UP]") == 1 and "(by chinchilla alone)" in text
    assert "[RUNG_UNDER_TUNED]" not in text


@pytest.mark.slow
def test_a_caution_stands_once_in_the_report_too(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    found = CliRunner().invoke(app, ["report", written(tmp_path, 3), "--to", str(page)])
    assert found.exit_code == 0, found.output
    assert page.read_text().count("CAUTION: the table") == 0 and "times 6 x params x tokens" in page.read_text()
