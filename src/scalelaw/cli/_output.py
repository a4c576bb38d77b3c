"""What every command prints: a result as text or JSON on stdout, progress on stderr."""

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
from scalelaw.cli._stderr import STDERR
from scalelaw.cli._stdin import STDIN

if TYPE_CHECKING:
    from scalelaw.reporting.answer import Answer
    from scalelaw.runs.observations import Observations

Verbose = Annotated[bool, typer.Option("--verbose", help="Print everything: runs read, fit, laws, assumptions.")]
Plot = Annotated[
    bool | None, typer.Option("--plot/--no-plot", help="Show the runs as a scatter; unsaid, on a terminal only.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_NARROWEST = 60
_CELLS = 3
_LABEL = re.compile(r"\s*(?:\w[\w ]*?\s{2,}|\w[\w ]*: |\s+)?")


def show(result: Any, as_json: bool) -> None:
    """Print a result as the JSON of its ``to_dict``, or as text, long lines folded where a terminal reads it."""
    _print(result.to_dict() if as_json else str(result))


def show_answered(answer: "Answer", result: Any, as_json: bool, fitted: Mapping[str, Any]) -> None:
    """Print a result below the six lines that answer the question; in JSON they stand under ``answer``.

    Args:
        answer: the six lines.
        result: what is printed below.
        as_json: whether all of it is JSON.
        fitted: what decides and how it was fitted, for the JSON.
    """
    if as_json:
        values = result.to_dict()
        _print({"schema": values.pop("schema"), "answer": answer.to_dict(), **values, "fitted": fitted})
    else:
        below = answer.beside(result.sheet()).text()
        _print("\n\n".join([str(answer), *(each.text() for each in answer.further()), below]))


def _print(text: Mapping[str, Any] | str) -> None:
    if not isinstance(text, str):
        typer.echo(STDIN.named(json.dumps(finite(text), indent=2, allow_nan=False)))
        return
    text = STDIN.named(text)
    HELD.shown(text)
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns, _NARROWEST)
        text = "\n".join(folded(line, width) for line in text.splitlines())
    typer.echo(text)


def write_figure(kind: str, found: Any, path: str | None) -> None:
    """Draw the figure of ``scalelaw.viz`` that shows a result, and write it, where a file is named."""
    if path is None:
        return
    from scalelaw.viz import save

    figure = importlib.import_module(f"scalelaw.viz.{kind}")
    save(figure.draw(getattr(figure, f"{kind}_info")(found)), path)


def plot(observed: "Observations", wanted: bool | None) -> None:
    """Print the rows as a scatter of the target against compute, unless told, where a terminal reads it.

    Args:
        observed: the rows that may be fitted.
        wanted: True or False as the user says, None for a terminal only.
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
        typer.echo("\n" + scatter(x[there], observed.y[there], labels=(quantity(along).label, observed.target)))


def finite(value: Any) -> Any:
    """Return a value with infinite and missing numbers as null, which JSON can hold."""
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value


def folded(line: str, width: int) -> str:
    """Return a line folded at words, what follows hanging below the text behind its label; rows of tables stay.

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
    """Give a callback (done, of) that moves a bar on stderr; None where nobody watches."""
    if not STDERR.watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
