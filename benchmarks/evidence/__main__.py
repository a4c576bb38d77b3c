"""Measures every promise again and writes docs/evidence.md; needs SCALELAW_DATA. The verb is ``make evidence``.

A section is a file of this folder: the first line of its docstring is its title, ``measure()`` yields its rows. Adding
a file adds a section. ``make evidence ONLY="plan startup"`` measures some sections and leaves the others of the page
as they are; every section says when and at which commit it was measured.
"""

import importlib
import os
import pkgutil
import platform
import re
import sys
from datetime import date

import evidence
from evidence._row import ROOT, Row, run
from scalelaw.core.version import __version__

PAGE = ROOT / "docs" / "evidence.md"
FIRST = ("fit", "plan")
HEAD = f"""# Evidence

Written by `make evidence`, on {os.cpu_count()} shared cores with Python {platform.python_version()}.

Each row gives a promised figure, the measured one, whether the promise holds, and the command that measures it. *s* is
the time of the command: CPU seconds, but wall seconds for the clones.

How to read a row:

- *reach*, or *x*: compute of the forecast run divided by the compute of the largest fitted run;
- *case*: one cut of one table; runs below the cut are fitted, runs above it are forecast;
- *interval score*: width of the 90 % interval plus a penalty for values outside; lower is better;
- *(not promised)*: measured and shown for comparison; the row has no target, so *holds* is always yes.
"""


def sections() -> list[str]:
    """Return the names of the sections in the order of the page."""
    names = sorted(found.name for found in pkgutil.iter_modules(evidence.__path__) if not found.name.startswith("_"))
    return [*FIRST, *(name for name in names if name not in FIRST)]


def written() -> dict[str, str]:
    """Return the sections that stand on the page, by name."""
    text = PAGE.read_text() if PAGE.exists() else ""
    parts = re.findall(r"^\(evidence-(\w+)\)=\n(.*?)(?=^\(evidence-|\Z)", text, re.MULTILINE | re.DOTALL)
    return {name: part.strip() for name, part in parts}


def measure(name: str) -> tuple[str, bool]:
    """Measure one section; return its Markdown, and whether every promise holds."""
    section = importlib.import_module(f"evidence.{name}")
    rows: list[Row] = []
    for row in section.measure():
        rows.append(row)
        print(f"{'ok  ' if row.holds else 'MISS'} {row.promise}: {row.measured}", flush=True)
    commit = run("git", "rev-parse", "--short", "HEAD")[0].strip()
    lines = [
        f"## {section.__doc__.splitlines()[0].rstrip('.')}",
        "",
        f"Measured on {date.today()}, scalelaw {__version__}, commit {commit}.",
        "",
        "| promise | measured | holds | command | s |",
        "|---|---|---|---|---|",
        *(row.line() for row in rows),
    ]
    return "\n".join(lines), all(row.holds for row in rows)


def main(wanted: list[str]) -> int:
    """Measure the sections wanted, all unless some are named, and put each on the page as soon as it is measured."""
    known = sections()
    if unknown := set(wanted) - set(known):
        sys.exit(f"no section {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    held = True
    for name in wanted or known:
        text, holds = measure(name)
        held &= holds
        page = {**written(), name: text}
        PAGE.write_text(HEAD + "".join(f"\n(evidence-{each})=\n\n{page[each]}\n" for each in known if each in page))
    return int(not held)


if __name__ == "__main__":
    if "SCALELAW_DATA" not in os.environ:
        sys.exit("evidence needs SCALELAW_DATA, the folder that holds the published tables")
    sys.exit(main(sys.argv[1:]))
