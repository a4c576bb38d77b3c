"""Every option of a command is read by it: one that is dropped on the way to the library changes nothing silently."""

import ast
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

import scalelaw.cli

FOLDER = Path(scalelaw.cli.__file__).parent
ELSEWHERE = {"self", "cls", "quiet", "ctx", "standalone_mode"}
"""What a framework hands over, or reads before the command runs."""
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "_renamed"))


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions and methods of a module that have a body."""
    return [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and not _is_stub(each)]


def _is_stub(function: ast.FunctionDef) -> bool:
    return all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in function.body)


def bundle(module: str, annotation: ast.expr | None) -> set[str] | None:
    """The options that an argument bundles, or nothing if it is a single one."""
    found = (
        getattr(import_module(f"scalelaw.cli.{module}"), annotation.id, None)
        if isinstance(annotation, ast.Name)
        else None
    )
    return {each.name for each in fields(found)} if isinstance(found, type) and is_dataclass(found) else None


def unread(module: str, function: ast.FunctionDef) -> list[str]:
    """The arguments, and options in bundles, that a function never reads."""
    arguments = {each.arg: each for each in (*function.args.args, *function.args.kwonlyargs)}
    read = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
    found = [name for name in arguments if name not in read and name not in ELSEWHERE and name[0] != "_"]
    for name, argument in arguments.items():
        options = bundle(module, argument.annotation)
        inside = [each for each in ast.walk(function) if isinstance(each, ast.Attribute)]
        parts = {each.attr for each in inside if isinstance(each.value, ast.Name) and each.value.id == name}
        taken = sum(isinstance(each.value, ast.Name) and each.value.id == name for each in inside)
        used = sum(isinstance(each, ast.Name) and each.id == name for each in ast.walk(function))
        if options and parts and parts <= options and used == taken:
            found += [f"{name}.{each}" for each in sorted(options - parts)]
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_command_reads_all_its_options(module: str) -> None:
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    dropped = {each.name: names for each in functions(tree) if (names := unread(module, each))}
    assert not dropped


def test_commands_with_bundles_are_among_them() -> None:
    trees = {module: ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8")) for module in MODULES}
    bundles = [bundle(name, each.annotation) for name, tree in trees.items() for function in functions(tree)
               for each in function.args.args]  # fmt: skip
    assert sum(each is not None for each in bundles) > 15 and {"draws", "seed", "level"} in bundles
