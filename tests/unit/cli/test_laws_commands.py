"""The commands about laws, regimes, batches and dimensions: what they print, and one line for bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from scalelaw.cli.main import app


def scalelaw(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_laws_are_listed_and_shown_with_their_traps() -> None:
    listed = json.loads(scalelaw("laws", "list", "--json").stdout)
    assert {"mixing", "joint_experts", "quantized"} <= {law["law"] for law in listed["laws"]}
    shown = json.loads(scalelaw("laws", "show", "routed", "--json").stdout)
    assert any("base ten" in trap for trap in shown["traps"])
    assert "routed@clark2022-sbase" in shown["published"]


def test_a_law_is_drawn_with_its_constants(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert scalelaw("laws", "show", "quantized", "--figure", str(tmp_path / "law.png")).exit_code == 0
    assert (tmp_path / "law.png").stat().st_size > 5000


def test_a_regime_is_told_with_its_scores() -> None:
    arguments = ("regime", "chinchilla@besiroglu2024", "--params", "8B", "--tokens", "15T", "--json")
    told = json.loads(scalelaw(*arguments).stdout)
    assert told["schema"] == "scalelaw.regime/1" and told["label"] == "parameter-limited"
    assert told["share"] == pytest.approx(0.839, abs=1e-3) and told["stepped"] is None


def test_a_critical_batch_a_slope_and_a_dimension_are_read_off_files(tmp_path: Path) -> None:
    (tmp_path / "batches.csv").write_text("batch_tokens,steps\n1e3,1.1e5\n1e4,2e4\n1e5,1.1e4\n")
    found = json.loads(scalelaw("critical-batch", str(tmp_path / "batches.csv"), "--json").stdout)
    assert found["critical_batch"] == pytest.approx(1e4, rel=1e-3)
    rows = [f"1e8,{d:g},{2 + 1e8 / d:.12g}" for d in np.geomspace(1e9, 1e11, 6)]
    (tmp_path / "runs.csv").write_text("\n".join(["params,tokens,loss", *rows]) + "\n")
    slope = scalelaw("local-slope", str(tmp_path / "runs.csv"), "--along", "tokens", "--floor", "2", "--json")
    assert json.loads(slope.stdout)["label"] == "variance-limited"
    cube = np.random.default_rng(0).uniform(size=(400, 2)) @ np.array([[1.0, 0.5, 2.0], [0.2, 1.0, 1.0]])
    text = "\n".join(["a,b,c", *(",".join(f"{v:.12g}" for v in row) for row in cube)])
    (tmp_path / "points.csv").write_text(text + "\n")
    assert json.loads(scalelaw("dimension", str(tmp_path / "points.csv"), "--json").stdout)["two_nn"] == pytest.approx(
        2, rel=0.1
    )


REGIME = ("regime", "chinchilla@besiroglu2024", "--params", "8B")
REFUSED = (
    (("laws", "show", "nolaw"), "unknown law"),
    (("laws", "show", "mixing", "--figure", "law.png"), "no published constants to draw"),
    (("laws", "show", "routed", "--figure", "law.txt"), "figures are written as"),
    (("laws", "new", "chinchilla"), "no checkout|exists"),
    (("reproduce", "nothing-of-this"), "unknown figure"),
    (("reproduce", "--data", "/nowhere/at/all"), "the folder ./nowhere/at/all. of published tables does not exist"),
    ((*REGIME, "--tokens", "1T", "--unique-tokens", "2T"), "at most tokens"),
    (("regime", "kaplan_joint@kaplan2020", "--params", "8B", "--tokens", "1T"), "fit chinchilla"),
    (("critical-batch", "tests/data/nofile.csv"), "nofile.csv"),
)


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda each: each if isinstance(each, str) else "")
def test_bad_input_ends_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    import re

    result = scalelaw(*arguments)
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1, result.stderr
    assert re.search(said, result.stderr), result.stderr


def test_a_run_outside_the_published_ones_is_told_with_its_reach(tmp_path: Path) -> None:
    out = tmp_path / "forecast.json"
    run = ("--params", "7T", "--tokens", "1T", "--to", str(out))
    told = scalelaw("registry", "freeze", "chinchilla@hoffmann2022-printed", *run)
    assert told.exit_code == 0 and "params 438x, tokens 2x" in told.stdout
    assert json.loads(out.read_text())["reach"]["params"] == pytest.approx(437.5)


@pytest.mark.parametrize("size", ["params", "params_active"])
def test_the_total_of_a_mixture_of_experts_is_not_taken_for_what_is_active(tmp_path: Path, size: str) -> None:
    rows = [
        f"{n:g},{n / 10:g},{d:g},{1.7 + 400 / n**0.3 + 900 / d**0.3:.9g}" for n in (1e9, 4e9, 9e9) for d in (1e10, 9e10)
    ]
    (tmp_path / "runs.csv").write_text("\n".join(["params,params_active,tokens,loss", *rows]) + "\n")
    fit = ("fit", str(tmp_path / "runs.csv"), "--draws", "0", "--law")
    unsaid = scalelaw(*fit, "chinchilla")
    assert unsaid.exit_code == 2 and len(unsaid.stderr.splitlines()) == 1 and "which of them is N" in unsaid.stderr
    said = scalelaw(*fit, f"chinchilla[n={size}]")
    assert said.exit_code == 0, said.stderr


def test_a_table_of_mixtures_is_fitted_from_the_command_line(tmp_path: Path, rng: np.random.Generator) -> None:
    shares = rng.dirichlet(np.ones(2), 12)
    rows = [f"{a:.6f},{1 - round(a, 6):.6f},{2 + 0.5 * np.exp(-1.5 * a):.9f}" for a, _ in shares]
    (tmp_path / "runs.csv").write_text("\n".join(["train_web,train_code,loss", *rows]) + "\n")
    fit = ("fit", str(tmp_path / "runs.csv"), "--law", "mixing", "--column", "mixture=train_*", "--draws", "0")
    result = scalelaw(*fit)
    assert result.exit_code == 0 and "mixture of web" in result.stdout, result.output
    (tmp_path / "runs.csv").write_text("\n".join(["train_web,train_code,loss", *rows, "0.5,0.2,2.2"]) + "\n")
    short = scalelaw(*fit)
    assert short.exit_code == 2 and "sums to 0.7" in short.stderr
