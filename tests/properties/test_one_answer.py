"""One table, one question, one answer: plan, study, report, forecast, robustness and projects decide alike."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app

pytestmark = pytest.mark.usefixtures("few_windows")
NAMES = [("params", "tokens", "loss"), ("N", "D", "val_loss"), ("n_params", "n_tokens", "loss")]
SEEDS = range(1)


def table(path: Path, seed: int) -> str:
    """Write random runs of a random law under random column names, and return the file."""
    rng = np.random.default_rng(seed)
    e, a, b = rng.uniform(1.5, 2.2), rng.uniform(200, 800), rng.uniform(500, 4000)
    alpha, beta = rng.uniform(0.28, 0.4, 2)
    sizes = np.geomspace(1e7, 10 ** rng.uniform(8.5, 9.3), int(rng.integers(5, 8))).round()
    names = NAMES[int(rng.integers(len(NAMES)))]
    lines = [",".join(names)]
    for n in sizes:
        for ratio in np.geomspace(4, 10 ** rng.uniform(1.8, 2.6), int(rng.integers(3, 6))):
            d = round(n * ratio)
            loss = (e + a / n**alpha + b / d**beta) * np.exp(0.004 * rng.standard_normal())
            lines.append(f"{n:.0f},{d},{loss:.6f}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def document(command: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def decided(plan: dict[str, Any]) -> list[Any]:
    return [plan[name] for name in ("params", "tokens", "loss")]


def options_of(seed: int) -> str:
    """Return options that every command takes."""
    rng = np.random.default_rng(100 + seed)
    said = [f"--flops {10 ** rng.uniform(20.5, 23):.3g}"] * int(rng.integers(2))
    said += [f"--prior {rng.choice(['none', 'literature'])}"] * int(rng.integers(2))
    said += [f"--level {rng.choice([0.5, 0.8, 0.95])}"] * int(rng.integers(2))
    said += [f"--seed {int(rng.integers(9))}"] * int(rng.integers(2))
    return " ".join(said)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_command_gives_the_same_answer(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, said = table(tmp_path / "runs.csv", seed), options_of(seed)
    study = document(f"study {file} {said} --json")
    assert study["plan"] is not None
    plan = document(f"plan {file} {said} --json")
    forecast = document(f"forecast {file} {said} --json")
    assert study["answer"] == plan["answer"] == forecast["answer"]
    assert decided(study["plan"]) == decided(plan)
    budget = plan["flops"]["value"]
    along = next(run for run in forecast["runs"] if run["point"]["flops"] == budget)
    assert along["point"]["params"] == plan["params"]["value"]
    for end in ("value", "lo", "hi"):
        assert along["forecast"][end] == pytest.approx(plan["loss"][end], rel=1e-12)
    robust = document(f"robustness {file} {said} --starts 4 --json")
    assert decided(robust["outcomes"][0]) == decided(plan)
    keys = dict(pair.split() for pair in said.removeprefix("--").split(" --")) if said else {}
    lines = [f"{name} = {value if name != 'prior' else json.dumps(value)}" for name, value in keys.items()]
    (tmp_path / "scalelaw.toml").write_text("\n".join([f"source = {json.dumps(file)}", *lines]))
    project = sl.load_project(tmp_path).study(figures=False)
    assert project.plan is not None
    assert decided(project.plan.to_dict()) == decided(plan)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_law_is_one_law_everywhere(seed: int, tmp_path: Path) -> None:
    file = table(tmp_path / "runs.csv", seed)
    said = "--law chinchilla --flops 1e22 --draws 40"
    study, plan = document(f"study {file} {said} --json"), document(f"plan {file} {said} --json")
    robust = document(f"robustness {file} {said} --json")
    assert study["answer"] == plan["answer"]
    assert decided(study["plan"]) == decided(plan) == decided(robust["outcomes"][0])


@pytest.mark.parametrize("command", [pytest.param("study", marks=pytest.mark.slow), "plan", "forecast"])
def test_the_next_command_works_as_printed(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = table(tmp_path / "my runs.csv", 7)
    monkeypatch.chdir(tmp_path)
    following = document(f"{command} {shlex.quote(file)} --json")["answer"]["next"]
    assert following.startswith("scalelaw ")
    result = CliRunner().invoke(app, shlex.split(following)[1:])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("seed", range(1))
def test_a_coefficient_held_is_held_in_every_command_that_decides(seed: int, tmp_path: Path) -> None:
    file, rng = table(tmp_path / "runs.csv", seed), np.random.default_rng(seed)
    name, value = str(rng.choice(["E", "alpha", "beta"])), round(float(rng.uniform(0.3, 0.4)), 3)
    said = f"{file} --law chinchilla --fix {name}={value} --draws 30"
    fit = document(f"fit {said} --json")
    assert fit["coefficients"][name]["value"] == value
    plan = document(f"plan {said} --flops 1e22 --json")
    study = document(f"study {said} --flops 1e22 --json")
    robust = document(f"robustness {said} --flops 1e22 --json --starts 64")
    assert plan["fitted"]["law"] == "chinchilla" and f"fixed: {name} = {value:g}" in plan["assumptions"]
    for fitted in (plan["fitted"]["spec"], study["fitted"]["spec"], robust["spec"]):
        assert fitted["fixed"] == {name: value}
    assert study["fit"]["coefficients"] == fit["coefficients"]
    assert decided(study["plan"]) == decided(plan)
    assert robust["outcomes"][0]["params"]["value"] == plan["params"]["value"]
    assert f"--fix {name}={value:g}" in plan["answer"]["next"]
    report = CliRunner().invoke(app, shlex.split(f"report {said} --flops 1e22 --to {tmp_path / 'r.html'}"))
    assert report.exit_code == 0 and f"{name} = {value:g}" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("command", ["plan", "study", "report", "robustness"])
def test_the_ensemble_holds_no_coefficient_and_says_what_does(command: str, tmp_path: Path) -> None:
    said = f"{command} {table(tmp_path / 'runs.csv', 1)} --fix E=1.7"
    refused = CliRunner().invoke(app, shlex.split(said))
    assert refused.exit_code == 2 and "name it with --law" in refused.output.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["params_active"])
def test_the_ensemble_takes_the_n_it_is_told_in_every_command(kind: str, tmp_path: Path) -> None:
    path = Path(table(tmp_path / "dense.csv", 3))
    head, *rows = path.read_text().splitlines()
    _, d, loss = head.split(",")
    cells = [row.split(",") for row in rows]
    lines = [f"total_params,active_params,{d},{loss}", *(f"{4 * int(a)},{a},{b},{c}" for a, b, c in cells)]
    (tmp_path / "moe.csv").write_text("\n".join(lines) + "\n")
    file = tmp_path / "moe.csv"
    asked = CliRunner().invoke(app, ["plan", str(file)])
    assert asked.exit_code == 2 and f"ensemble[n={kind}]" in asked.output
    said = f"{file} --law ensemble[n={kind}] --flops 1e22 --json"
    plan, study = document(f"plan {said}"), document(f"study {said}")
    robust = document(f"robustness {said} --draws 60 --starts 8")
    forecast = document(f"forecast {file} --params-kind {kind} --flops 1e22 --json")
    assert plan["fitted"]["law"] == "ensemble" and decided(study["plan"]) == decided(plan)
    assert forecast["runs"][0]["point"][kind] == pytest.approx(plan["params"]["value"])
    assert robust["outcomes"][0]["label"].startswith("ensemble of")
    assert f"ensemble[n={kind}]" in plan["answer"]["next"]
    if kind == "params_active":
        dense = document(f"plan {path} --flops 1e22 --json")
        assert plan["params"]["value"] == pytest.approx(dense["params"]["value"], rel=1e-3)
