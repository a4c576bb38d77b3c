"""Every subject has one room: no circle of imports, no crowded folder, and no public name that a module can hide."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import scalelaw as sl

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "scalelaw"
MOST_MODULES = 20
CROWDED = {PACKAGE / "cli"}
"""One file a command."""
MOST_PUBLIC = 45
STUBS = sorted(PACKAGE.rglob("__init__.pyi"))

Trees = dict[Path, ast.Module]


def named(path: Path) -> str:
    """Return the dotted name of a module."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield module and name of every import that runs, at once or inside a function; those for types only do not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            yield from ((child.module, alias.name) for alias in child.names)
        elif isinstance(child, ast.Import):
            yield from ((alias.name, "") for alias in child.names)
        yield from imported(child)


def graph(trees: Trees) -> dict[str, set[str]]:
    """Return module -> modules it imports."""
    modules = {named(path): path for path in trees if PACKAGE in path.parents}
    return {
        name: {
            target
            for module, imports in imported(trees[path])
            for target in (f"{module}.{imports}" if f"{module}.{imports}" in modules else module,)
            if target in modules and target != name
        }
        for name, path in modules.items()
    }


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Return the modules that reach themselves: what is left when all that import nothing left are taken away."""
    left = {name: set(targets) for name, targets in edges.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_no_module_imports_itself_by_way_of_others(trees: Trees) -> None:
    found = graph(trees)
    assert len(found) > 300 and sum(map(len, found.values())) > 1000, "the source was not read"
    assert circles(found) == [], "move the noun below, import it for types only, or hand the function over"


def test_a_circle_is_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


def test_no_folder_is_crowded() -> None:
    folders = {PACKAGE, *(path.parent for path in PACKAGE.rglob("*.py"))} - CROWDED
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in sorted(folders)
        if (count := sum(path.name != "__init__.py" for path in folder.glob("*.py"))) > MOST_MODULES
    }
    assert not crowded, "a folder holds one subject: give its parts rooms of their own"


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: named(path).removesuffix(".__init__"))
def test_no_public_name_is_that_of_a_module_beside_it(stub: Path) -> None:
    """Python binds an imported submodule over a function of the same name."""
    public = set(re.findall(r"import (\w+) as", stub.read_text(encoding="utf-8")))
    beside = {path.stem for path in stub.parent.glob("*.py")} if stub.parent != PACKAGE else set()
    assert public and not public & beside


PUBLIC = """
Grid Ladder Noise RunTable allocation backtest calculate compute_penalty curves datasets decide demo designing
diagnosing emergence envelope errors eval_noise extrapolate fit forecast freeze frontier init isoflop ladder laws
load_fit load_project load_runs plan predict_larger published record registry report reproduce robustness runs study
train_ladder tune viz watch
""".split()


def test_the_public_names_are_these() -> None:
    """A user sees all of them at ``sl.<TAB>``: add one only if most users need it."""
    assert dir(sl) == sorted(PUBLIC) and len(PUBLIC) <= MOST_PUBLIC
    for name in PUBLIC:
        assert getattr(sl, name) is getattr(sl, name)
    with pytest.raises(AttributeError, match="Mixture"):
        _ = sl.Mixture  # type: ignore[attr-defined]
