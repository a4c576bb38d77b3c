"""Every argument of every function is read by it: a seed, a level or a weight that is dropped changes nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import scalelaw as sl

SOURCE = Path(sl.__file__).parent
ROOMS = sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__")
BY_INTERFACE = {
    "cli/_command.py quiet_command quiet": "read before the command runs",
    "cli/_program.py main standalone_mode": "Typer's",
    "cli/_program.py format_help ctx": "Typer's",
    "cli/main.py scalelaw_command quiet": "read before the command runs",
    "fitting/published.py predict_at kind": "of every forecaster; constants have no noise",
    "planning/surfaces/closed.py at_loss around": "of every surface; this one is exact",
    "runs/columns/propose.py score sizes": "of every way to propose",
    "runs/reading/json_runs.py rows_of_run source": "of every reader",
    "viz/plot_result.py _draw axes": "of every plot",
}
"""File, function and argument -> whose signature it is."""


def functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield the functions and methods below a node that do something; Python gives its own methods their arguments."""
    for each in ast.walk(node):
        if (
            isinstance(each, ast.FunctionDef)
            and each.name[:2] != "__"
            and not all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in each.body)
        ):
            yield each


def unread(path: Path) -> Iterator[str]:
    """Yield the arguments that a function of a file never reads."""
    for function in functions(ast.parse(path.read_text(encoding="utf-8"))):
        args = function.args
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        read = {each.id for line in function.body for each in ast.walk(line) if isinstance(each, ast.Name)}
        for each in every:
            if each is not None and each.arg not in read and each.arg not in ("self", "cls") and each.arg[0] != "_":
                yield f"{path.relative_to(SOURCE).as_posix()} {function.name} {each.arg}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_argument_is_read(room: str) -> None:
    dropped = {line for path in sorted((SOURCE / room).rglob("*.py")) for line in unread(path)}
    assert not dropped - BY_INTERFACE.keys(), "read it, remove it, or name whose signature it is"


def test_what_a_signature_asks_for_is_still_there() -> None:
    known = {line for path in SOURCE.rglob("*.py") for line in unread(path)}
    assert not BY_INTERFACE.keys() - known
