"""The source as trees, parsed once for all that look at it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def trees() -> dict[Path, ast.Module]:
    """Return every Python file of the repository, parsed."""
    paths = (
        path for folder in ("src", "tests", "benchmarks", "docs") for path in sorted((ROOT / folder).rglob("*.py"))
    )
    return {path: ast.parse(path.read_text()) for path in paths}
