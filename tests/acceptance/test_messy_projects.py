"""The messy files as a user has them: ``scalelaw init``, one answer where it asks, and plain ``scalelaw``."""

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from scalelaw.cli.main import app
from scalelaw.runs.reading.load import load_runs
from scalelaw.workflows.project.project import load_project

pytestmark = pytest.mark.usefixtures("few_windows")
MESSY = Path(__file__).parents[1] / "data" / "messy"
QUICK = "draws = 0\nstarts = 8\n"


@dataclass(frozen=True)
class Case:
    """One line of the README's table, from the folder of a project.

    Attributes:
        source: file or folder.
        read: rows read.
        runs: distinct runs.
        fitted: rows a fit sees.
        aside: reason, as the README names it -> runs set aside.
        coef: E, alpha, beta with the ± of the README.
        answer: what is answered where init asks.
        asks: code of the question.
        warns: codes of every warning of the fit.
        lines: what the user adds to scalelaw.toml.
    """

    source: str
    read: int
    runs: int
    fitted: int
    aside: dict[str, int] = field(default_factory=dict)
    coef: tuple[tuple[float, float], ...] = ()
    answer: str | None = None
    asks: str | None = None
    warns: frozenset[str] = frozenset()
    lines: str = ""


def case(name: str, *numbers: Any, **more: Any) -> Any:
    return pytest.param(Case(*numbers, **more), id=name)


