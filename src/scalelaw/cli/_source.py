"""The source of a forecast: a saved fit, a published law, or a table to fit."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._stdin import STDIN
from scalelaw.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from scalelaw.core.forecaster import Forecaster

Source = Annotated[
    str,
    typer.Argument(
        help="Runs, a saved fit, or a published law; - for stdin.",
        metavar="FILE|FIT.json|LAW@SOURCE",
        parser=STDIN.path,
    ),
]


def known(source: str) -> "Forecaster | None":
    """Return the published law or the saved fit of this name, None for a table.

    Raises:
        BadInput: unknown law, or no such file.
    """
    from scalelaw.core.reading import is_fit
    from scalelaw.fitting.files import load_fit
    from scalelaw.fitting.published import published
    from scalelaw.laws import parse

    if os.path.exists(source):
        if not is_fit(source):
            return None
        return load_fit(source)
    if "@" not in source:
        hint = "published laws are written LAW@SOURCE, like chinchilla@besiroglu2024"
        raise BadInput(f"file {source!r} does not exist; {hint}")
    named, of = parse(source)
    if of is None:
        raise UnknownName.among(f"source of {named.spelling}", source, named.published)
    return published(named, of)
