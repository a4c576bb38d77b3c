"""The source as trees, parsed once for all that look at it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def trees() -> dict[Path, ast.Module]:
    """Return every Python file of the repository, parsed."""
    folders = [ROOT / name for name in ("src", "tests", "benchmarks", "docs")]
    return {path: ast.parse(path.read_text()) for folder in folders for path in sorted(folder.rglob("*.py"))}
