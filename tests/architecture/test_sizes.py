"""Files and functions stay short, and the first line of each file says what it is for."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 600
LONGEST_FUNCTION = 60
VAGUE_NAMES = {"utils.py", "helpers.py", "common.py"}

Trees = dict[Path, ast.Module]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
COMMENTED = [
    *(ROOT / name for name in ("pyproject.toml", "Makefile", "constraints.txt", ".gitignore", ".ci/run")),
    *sorted((ROOT / "tests").rglob("*.toml")),
]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_are_short(trees: Trees) -> None:
    lengths = {shown(path): len(path.read_text().splitlines()) for path in trees}
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}
    assert not long, f"above {LONGEST_FILE} lines a file is two files: split it by concept"


def test_functions_are_short(trees: Trees) -> None:
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": lines
        for path in SOURCE
        for node in ast.walk(trees[path])
        if isinstance(node, ast.FunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long, f"above {LONGEST_FUNCTION} lines a function does two things"


def test_every_python_file_says_what_it_is_for(trees: Trees) -> None:
    silent = []
    for path in trees:
        docstring = ast.get_docstring(trees[path]) or ""
        if not path.read_text().startswith('"""') or len(docstring.partition("\n")[0].split()) < 3:
            silent.append(shown(path))
    assert not silent, "line 1 opens a docstring that says what the file is for"


def test_every_configuration_file_says_what_it_is_for() -> None:
    first = {shown(p): next(line for line in p.read_text().splitlines() if line[:2] != "#!") for p in COMMENTED}
    assert not [name for name, line in first.items() if not line.startswith("# ")], "line 1 is a comment that says so"


def test_no_file_is_named_vaguely() -> None:
    assert not [shown(path) for path in SOURCE if path.name in VAGUE_NAMES], "name a file after its one concept"
