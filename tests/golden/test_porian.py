"""Porian et al. 2024: five cumulative exponents on RefinedWeb by one command, and what each correction changed."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.cli.main import app
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

pytestmark = pytest.mark.data

COMMAND = """explain "{file}" --flops 5.88e23 --column params=n --column tokens=t
    --base dataset=rw,hparams=base,warmup=long,decay=kaplan,param_count=kaplan --step "head FLOPs:param_count=standard"
    --step warm-up:warmup=short --step decay:decay=chinchilla --step tuned:hparams=tuned,decay=const
    --profile akima --noise 0.002 --level 0.95 --json"""
EXPONENTS = [0.835, 0.706, 0.602, 0.571, 0.497]
INTERVALS = [(0.82, 0.85), (0.69, 0.72), (0.59, 0.62), (0.56, 0.59), (0.49, 0.50)]
SIZES = [3e12, 787e9, 292e9, 183e9, 77e9]


@pytest.fixture(scope="module")
def file(data_dir: Path) -> Path:
    return data_dir / "porian" / "porian_isoflop_points.csv"


@pytest.fixture(scope="module")
def readings(file: Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, shlex.split(COMMAND.format(file=file)))
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["readings"]
    return found


def test_the_five_exponents(readings: list[dict[str, Any]]) -> None:
    for reading, exponent, (low, high) in zip(readings, EXPONENTS, INTERVALS, strict=True):
        found = reading["exponent"]
        assert found["value"] == pytest.approx(exponent, abs=0.01), reading["name"]
        assert found["lo"] < high and found["hi"] > low, reading["name"]
        assert found["hi"] - found["lo"] == pytest.approx(high - low, abs=0.015)


def test_the_sizes_they_imply_at_chinchillas_budget(readings: list[dict[str, Any]]) -> None:
    for reading, size in zip(readings, SIZES, strict=True):
        assert reading["params"]["value"] == pytest.approx(size, rel=0.03), reading["name"]
    assert readings[0]["change"] is None
    changes = [reading["change"] for reading in readings[1:]]
    assert changes == pytest.approx([-0.129, -0.104, -0.031, -0.074], abs=0.01)


@pytest.mark.parametrize(
    ("dataset", "exponents"), [("owt2", {"kaplan": 0.864, "standard": 0.699}), ("rw", {"attention": 0.717})]
)
def test_other_countings_and_data(file: Path, dataset: str, exponents: dict[str, float]) -> None:
    runs: RunTable = load_runs(file, columns={"params": "n", "tokens": "t"})
    for counting, exponent in exponents.items():
        part = runs.where(dataset=dataset, hparams="base", warmup="long", decay="kaplan", param_count=counting)
        noise = 0.002 if dataset == "rw" else 0.01
        found = isoflop_observations(part.endpoints(), IsoFlopSpec("akima", noise=noise, draws=400))
        assert found.params.exponent == pytest.approx(exponent, abs=0.02)
        assert found.params.exponent + found.tokens.exponent == pytest.approx(1.0, abs=2e-3)
