"""Writes the reference pages from the code itself when the documentation is built, into docs/generated/."""

import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

import scalelaw
from scalelaw import laws
from scalelaw.cli._help import PANELS
from scalelaw.cli.main import app
from scalelaw.core.quantities import QUANTITIES

SOURCE = Path(scalelaw.__file__).parent
DOCS = Path(__file__).parents[1]
HOW_TOS = sorted((DOCS / "how-to").glob("*.md"))
GUIDES = [*sorted((DOCS / "tutorial").glob("*.md")), DOCS / "quickstart.md", DOCS / "which-command.md"]
TERMS = {
    "backtest": "A forecast of your larger runs from your smaller ones, scored against what they reached.",
    "calibrated": "An interval is calibrated if it holds as often as its level states.",
    "cell": "Runs that share size and tokens and differ in what was swept, such as the learning rate.",
    "cut": "A value of compute, parameters or tokens that splits a table into fitted and scored runs.",
    "digest": "A short checksum of rows, a fit or a forecast; equal digests mean equal contents.",
    "draws": "Sets of coefficients that the runs allow; intervals are quantiles over them.",
    "end point": "The last evaluation of a finished, decayed run.",
    "ensemble": "Several laws fitted to the same runs, averaged, with one calibrated interval.",
    "envelope": "The lowest loss at each compute over all training curves.",
    "finding": "Something the program noticed about a table or a fit, with a code, a grade and a remedy.",
    "frozen forecast": "A forecast written to a sealed file before its run starts.",
    "horizon": "The number of tokens a run is planned for.",
    "irreducible loss": "The loss that remains with unlimited parameters and tokens, E in most laws.",
    "IsoFLOP profile": "Loss against size at one compute budget.",
    "ladder": "Small runs designed so that their losses give a law that extrapolates.",
    "law": "A formula for the loss, or another output, with named coefficients.",
    "level": "The probability that an interval is to hold, such as 0.9.",
    "N*, D*": "The parameters and tokens of lowest loss for a budget.",
    "reach": "How far a forecast extrapolates: its value divided by the largest fitted one.",
    "replicate runs": "Runs that differ in their seed only.",
    "rung": "One size of a ladder.",
    "target": "What is fitted, written `metric@set`, such as `loss@c4`.",
}
"""Words of these pages that are not quantities."""
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


def glossary_page() -> str:
    """The vocabulary: one name per quantity, with its unit and the other names it is read under; then other terms."""
    rows = (
        (f"`{q.name}`", q.symbol if q.symbol != q.name else "", q.meaning, q.unit if q.unit != "1" else "",
         ", ".join(f"`{word}`" for word in q.synonyms))
        for q in sorted(QUANTITIES.values(), key=lambda q: q.name)
    )  # fmt: skip
    terms = "\n".join(
        f"{term}\n: {meaning}\n" for term, meaning in sorted(TERMS.items(), key=lambda each: each[0].lower())
    )
    return (
        "# Glossary\n\n## Terms\n\n" + terms + "\n## Quantities\n\n"
        "Columns, flags and axes use these names. A column may have any name of the last column, in any spelling.\n\n"
        + table(("name", "symbol", "meaning", "unit", "also read as"), rows)
    )


def findings_page() -> str:
    """Every finding by its code, from the tables in the docstrings of the modules that find them."""
    rows = sorted(row for path in SOURCE.rglob("*.py") for row in FINDING.findall(path.read_text()))
    cells = ((f"`{code}`", grade, escaped(when)) for code, grade, when in rows)
    intro = (
        "The program reports these about a table or a fit. *Excluded* rows are counted in every result, *ask* needs "
        "your answer, and *refuse* stops."
    )
    return f"# Findings\n\n{intro}\n\n" + table(("code", "grade", "when"), cells)


def commands_page() -> str:
    """Every command by panel, with its help as printed and the how-to that shows it."""
    parts = ["# Commands", "Each section is what `scalelaw NAME --help` prints. `-h` works too."]
    panel = ""
    for name in sorted(commands(), key=lambda name: PANELS.index(panel_of(name))):
        if (found := panel_of(name)) != panel:
            panel = found
            parts.append(f"## {panel}")
        how = how_to(name)
        link = f"Guide: [{heading(how)}](../{how.relative_to(DOCS).as_posix()})" if how else ""
        help_ = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="scalelaw", env={"COLUMNS": "88"})
        parts += [f"### scalelaw {name}", link, f"```text\n{help_.output.strip()}\n```"]
    return "\n\n".join(part for part in parts if part)


@cache
def program() -> Any:
    """Return the program with its commands; making it takes some 20 ms."""
    return typer.main.get_command(app)


def panel_of(name: str) -> str:
    """Return the panel of the front page that shows a command, or its group."""
    return str(program().commands[name.split()[0]].rich_help_panel)


def how_to(name: str) -> Path | None:
    """Return the how-to that shows a command most often, or else a guide that shows it; None without either."""
    for pages in (HOW_TOS, *([guide] for guide in GUIDES)):
        shown = {page: len(re.findall(rf"scalelaw {name}(?![\w-])", page.read_text())) for page in pages}
        best = max(shown, key=lambda page: shown[page])
        if shown[best]:
            return best
    return None


def heading(page: Path) -> str:
    """Return the heading of a page."""
    return page.read_text().partition("\n")[0].removeprefix("# ")


def commands() -> dict[str, Any]:
    """Return the commands of the command line by name; those of a group by both their words."""
    found: dict[str, Any] = {}
    for name, command in program().commands.items():
        group = getattr(command, "commands", None)
        found |= {f"{name} {word}": each for word, each in group.items()} if group else {name: command}
    return found


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
    "commands": commands_page,
    "findings": findings_page,
    "laws": laws_page,
    "glossary": glossary_page,
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
