"""Files and folders that a command writes, checked before any work is done."""

import os
from pathlib import Path
from typing import Annotated

import typer

from scalelaw.core.errors import BadInput

Figure = Annotated[str | None, typer.Option("--figure", help="Draw the result: PNG, SVG or PDF.", metavar="FILE")]


def check_writable(path: str, option: str, *, folder: bool = False) -> None:
    """Refuse a path that cannot be written, before any work is done.

    Args:
        path: the file to write, or the folder to write into, which need not exist.
        option: the option that gave it.
        folder: whether ``path`` is a folder.

    Raises:
        BadInput: it cannot be written to.
    """
    place = Path(path).expanduser()
    if folder:
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise BadInput(f"{option} {path}: {place} is a file; name a folder")
    elif place.is_dir():
        raise BadInput(f"{option} {path}: this is a folder; name a file in it")
    elif not place.parent.is_dir():
        raise BadInput(f"{option} {path}: folder {place.parent} does not exist; create it first")
    elif place.is_symlink():
        raise BadInput(f"{option} {path}: this is a link; name the file it leads to")
    elif place.exists() and not place.is_file():
        raise BadInput(f"{option} {path}: not a regular file; name another")
    holders = [place] if folder else [place, place.parent] if place.exists() else [place.parent]
    for holder in holders:
        if not os.access(holder, os.W_OK):
            raise BadInput(f"{option} {path}: no permission to write to {holder}; name another place")


def check_figure(path: str, option: str) -> None:
    """Refuse a figure that cannot be drawn or written, before any work is done.

    Raises:
        BadInput: unknown suffix, or a path that cannot be written to.
        MissingExtra: matplotlib is not installed.
    """
    from scalelaw.core.optional import require
    from scalelaw.viz.style import FORMATS

    if Path(path).suffix not in FORMATS:
        raise BadInput(f"{option} {path}: figures are written as {', '.join(FORMATS)}")
    check_writable(path, option)
    require("matplotlib", extra="plot", why="draw figures")
