"""Writes the reference pages from the code itself when the documentation is built, into docs/generated/."""

import inspect
import re
from pathlib import Path
from typing import Any

import typer.main

import scalelaw
from scalelaw import laws
from scalelaw.cli.main import app
from scalelaw.core.quantities import QUANTITIES

SOURCE = Path(scalelaw.__file__).parent
FINDING = re.compile(
    r"^([A-Z]+(?:_[A-Z]+)+)  +((?:excluded|set aside|refuse|warn|ask|, )+)  +(.+(?:\n {20,}\S.*)*)$", re.MULTILINE
)
"""A line of a table of codes, and the lines that continue it."""


def laws_page() -> str:
    """Every law: formula, coefficients, published constants, source."""
    parts = ["# Laws", "Any formula is a law as well: `scalelaw fit runs.csv --law 'E + A/params**a'`."]
    for name in laws.names():
        law = laws.get(name)
        coefs = table(("coefficient", "meaning", "unit"), ((f"`{c.name}`", c.meaning, c.unit) for c in law.coefs))
        constants = [constants_line(shape, key, c) for shape in law.shapes for key, c in shape.published.items()]
        parts += [
            f"## {name}",
            f"`{law.formula}`",
            escaped(first_line(type(law))),
            f"{law.cite}. Takes {', '.join(law.inputs)}.",
            coefs,
        ]
        parts += ["\n".join(f"- *Trap:* {escaped(trap)}." for trap in law.traps)] if law.traps else []
        parts += ["\n".join(constants)] if constants else []
    return "\n\n".join(parts)


def constants_line(law: laws.Law, source: str, constants: laws.Constants) -> str:
    """Published constants with their values, source and what a user must know, as an item of a list."""
    values = ", ".join(f"{name} {value:.7g}" for name, value in constants.coef.items())
    notes = [constants.source, constants.note, "unverified" if constants.unverified else ""]
    return f"- `{law.spelling}@{source}`: {escaped(values)}. {escaped('; '.join(note for note in notes if note))}"


def quantities_page() -> str:
    """The vocabulary: one name per quantity, with its unit and the other names it is read under."""
    rows = (
        (f"`{q.name}`", q.symbol, q.meaning, q.unit, ", ".join(f"`{word}`" for word in q.synonyms))
        for q in QUANTITIES.values()
    )
    return "# Quantities\n\n" + table(("name", "symbol", "meaning", "unit", "also read as"), rows)


def findings_page() -> str:
    """Every finding by its code, from the tables in the docstrings of the modules that find them."""
    rows = sorted(row for path in SOURCE.rglob("*.py") for row in FINDING.findall(path.read_text()))
    cells = ((f"`{code}`", grade, escaped(when)) for code, grade, when in rows)
    return "# Findings\n\nWhat a command may notice about a table or a fit.\n\n" + table(
        ("code", "grade", "when"), cells
    )


def commands_page() -> str:
    """Every command with its help and options."""
    parts = ["# Commands"]
    for name, command in commands().items():
        options = ((" ".join(f"`{o}`" for o in p.opts), escaped(getattr(p, "help", "") or "")) for p in command.params)
        parts += [f"## scalelaw {name}", escaped(inspect.cleandoc(command.help or "")), table(("option", ""), options)]
    return "\n\n".join(parts)


def commands() -> dict[str, Any]:
    """Return the commands of the command line by name; those of a group by both their words."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        group = getattr(command, "commands", None)
        found |= {f"{name} {word}": each for word, each in group.items()} if group else {name: command}
    return found


def api_page() -> str:
    """What ``import scalelaw as sl`` offers, each with its docstring as it stands in the code."""
    parts = ["# Python", "`import scalelaw as sl` offers:"]
    for name in sorted(scalelaw.__all__, key=str.lower):
        item = getattr(scalelaw, name)
        if inspect.isfunction(item):
            parts += [f"## sl.{name}", f"```text\n{name}{signature(item)}\n\n{inspect.getdoc(item)}\n```"]
        elif inspect.isclass(item):
            own = [(key, value) for key, value in vars(item).items() if inspect.isfunction(value) and key[0] != "_"]
            methods = [f".{key}{signature(value)}\n    {first_line(value)}" for key, value in own]
            text = "\n\n".join([f"class {name}", inspect.getdoc(item) or "", *methods])
            parts += [f"## sl.{name}", f"```text\n{text}\n```"]
    return "\n\n".join(parts)


def signature(function: Any) -> str:
    """Return a signature without the modules its types live in."""
    return re.sub(r"(\b[a-z_]\w*\.)+(?=[A-Z])", "", re.sub(r"<class '(.*?)'>", r"\1", str(inspect.signature(function))))


def first_line(item: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(item) or "").partition("\n")[0]


def table(head: tuple[str, ...], rows: Any) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def escaped(text: str) -> str:
    """Return prose on one line whose double backticks, stars and brackets are safe in Markdown."""
    pieces = re.split(r"(`+[^`]+`+)", re.sub(r"\s+", " ", text))
    return "".join(p if p.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", p) for p in pieces)


PAGES = {
    "api": api_page,
    "commands": commands_page,
    "findings": findings_page,
    "laws": laws_page,
    "quantities": quantities_page,
}


def write(sphinx: Any) -> None:
    """Write every page; called by Sphinx before it looks for files."""
    folder = Path(sphinx.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / f"{name}.md").write_text(page() + "\n")


def setup(sphinx: Any) -> dict[str, bool]:
    """Tell Sphinx when to write the pages."""
    sphinx.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
