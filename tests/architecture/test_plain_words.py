"""Words and turns that readers stumbled over stay out of everything a person reads."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "scalelaw"
HABITS = {
    r"\b(said|told|tells?|telling)\b": "reported, given, implies, shows",
    r"\b(is|was) no\b(?! (longer|more)\b)": "is not a, has no",
    r"\b(is|are|was|were) none\b": "there is no, has no",
    r"\b(goes|go|went) on\b": "continues",
    r"\bdear(er|est)?\b": "larger, more expensive",
    r"(?<![\w.:<>^+}])\.\d+ ?%": "0.5 %, with the zero",
    r"\bwho(m|se)?ever\b": "anyone who, users who",
    r"\bset(s|ting)? aside\b": "excluded",
    r"\bruns? alike\b": "replicate runs",
    r"\bwhatever (comes|people|it)\b": "name what it is",
    r"\bforet(ells?|old)\b": "forecasts, forecast",
    r"\bsays? so\b": "with a warning, a note states this",
    r"\b(none|infinite|empty),? likewise\b": "the condition again",
    r"\ban? [\w-]+ of (its|our|their|your) own\b": "a separate",
    r"\banew\b": "again",
    r"(?m)(^|[.:;] |\"\"\")What (is|was|are|were) [\w-]+ (is|are|was|were|stays?|must|has|have)\b": "the subject first",
}
"""What to avoid, and what to write instead."""
CLEAN = (
    "accounting",
    "allocation",
    "backtesting",
    "cli",
    "core",
    "curves",
    "datasets",
    "designing",
    "diagnosing",
    "errors.py",
    "fitting",
    "forecasting",
    "ladder",
    "laws",
    "planning",
    "registry",
    "reporting",
    "runs",
    "runs/cells.py",
    "runs/checking",
    "runs/choshen_rules.py",
    "runs/columns",
    "runs/conditions.py",
    "runs/currency.py",
    "runs/dataframe.py",
    "runs/delimited.py",
    "runs/export.py",
    "runs/grouping",
    "runs/importers",
    "runs/listing.py",
    "runs/observations.py",
    "runs/other_columns.py",
    "runs/per_byte.py",
    "runs/plain_csv.py",
    "runs/raw.py",
    "runs/reading",
    "runs/reducing",
    "runs/review.py",
    "runs/rows.py",
    "runs/schedule.py",
    "runs/show.py",
    "runs/storing",
    "runs/table.py",
    "testing",
    "training",
    "viz",
    "workflows",
)  # fmt: skip
"""Folders and files of the package that hold none of them; the list only grows, until it is the whole package."""
VALUES = ('"go on"', '"set aside"', '"foretold"')
"""Whole strings that files and JSON hold as values; readers see other words."""
PAGES = ("*.md", "docs/*.md", "docs/background/*.md", "docs/concepts/*.md", "docs/how-to/*.md", "docs/decisions/*.md",
         "docs/tutorial/*.md", "docs/reference/*.md")  # fmt: skip
"""Patterns of pages that hold none of them."""


def prose(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comment, docstring and string of a Python file."""
    part = getattr(tokenize, "FSTRING_MIDDLE", -1)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        format_spec = token.type == part and re.fullmatch(r"[<>^+]?[\d,]*\.\d+[%efg]", token.string)
        if token.type in (tokenize.STRING, tokenize.COMMENT, part) and not format_spec:
            yield token.start[0], token.string


def habits(text: str) -> list[str]:
    """Return the habits of a text, each with what to write instead."""
    return [f"{found[0]!r}: {instead}" for habit, instead in HABITS.items() for found in re.finditer(habit, text, re.I)]


def of(name: str) -> list[Path]:
    """Return the Python files of a folder of the package, or one file of it."""
    return [PACKAGE / name] if name.endswith(".py") else sorted((PACKAGE / name).rglob("*.py"))


@pytest.mark.parametrize("name", CLEAN)
def test_the_source_is_in_plain_words(name: str) -> None:
    files = of(name)
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{line} {habit}"
        for path in files
        for line, text in prose(path.read_text(encoding="utf-8"))
        if text not in VALUES
        for habit in habits(text)
    ]
    assert not found


@pytest.mark.parametrize("pattern", PAGES)
def test_pages_are_in_plain_words(pattern: str) -> None:
    pages = sorted(ROOT.glob(pattern))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        text = re.sub("`[^`]*`", "", text) if page.name == "mutants.md" else text  # it quotes the lines of the source
        assert not habits(text), page.relative_to(ROOT)


@pytest.mark.parametrize(
    "text", ["as was told", "it is no number", "a miss of .5 %", "the dearest run", "What is refused is"]
)
def test_a_habit_is_seen(text: str) -> None:
    assert habits(text)


def test_format_specs_are_no_prose() -> None:
    assert not [habit for _, text in prose('f"{a:.0%} and {b:>6.2%}"\n') for habit in habits(text)]


def test_names_in_code_are_no_prose() -> None:
    assert not list(prose("said = told(1)\n")) and len(list(prose('"""Told."""\n# said\n'))) == 2
