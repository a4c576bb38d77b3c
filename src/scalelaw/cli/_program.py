"""The ``scalelaw`` program: front page, old names, and one line on stderr for every error and warning."""

import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import typer
from typer.core import TyperGroup

from scalelaw.cli._held import HELD
from scalelaw.cli._help import front_page
from scalelaw.cli._renamed import current_group
from scalelaw.cli._stderr import STDERR
from scalelaw.core.errors import BadInput, BadTable, MissingExtra, NeedsAnswer, ScalelawError, ScalelawWarning

_USAGE = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""Base class of what typer raises for a command line it cannot read."""
_INTERRUPTED = 130


class Program(TyperGroup):
    """Prints every error of ours and every misuse as one line on stderr; other exceptions show their traceback.

    The exit status is 2 for bad usage or input, 1 for a failure, 130 for Ctrl-C.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit with its status."""
        STDERR.quiet = False
        with warnings.catch_warnings():
            warnings.simplefilter("always", ScalelawWarning)
            warnings.showwarning = _shown_by(warnings.showwarning)
            try:
                try:
                    status = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
                finally:
                    HELD.let_go(STDERR.warn)
            except (ScalelawError, _USAGE, typer.Abort, KeyboardInterrupt, OSError) as error:
                if isinstance(error, OSError) and error.filename is None:
                    raise
                status = _explained(error, sys.argv[1:] if args is None else args)
            except ImportError as error:
                if not isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
                    raise
                status = _INTERRUPTED  # Ctrl-C while a compiled module was being loaded
        sys.exit(status if isinstance(status, int) else 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first word names, by its old name too."""
        STDERR.quiet |= not {"-q", "--quiet"}.isdisjoint(args)  # before the options are read: they may print a note
        return super().resolve_command(ctx, [current_group(args[0]), *args[1:]])

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the front page."""
        formatter.write(front_page(inspect.cleandoc(self.help or ""), self.commands))


def _explained(error: BaseException, args: Sequence[str]) -> int:
    """Print an error in one line, and return the exit status."""
    if isinstance(error, ScalelawError):
        of_table = isinstance(error, BadTable | NeedsAnswer)
        STDERR.error(_naming_file(str(error), args) if of_table else str(error))
        return 2 if isinstance(error, BadInput | MissingExtra) else 1
    if isinstance(error, OSError):
        STDERR.error(f"{error.filename}: {error.strerror}; name another file or folder")
        return 2
    if isinstance(error, _USAGE):
        where = getattr(getattr(error, "ctx", None), "command_path", "scalelaw")
        STDERR.error(f"{error.format_message().rstrip('.')} (see {where} --help)")
        return 2
    return _INTERRUPTED


def _naming_file(message: str, args: Sequence[str]) -> str:
    """Return the error of a table, prefixed with the name of its file where the message lacks it."""
    source = next((each for each in args if not each.startswith("-") and os.path.exists(each)), None)
    if source is None or os.path.basename(os.path.normpath(source)) in message:
        return message
    return f"{source}: {message}"


def _shown_by(plain: Callable[..., None]) -> Callable[..., None]:
    """Return a function that prints our warnings in one line, and all others as Python does."""

    def shown(message: Warning | str, *where: Any, **more: Any) -> None:
        if isinstance(message, ScalelawWarning):
            if not HELD.takes(str(message)):
                STDERR.warn(str(message))
        else:
            plain(message, *where, **more)

    return shown
