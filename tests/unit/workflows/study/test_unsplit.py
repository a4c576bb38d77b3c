"""Where no size follows, the first screen names the cause, and the command that settles it works."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw import decide, load_runs
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput

pytestmark = pytest.mark.usefixtures("few_windows")
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))]
NAMES = ("params_active_precise", "n_param_backbone", "body_params_exact", "my param count")


def sweep(seed: int, name: str) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 32))
    params, tokens = 10 ** rng.uniform(7, 9, n), 10 ** rng.uniform(8.5, 10.5, n)
    loss = (1.7 + 400 / params**0.34 + 400 / tokens**0.28) * np.exp(rng.normal(0, 0.002, n))
    return {name: params.tolist(), "tokens": tokens.tolist(), "val_loss": loss.tolist()}


def readings(seed: int) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(seed)
    tokens = np.cumsum(rng.uniform(1e9, 5e9, int(rng.integers(4, 12))))
    return tokens.tolist(), (2.1 + 900 * tokens**-0.34 + rng.normal(0, 1e-3, len(tokens))).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_command_that_names_the_size_plans(seed: int, tmp_path: Path) -> None:
    name = NAMES[seed]
    file = tmp_path / "runs.jsonl"
    table = sweep(seed, name)
    rows = zip(*table.values(), strict=True)
    file.write_text("\n".join(json.dumps(dict(zip(table, row, strict=True))) for row in rows))
    found = decide(load_runs(file))
    if found.plan is not None:
        pytest.fail(f"{name} is recognised now; take another name")
    assert "RUNS_SIZE_UNNAMED" in found.answer.doubt and repr(name) in found.answer.doubt
    first = CliRunner().invoke(app, ["study", str(file)])
    command = next(line for line in first.stdout.splitlines() if line.startswith("  next")).split(None, 1)[1]
    second = CliRunner().invoke(app, shlex.split(command)[1:])
    assert second.exit_code == 0 and "tokens per parameter" in second.stdout
    assert "RUNS_SIZE_UNNAMED" not in second.stdout


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_that_may_be_one_run_are_doubted(seed: int, tmp_path: Path) -> None:
    tokens, loss = readings(seed)
    file = tmp_path / "one.csv"
    file.write_text("tokens,val_loss\n" + "".join(f"{d},{y}\n" for d, y in zip(tokens, loss, strict=True)))
    found = decide(load_runs(file))
    assert "RUNS_ONE_RUN" in found.answer.doubt
    first = CliRunner().invoke(app, ["study", str(file)])
    command = next(line for line in first.stdout.splitlines() if line.startswith("  next")).split(None, 1)[1]
    assert command.startswith("scalelaw extrapolate ")
    assert CliRunner().invoke(app, shlex.split(command)[1:]).exit_code == 0
    stated = decide(load_runs(file, columns={"run": None})).answer
    assert "RUNS_ONE_RUN" not in f"{stated.doubt}{stated.others}"


@pytest.mark.parametrize("size", [{}, {"params": 124e6}])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_of_one_run_is_refused_by_name(seed: int, size: dict[str, float]) -> None:
    tokens, loss = readings(seed)
    n = len(tokens)
    log = {"run": ["a"] * n, "tokens": tokens, "val_loss": loss, **{name: [value] * n for name, value in size.items()}}
    with pytest.raises(BadInput, match=rf"holds {n} readings of one run.*extrapolate FILE --end"):
        decide(load_runs(log))
