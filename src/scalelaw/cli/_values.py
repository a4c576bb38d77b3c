"""Values on the command line: numbers as people write them, and NAME=VALUE."""

from collections.abc import Callable, Sequence
from typing import Any

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


def option(
    help: str, metavar: str, panel: str, *names: str, parser: Callable[[Any], Any] | None = None
) -> typer.models.OptionInfo:
    """Return an option of a panel."""
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel, parser=parser)  # type: ignore[no-any-return]


def pairs(values: Sequence[str] | None, option: str, *, empty: bool = False) -> dict[str, str]:
    """Split NAME=VALUE arguments into a dict.

    Args:
        values: the arguments.
        option: the option, for the message.
        empty: whether a value may be missing, as in ``--column run=``.

    Raises:
        BadInput: an argument has no equals sign, or a name occurs twice.
    """
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and (value or empty)):
            raise BadInput(f"{option} {text!r}: write it as NAME=VALUE")
        if name in found:
            raise BadInput(f"{option} gives {name} twice, as {found[name]!r} and {value!r}; keep one")
        found[name] = value
    return found
