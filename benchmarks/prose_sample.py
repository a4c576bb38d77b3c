"""Draw docstrings, messages and pages by a seed, for a stranger who marks what needs a second reading.

    make prose-sample            40 docstrings, 40 messages and 10 pages by seed 0
    make prose-sample SEED=3     another draw

A message is a string of a raise, a warning or a finding, with ``...`` for what is filled in.
"""

import argparse
import ast
import random
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "scalelaw"
DOCSTRINGS, MESSAGES, PAGES = 40, 40, 10
SPOKEN = {"Finding", "Answer", "warn", "echo", "refuse"}
NAMED = {"message", "fix", "advice"}
WORDS = 4
WRITTEN_BY_HAND = ("README.md", "CONTRIBUTING.md", "docs")
LEFT_OUT = {"generated", "_build", "transcripts"}


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of the docstring of the module, and of each public class and function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            name = getattr(node, "name", "")
            if (text := ast.get_docstring(node)) and not name.startswith("_"):
                yield getattr(node, "lineno", 1), f"{name}: {text}" if name else text


def messages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of each message of some words."""
    for node in ast.walk(tree):
        spoken: list[ast.AST] = []
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            spoken = [*node.exc.args]
        elif isinstance(node, ast.Call) and _called(node) in SPOKEN:
            spoken = [*node.args, *(each.value for each in node.keywords)]
        elif isinstance(node, ast.Assign) and {getattr(each, "id", "") for each in node.targets} & NAMED:
            spoken = [node.value]
        unknown = "unknown {} ... Did you mean ...?" if _called(getattr(node, "exc", None)) == "among" else "{}"
        for each in spoken:
            text = unknown.format(_text(each)) if _text(each) else ""
            if len(re.findall(r"[a-z]{2,}", text)) >= WORDS:
                yield getattr(each, "lineno", 1), text


def _called(call: ast.AST | None) -> str:
    named = getattr(call, "func", None)
    return str(getattr(named, "id", getattr(named, "attr", "")))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "..." for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return _text(node.body) if isinstance(node, ast.IfExp) else ""


def pages() -> list[Path]:
    """Return every page that is written by hand."""
    found = [ROOT / name for name in WRITTEN_BY_HAND if (ROOT / name).is_file()]
    found += [page for page in (ROOT / "docs").rglob("*.md") if not LEFT_OUT & set(page.parts)]
    return sorted(found)


def sample(seed: int) -> list[tuple[str, str, str]]:
    """Return kind, place and text of each item drawn; equal seeds draw the same from the same tree."""
    chance = random.Random(seed)
    docs, spoken = list[tuple[str, str, str]](), list[tuple[str, str, str]]()
    for path in sorted(PACKAGE.rglob("*.py")):
        tree, place = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(ROOT)
        docs += [("docstring", f"{place}:{line}", text) for line, text in docstrings(tree)]
        spoken += [("message", f"{place}:{line}", text) for line, text in messages(tree)]
    drawn = chance.sample(docs, DOCSTRINGS) + chance.sample(sorted(set(spoken)), MESSAGES)
    drawn_pages = chance.sample(pages(), PAGES)
    return drawn + [("page", str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")) for page in drawn_pages]


def main() -> None:
    """Print a numbered sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw")
    for number, (kind, place, text) in enumerate(sample(parser.parse_args().seed), 1):
        print(f"--- {number} {kind} {place}\n{text}\n")


if __name__ == "__main__":
    main()
