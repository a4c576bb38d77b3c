"""Read a ``ladder.toml``, with an error for every wrong key."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.numbers import parse_number
from scalelaw.core.reading import one_line
from scalelaw.core.toml import read_toml
from scalelaw.ladder.data import Data
from scalelaw.ladder.grid import Grid
from scalelaw.ladder.recipe import CONSTANTS, Recipe
from scalelaw.ladder.recipes import recipe
from scalelaw.ladder.shapes import Shapes

if TYPE_CHECKING:
    from scalelaw.ladder.ladder import Ladder

FILE = "ladder.toml"
"""Default name of the file."""

_KEYS = ("name", "target", "shape", "recipe", "data", "rungs")

L = TypeVar("L", bound="Ladder")


def load_ladder(path: Path, kind: type[L]) -> L:
    """Load the ladder of a file, or of the ``ladder.toml`` in a folder.

    Raises:
        BadInput: the file cannot be read or is invalid.
    """
    path = path / FILE if path.is_dir() else path
    content = read_toml(path, "`scalelaw ladder design` writes one")
    with one_line(str(path)):
        try:
            return read_ladder(content, kind, otherwise=path.stem)
        except BadInput as error:
            raise type(error)(f"{path}: {error}") from error


def read_ladder(content: Mapping[str, Any], kind: type[L], otherwise: str = "ladder") -> L:
    """Return the ladder that the keys of a ``ladder.toml`` describe.

    Args:
        content: the file as a dict.
        kind: class of the ladder.
        otherwise: default name of the ladder.

    Raises:
        BadInput: an unknown key or a wrong value.
    """
    _known("key", content, _KEYS)
    rungs = content.get("rungs", ())
    if not isinstance(rungs, list) or not rungs:
        raise BadInput('no [[rungs]]; add one with widths and horizons, e.g. widths = [16, 32], tokens = ["1M"]')
    grids = tuple(_part(f"[[rungs]] {at}", each, Grid, Grid) for at, each in enumerate(rungs, 1))
    name = content.get("name", otherwise)
    if not isinstance(name, str) or not name.strip():
        raise BadInput(f"name = {name!r}: give text")
    return kind(
        name=name,
        grids=grids,
        shapes=_part("[shape]", content.get("shape", {}), Shapes, Shapes),
        recipe=_part("[recipe]", content.get("recipe", {}), Recipe, _recipe),
        data=_part("[data]", content.get("data", {}), Data, Data),
        target=_target(content.get("target")),
    )


P = TypeVar("P")


def _part(where: str, table: Any, described: type, build: Callable[..., P]) -> P:
    """Return the part that a table describes; errors start with the name of the table."""
    if not isinstance(table, Mapping):
        raise BadInput(f"{where} = {table!r}: give a table")
    known = ("name", *CONSTANTS) if described is Recipe else tuple(each.name for each in fields(described))
    try:
        _known("key", table, known)
        return build(**table)
    except TypeError as error:
        raise BadInput(f"{where}: {str(error).partition(') ')[2] or error}") from error
    except BadInput as error:
        raise type(error)(f"{where}: {error}") from error


def _recipe(name: str = "muon-cpu", **values: Any) -> Recipe:
    chosen = recipe(name)
    for each, value in values.items():
        before = getattr(chosen, each)
        wanted: tuple[type, ...] = (int, float) if isinstance(before, float) else (type(before),)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise BadInput(f"{each} = {value!r}: give a value like {before!r}")
    return chosen.replaced(**values) if values else chosen


def _target(value: Any) -> float | None:
    try:
        return None if value is None else parse_number(value, "flops")
    except (TypeError, BadNumber) as error:
        raise BadInput(f"target: {error}") from error


def _known(what: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            raise UnknownName.among(what, name, known)
