"""Prints the result of a command as text or JSON on stdout, and progress on stderr."""

import importlib
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli._held import HELD
from scalelaw.cli._stderr import STDERR, coloured
from scalelaw.cli._stdin import STDIN
from scalelaw.core.plain_text import printable

if TYPE_CHECKING:
    from scalelaw.reporting.answer import Answer
    from scalelaw.runs.observations import Observations

Verbose = Annotated[bool, typer.Option("--verbose", help="Print runs read, fit, laws and assumptions too.")]
Plot = Annotated[
    bool | None, typer.Option("--plot/--no-plot", help="Show the runs as a scatter; unless given, on a terminal only.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_NARROWEST = 60
_CELLS = 3
_TITLE = re.compile(r"^(?=\S)(.+)$")
_DOUBT = re.compile(r"^(\s+)(doubt|warn(?:ing)?|refuse|ask|caution)(?=\s{2}|:)(?!\s+none)")
_BOLD = "\x1b[1m\\1\x1b[0m"
_YELLOW = "\\1\x1b[33m\\2\x1b[0m"
_LABEL = re.compile(r"\s*(?:\w[\w ]*?\s{2,}|\w[\w ]*: |\s+)?")


def show(result: Any, as_json: bool) -> None:
    """Print a result as JSON, or as text with long lines folded on a terminal."""
    _print(result.to_dict() if as_json else str(result))


def show_answered(answer: "Answer", result: Any, as_json: bool, fitted: Mapping[str, Any]) -> None:
    """Print the six lines of the answer, then the result; JSON holds the six lines under ``answer``.

    Args:
        answer: the six lines.
        result: printed below.
        as_json: whether to print JSON.
        fitted: the law that decides and its fit, for the JSON.
    """
    if as_json:
        values = result.to_dict()
        _print({"schema": values.pop("schema"), "answer": answer.to_dict(), **values, "fitted": fitted})
    else:
        below = answer.beside(result.report()).text()
        _print("\n\n".join([str(answer), *(each.text() for each in answer.further()), below]))


def echo(text: str, *, err: bool = False) -> None:
    """Print text without control characters; all printed text passes through this function."""
    typer.echo(printable(text), err=err)


def _print(text: Mapping[str, Any] | str) -> None:
    if not isinstance(text, str):
        echo(STDIN.named(json.dumps(finite(text), indent=2, allow_nan=False)))
        return
    text = STDIN.named(text)
    HELD.shown(text)
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns, _NARROWEST)
        text = "\n".join(folded(line, width) for line in text.split("\n"))
    text = printable(text)
    typer.echo(in_colour(text) if coloured(sys.stdout) else text)


def in_colour(text: str) -> str:
    """Return a text with bold titles and yellow labels of doubts and warnings, for a terminal."""
    return "\n".join(_TITLE.sub(_BOLD, _DOUBT.sub(_YELLOW, line)) for line in text.split("\n"))


def write_figure(kind: str, found: Any, path: str | None) -> None:
    """Draw a result with ``scalelaw.viz`` and write the figure, if a path is given."""
    if path is None:
        return
    from scalelaw.viz import save

    figure = importlib.import_module(f"scalelaw.viz.{kind}")
    save(figure.draw(getattr(figure, f"{kind}_info")(found)), path)


def plot(observed: "Observations", wanted: bool | None) -> None:
    """Print the rows as a scatter of the target against compute.

    Args:
        observed: the rows to show.
        wanted: whether to print it; None on a terminal only.
    """
    import numpy as np

    from scalelaw.core.quantities import quantity
    from scalelaw.viz.braille import scatter

    along = next((name for name in ("flops", "tokens", "params") if name in observed.columns), None)
    if along is None or not (sys.stdout.isatty() if wanted is None else wanted):
        return
    x = np.asarray(observed.columns[along], float)
    there = np.isfinite(x) & (x > 0) & np.isfinite(observed.y) & (observed.y > 0)
    if there.any():
        echo("\n" + scatter(x[there], observed.y[there], labels=(quantity(along).label, observed.target)))


def finite(value: Any) -> Any:
    """Return a value for JSON, with infinite and missing numbers as None."""
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def folded(line: str, width: int) -> str:
    """Fold a line at words, below the text after its label; rows of tables stay whole.

    Example:
        >>> print(folded("  note        tokens = flops / (6 x params), counting convention 6N_total", 50))
          note        tokens = flops / (6 x params),
                      counting convention 6N_total
    """
    if len(line) <= width or len(re.split(r"\s{2,}", line.strip())) > _CELLS:
        return line
    label = _LABEL.match(line)
    hang = label.end() if label and 0 < label.end() < width // 2 else 4
    folds = textwrap.wrap(
        line, width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return "\n".join(folds)


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback (done, of) that moves a progress bar on stderr; None without a terminal."""
    if not STDERR.watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
