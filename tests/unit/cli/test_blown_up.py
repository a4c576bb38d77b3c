"""A run that blew up, as a user meets it: named by every command, with the answer with and without it, and left out."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app

RUN = CliRunner()


@pytest.fixture(scope="module", params=[11])
def blown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """A ladder of one recipe with one run that blew up: its file, the name of that run, its row."""
    rng = np.random.default_rng(request.param)
    rows = []
    for layers in (4, 6, 8, 10, 12, 16, 20):
        for ratio in (10, 20, 40, 80):
            params = 12 * layers * (64 * layers) ** 2
            loss = 1.8 + 400 / params**0.34 + 400 / (ratio * params) ** 0.28
            rows.append([f"{rng.integers(1e6):06d}-L{layers}-r{ratio}", params, ratio * params, loss])
    at = int(rng.integers(8, len(rows) - 4))
    rows[at][-1] *= 1.6
    path = tmp_path_factory.mktemp("blown") / "runs.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["name", "params", "tokens", "val_loss"], *rows])
    return path, rows[at][0], at + 1


@pytest.mark.parametrize("command", ["study", "fit", "runs check", "init --dry-run"])
def test_every_command_names_it_with_the_answer_with_and_without(blown: tuple[Path, str, int], command: str) -> None:
    path, name, row = blown
    words, _, option = command.partition(" --")
    result = RUN.invoke(app, [*words.split(), str(path), *([f"--{option}"] if option else [])])
    text = " ".join(result.output.split())
    assert f"{name} (row {row})" in text and "neighbours have" in text, text
    assert "with it" in text and "without it" in text and f"--exclude name={name}" in text


def test_it_can_be_left_out(blown: tuple[Path, str, int]) -> None:
    path, name, _ = blown
    result = RUN.invoke(app, ["fit", str(path), "--exclude", f"name={name}", "--reason", "blew up", "--draws", "0"])
    assert result.exit_code == 0 and "1 excluded: blew up" in result.output and "BLOWN" not in result.output


def test_rows_are_kept_by_value_list_and_range(blown: tuple[Path, str, int]) -> None:
    path, name, _ = blown
    result = RUN.invoke(app, ["fit", str(path), "--where", "params=1e7..1e9", "--exclude", f"name={name}"])
    assert result.exit_code == 0 and "params is outside [1e+07, 1e+09]" in result.output
    result = RUN.invoke(app, ["fit", str(path), "--where", "nosuch=3"])
    assert result.exit_code == 2 and "nosuch" in result.output
