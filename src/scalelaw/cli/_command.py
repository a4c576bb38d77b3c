"""What every command has: ``-q``, and its options by their old names."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from scalelaw.cli._help import page
from scalelaw.cli._renamed import current_options
from scalelaw.cli._stderr import STDERR


def be_quiet(value: bool) -> None:
    """Print no warnings and no progress from here on, if ``--quiet`` is given."""
    STDERR.quiet |= value


Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Print no warnings and no progress.", callback=be_quiet, is_eager=True)
]


class Command(TyperCommand):
    """A command that takes its options by their old names too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        if not ctx.resilient_parsing:
            args = current_options(_path(ctx), args)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the command."""
        formatter.write(page(self, ctx))


class Group(TyperGroup):
    """A group of commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the group."""
        formatter.write(page(self, ctx))


class Commands(typer.Typer):
    """An app whose commands have what every command has."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"cls": Group, "add_completion": False, "rich_markup_mode": None, **options})

    def command(self, name: str | None = None, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:  # type: ignore[override]
        """Add a command; see ``typer.Typer.command``."""
        add = super().command(name, **{"cls": Command, **options})

        def added(function: Callable[..., None]) -> Callable[..., None]:
            add(_with_quiet(function))
            return function

        return added


def _with_quiet(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the option ``--quiet``."""
    signature = inspect.signature(command)
    option = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet)

    @wraps(command)
    def quiet_command(quiet: bool = False, **given: Any) -> None:
        command(**given)

    quiet_command.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    quiet_command.__annotations__ = command.__annotations__ | {"quiet": Quiet}
    return quiet_command


def _path(context: Any) -> str:
    """Return the names of a command and its groups, without the program's."""
    names = []
    while context.parent is not None:
        names.append(context.info_name)
        context = context.parent
    return " ".join(reversed(names))
