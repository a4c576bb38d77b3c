"""Values on the command line: numbers as people write them, and NAME=VALUE."""

from collections.abc import Sequence

import typer

from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.core.numbers import parse_number


def real(text: str | float) -> float:
    """Return a number for the ``parser`` of an option."""
    try:
        return parse_number(text)
    except BadNumber as error:
        raise typer.BadParameter(str(error)) from error


def whole(text: str | int) -> int:
    """Return a whole number, for the ``parser`` of an option."""
    value = real(text)
    if not value.is_integer():
        raise typer.BadParameter(f"{text!r} is not a whole number")
    return int(value)


def threshold(text: str | float) -> float | str:
    """Return a number or ``auto``, for the ``parser`` of an option."""
    return "auto" if text == "auto" else real(text)


def option(help: str, metavar: str, panel: str, *names: str) -> typer.models.OptionInfo:
    """Return an option of a panel."""
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel)  # type: ignore[no-any-return]


def pairs(values: Sequence[str] | None, option: str, *, empty: bool = False) -> dict[str, str]:
    """Split NAME=VALUE arguments; ``empty`` lets a value be left out, as in ``--column run=``.

    Raises:
        BadInput: one has no equals sign, or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and (value or empty)):
            raise BadInput(f"{option} {text!r}: write it as NAME=VALUE")
        if name in found:
            raise BadInput(f"{option} names {name} twice: {found[name]!r} and {value!r}")
        found[name] = value
    return found
