"""What is imported is declared, and nothing is imported before it is needed."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [*DECLARED["dependencies"], *(r for extra in DECLARED["optional-dependencies"].values() for r in extra)]
MAY_IMPORT = {re.split(r"[^\w]", requirement)[0] for requirement in REQUIREMENTS} | set(sys.stdlib_module_names)

LATER = {"polars", "narwhals", "pandas", "pyarrow", "matplotlib", "torch", "optuna"}


def loaded_by(program: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after running the program."""
    tell = "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", program + tell], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("program", "forbidden"),
    [
        ("import scalelaw", LATER | {"typer", "rich"}),
        ("import scalelaw.laws as laws; [laws.get(name) for name in laws.names()]", LATER | {"typer", "rich", "scipy"}),
        (
            "from typer.testing import CliRunner; from scalelaw.cli.main import app; CliRunner().invoke(app, '--help')",
            LATER,
        ),
        ("import scalelaw as sl; sl.decide(sl.datasets.load('synthetic-ladder'), draws=2)", LATER | {"typer", "scipy"}),
    ],
    ids=["import", "laws", "help", "decide"],
)
def test_what_is_only_needed_later_is_not_imported(program: str, forbidden: set[str]) -> None:
    assert not loaded_by(program) & forbidden


def test_what_is_imported_is_declared(trees: dict[Path, ast.Module]) -> None:
    """What only a developer's tool brings along is absent where a user installs."""
    undeclared = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        allowed = MAY_IMPORT | ({"pytest", "hypothesis"} if "testing" in path.parts else set())
        if missing := imported_by(trees[path]) - allowed:
            undeclared[str(path.relative_to(ROOT))] = missing
    assert not undeclared, "declare it in pyproject.toml, or do without"


def imported_by(tree: ast.AST) -> set[str]:
    """Return the top-level modules that any line imports, at once or later."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").partition(".")[0])
    return modules