CASES = [
    case("01", "01_wandb_wide", 251, 23, 20, {"unfinished": 1, "no loss": 1, "no params": 1},
         ((1.829, 0.026), (0.365, 0.014), (0.370, 0.008))),
    case("02", "02_wandb_long.csv", 809, 31, 24, {"unfinished": 3, "diverged": 2, "superseded": 2},
         ((1.810, 0.049), (0.356, 0.017), (0.357, 0.007))),
    case("03", "03_lr_batch_sweep.csv", 90, 90, 6, {"diverged": 1, "not best of their cell": 83},
         warns=frozenset({"RUNS_EDGE_OPTIMUM", "DESIGN_FEW_ROWS", "FIT_NOT_CERTIFIED"})),
    case("03 as they are", "03_lr_batch_sweep.csv", 90, 90, 89, {"diverged": 1}, lines='use = "endpoints"\n',
         warns=frozenset({"RUNS_SWEPT", "FIT_NOT_CERTIFIED"})),
    case("04", "04_cosine_checkpoints.csv", 126, 16, 15, {"undecayed": 1},
         ((1.773, 0.021), (0.334, 0.012), (0.366, 0.007))),
    case("05", "05_wsd_branches.csv", 102, 26, 20, {"undecayed": 6},
         ((1.789, 0.034), (0.336, 0.014), (0.377, 0.008))),
    case("06", "06_steps_batch_seq.csv", 25, 25, 23, {"no tokens": 1, "unfinished": 1},
         ((1.815, 0.032), (0.356, 0.014), (0.368, 0.006))),
    case("07", "07_numbers_as_text.csv", 29, 29, 25, {"unreadable": 3, "no loss": 1},
         ((1.807, 0.007), (0.349, 0.006), (0.372, 0.007))),
    case("08", "08_loss_units.csv", 24, 24, 24, {}, ((1.779, 0.021), (0.332, 0.009), (0.371, 0.004))),
    case("08b bits", "08b_loss_units_missing.csv", 24, 24, 24, {}, ((1.779, 0.021), (0.332, 0.009), (0.371, 0.004)),
         answer="bits", asks="RUNS_LOSS_UNIT"),
    case("08b drop", "08b_loss_units_missing.csv", 24, 24, 21, {"unreadable": 3},
         ((1.777, 0.021), (0.333, 0.009), (0.369, 0.004)), answer="leave those rows out", asks="RUNS_LOSS_UNIT"),
    case("09 in bytes", "09_two_tokenizers.csv", 32, 32, 32, {}, ((0.618, 0.009), (0.348, 0.012), (0.371, 0.004)),
         answer="bits per byte", asks="DESIGN_TOKENIZERS"),
    case("09 one", "09_two_tokenizers.csv", 32, 16, 16, {"tokenizer is not bpe-32k": 16},
         ((1.770, 0.048), (0.342, 0.020), (0.366, 0.006)), answer="bpe-32k", asks="DESIGN_TOKENIZERS"),
    case("10 active", "10_moe.csv", 28, 28, 26, {"impossible": 2}, ((1.775, 0.038), (0.340, 0.015), (0.368, 0.008)),
         answer="params_active", asks="DESIGN_WHICH_N"),
    case("10 total", "10_moe.csv", 28, 28, 26, {"impossible": 2}, answer="2", asks="DESIGN_WHICH_N",
         warns=frozenset({"DESIGN_OTHER_FLOPS", "FIT_NOT_CERTIFIED", "FIT_MISFIT"})),
    case("11 c4", "11_three_evals_wide.csv", 20, 20, 20, {}, ((1.828, 0.020), (0.361, 0.012), (0.371, 0.006)),
         answer="c4", asks="RUNS_WHICH_TARGET"),
    case("11 pile", "11_three_evals_wide.csv", 20, 20, 19, {"no loss@pile": 1},
         ((1.584, 0.022), (0.342, 0.013), (0.364, 0.006)), answer="pile", asks="RUNS_WHICH_TARGET"),
    case("13", "13_european.csv", 24, 24, 24, {}, ((1.803, 0.020), (0.349, 0.010), (0.368, 0.005))),
    case("14", "14_unsaid_units.csv", 20, 20, 20, {}, ((1.801, 0.020), (0.355, 0.012), (0.365, 0.006)),
         answer="1", asks="RUNS_UNIT_SLIP"),
    case("15", "15_hf_trainer", 13, 8, 6, {"no tokens": 1, "unfinished": 1},
         ((1.67, 0.25), (0.323, 0.071), (0.357, 0.029)), warns=frozenset({"DESIGN_FEW_ROWS"})),
    case("16", "16_mlflow", 10, 10, 8, {"unfinished": 1, "deleted": 1},
         ((1.870, 0.071), (0.365, 0.029), (0.368, 0.011))),
    case("17", "17_typed.parquet", 30, 30, 24, {"no loss": 2, "diverged": 1, "no params": 1, "undecayed": 2},
         ((1.822, 0.020), (0.364, 0.009), (0.365, 0.005))),
    case("18", "18_recipe_changes.csv", 28, 28, 28, {}, warns=frozenset({"DESIGN_RECIPE_WITH_SIZE"})),
    case("18 v1", "18_recipe_changes.csv", 28, 16, 16, {"recipe is not v1": 12},
         ((1.73, 0.19), (0.336, 0.057), (0.358, 0.008)), lines='where.recipe = "v1"\n'),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scalelaw(*words: str) -> Result:
    """Run a command; a traceback fails the test."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def begin(folder: Path, source: str, *words: str) -> dict[str, Any]:
    """Put a messy source into the folder and begin a project there; return what init says as JSON."""
    place = folder / source
    if not place.exists():
        (shutil.copytree if (MESSY / source).is_dir() else shutil.copy)(MESSY / source, place)
    result = scalelaw("init", source, "--json", *words)
    assert result.exit_code == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def reason(text: str) -> str:
    """Return a reason in the README's word for it."""
    word = text.partition(":")[0]
    return "unreadable" if word.startswith("unreadable") else word


@pytest.mark.parametrize("case", CASES)
def test_init_and_plain_scalelaw_give_what_the_readme_states(case: Case, folder: Path) -> None:
    told = begin(folder, case.source)
    assert (told["question"] or {}).get("code") == case.asks
    if case.asks is not None:
        assert scalelaw().exit_code == 2, "an open question must stop the study"
        told = begin(folder, case.source, "--answer", case.answer, "--force")
        assert told["question"] is None
    file = folder / "scalelaw.toml"
    text = file.read_text().replace('out = "study"\n', "")
    for line in case.lines.splitlines():
        text = re.sub(rf"^{line.split()[0]} = .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"^over = .*\n", "", text, flags=re.MULTILINE)
    file.write_text(QUICK + case.lines + text)

    result = scalelaw("study", "--json")
    assert result.exit_code == 0, result.stderr
    study = json.loads(result.stdout)
    fit, runs = study["fit"], study["runs"]
    assert fit["rows"]["read"] == case.read
    aside: Counter[str] = Counter()
    for part in fit["rows"]["set_aside"]:
        aside[reason(part["reason"])] += part["n"]
    assert (runs["runs"], fit["rows"]["fitted"], aside) == (case.runs, case.fitted, case.aside)
    above = {finding["code"] for finding in fit["findings"] if finding["grade"] != "set aside"}
    assert above == case.warns
    for name, (value, spread) in zip(("E", "alpha", "beta"), case.coef, strict=False):
        assert abs(fit["coefficients"][name]["value"] - value) < 3 * spread


@pytest.mark.slow
def test_plain_scalelaw_prints_the_study_and_draws_its_figures(folder: Path) -> None:
    begin(folder, "06_steps_batch_seq.csv")
    (folder / "scalelaw.toml").write_text(QUICK + (folder / "scalelaw.toml").read_text())
    result = scalelaw()
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("  train ")
    assert "backtest of chinchilla" in result.stdout and "reach" in result.stdout
    assert sorted(path.name for path in (folder / "study").iterdir()) == [
        "iso_loss.png",
        "loss_vs_compute.png",
        "report.html",
        "residuals.png",
    ]


def test_twelve_is_written_with_what_refuses_it(folder: Path) -> None:
    told = begin(folder, "12_twenty_to_one.csv")
    assert "4 rows for 5 coefficients" in told["refusal"] and "tokens = 20 x params" in told["refusal"]
    assert "# Cannot be fitted yet:" in (folder / "scalelaw.toml").read_text()
    result = scalelaw()
    assert result.exit_code == 2 and result.stdout == "" and len(result.stderr.splitlines()) == 1


READABLE = sorted(
    {each.values[0].source for each in CASES if each.values[0].asks not in ("RUNS_LOSS_UNIT", "RUNS_UNIT_SLIP")}
)


@pytest.mark.parametrize("source", READABLE)
def test_what_init_writes_reads_the_same_table_as_the_bare_source(source: str, folder: Path) -> None:
    begin(folder, source)
    project = load_project(folder)
    plain, said = load_runs(folder / source), project.loaded
    assert plain.targets == said.targets and set(plain.runs) == set(said.runs)
    for target in plain.targets:
        assert plain.endpoints(target).digest == said.endpoints(target).digest


@pytest.mark.parametrize(
    ("source", "code"),
    [("08b_loss_units_missing.csv", "RUNS_LOSS_UNIT"), ("09_two_tokenizers.csv", "DESIGN_TOKENIZERS"),
     ("10_moe.csv", "DESIGN_WHICH_N"), ("11_three_evals_wide.csv", "RUNS_WHICH_TARGET"),
     ("14_unsaid_units.csv", "RUNS_UNIT_SLIP")],
)  # fmt: skip
def test_an_answer_uncommented_in_the_file_is_as_good_as_one_given(source: str, code: str, folder: Path) -> None:
    told = begin(folder, source)
    lines = (folder / "scalelaw.toml").read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("# - "))
    last = next(n for n in range(first + 1, len(lines)) if lines[n].startswith("# - "))
    answered = [line.removeprefix("# ") if first < n < last else line for n, line in enumerate(lines)]
    (folder / "scalelaw.toml").write_text("\n".join(answered))
    by_hand = load_project(folder)
    begin(folder, source, "--answer", "1", "--force")
    given = load_project(folder)
    assert told["question"]["code"] == code
    for name in ("units", "target", "law", "per_byte", "where"):
        assert getattr(by_hand, name) == getattr(given, name), name
    assert by_hand.table.endpoints(by_hand.target).digest == given.table.endpoints(given.target).digest
