"""Which options the user gave."""

from collections.abc import Sequence
from dataclasses import fields

import typer

from scalelaw.core.errors import BadInput


def names_of(*groups: type) -> tuple[str, ...]:
    """Return the names of the options in some groups."""
    return tuple(field.name for group in groups for field in fields(group))


def is_given(context: typer.Context, name: str) -> bool:
    """Return whether the user gave an option."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_with(context: typer.Context, names: Sequence[str], why: str) -> None:
    """Refuse options that would do nothing.

    Raises:
        BadInput: the user gave one of these options.
    """
    for name in names:
        if is_given(context, name):
            raise BadInput(f"--{name.replace('_', '-')} {why}")
