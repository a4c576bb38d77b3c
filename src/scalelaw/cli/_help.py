"""What ``--help`` prints: the front page with every command in a panel, and the page of one command or group."""

import inspect
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from scalelaw.cli._stderr import coloured

PANELS = (
    "Start", "Runs", "Fit", "Forecast and plan", "Best size", "How sure", "Small runs", "Diagnose", "Method",
)  # fmt: skip
"""The panels of the front page, in the order of the work."""
_WIDEST = 100
_NARROWEST = 50
_NAMES = 28
"""Columns for the names of options; longer ones get a separate line."""

Rows = Sequence[tuple[str, str]]


def front_page(about: str, commands: Mapping[str, Any]) -> str:
    """Return the help of the program.

    Args:
        about: what the program does.
        commands: command or group by name.
    """
    names = max(map(len, commands))
    lines = ["Usage: scalelaw COMMAND [ARGS]...", "", *about.split("\n\n"), ""]
    for panel in PANELS:
        rows = [(name, summary(each)) for name, each in commands.items() if each.rich_help_panel == panel]
        lines += [_heading(panel), *_table(rows, names)]
    options = "--version", "-q, --quiet", "-h, --help", "--install-completion"
    lines += [_heading("Options"), f"  {' · '.join(options)}"]
    return "\n".join(lines)


def page(command: Any, context: Any) -> str:
    """Return the help of a command with its options by panel, or of a group with its commands."""
    lines = [f"Usage: {context.command_path} {_usage(command)}", ""]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), _width()), ""]
    commands = getattr(command, "commands", {})
    panels: dict[str, list[tuple[str, str]]] = {"Commands": [(name, summary(each)) for name, each in commands.items()]}
    panels |= {"Arguments": [], "Options": []}
    for parameter in command.get_params(context):
        if parameter.param_type_name == "argument":
            panels["Arguments"].append((parameter.metavar, parameter.help))
        elif record := parameter.get_help_record(context):
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(record)
    shown = [(panel, rows) for panel, rows in panels.items() if rows]
    names = min(max(len(name) for _, rows in shown for name, _ in rows), _NAMES)
    for panel, rows in shown:
        lines += [_heading(panel), *_table(rows, names), ""]
    return "\n".join(lines[:-1])


def summary(command: Any) -> str:
    """Return the first line of a command's help, without its full stop."""
    return str(command.help).partition("\n")[0].rstrip(".")


def _usage(command: Any) -> str:
    """Return the arguments of a command as the usage line has them."""
    if hasattr(command, "commands"):
        return "COMMAND [ARGS]..."
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    return " ".join([*(each.metavar if each.required else f"[{each.metavar}]" for each in arguments), "[OPTIONS]"])


def _table(rows: Rows, names: int) -> list[str]:
    """Return rows of name and text, the texts in one column."""
    lines = []
    for name, text in rows:
        texts = textwrap.wrap(" ".join(text.split()), _width() - names - 4, break_on_hyphens=False)
        if len(name) > names:
            lines.append(f"  {name}")
            name = ""
        lines += [f"  {name:<{names}}  {texts[0]}", *(" " * (names + 4) + each for each in texts[1:])]
    return lines


def _width() -> int:
    return max(min(shutil.get_terminal_size().columns, _WIDEST), _NARROWEST)


def _heading(text: str) -> str:
    return typer.style(text, bold=True) if coloured(sys.stdout) else text
