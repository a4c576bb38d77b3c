"""``ladder.toml``: read with an error for every key that is wrong, and written with comments, to be edited by hand."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.numbers import parse_number
from scalelaw.core.toml import read_toml
from scalelaw.ladder.data import Data
from scalelaw.ladder.grid import Grid
from scalelaw.ladder.recipe import CONSTANTS, Recipe
from scalelaw.ladder.recipes import recipe
from scalelaw.ladder.shapes import Shapes

if TYPE_CHECKING:
    from scalelaw.ladder.ladder import Ladder

FILE = "ladder.toml"
"""Usual name of the file."""

_KEYS = ("name", "target", "shape", "recipe", "data", "rungs")

L = TypeVar("L", bound="Ladder")


def load_ladder(path: Path, kind: type[L]) -> L:
    """Return the ladder of a file, or of the ``ladder.toml`` of a folder.

    Raises:
        BadInput: the file cannot be read or understood; the message names it.
    """
    path = path / FILE if path.is_dir() else path
    said = read_toml(path, "`scalelaw ladder design` writes one")
    try:
        return read_ladder(said, kind, otherwise=path.stem)
    except BadInput as error:
        raise type(error)(f"{path}: {error}") from error


def read_ladder(said: Mapping[str, Any], kind: type[L], otherwise: str = "ladder") -> L:
    """Return the ladder that the keys of a ``ladder.toml`` describe.

    Args:
        said: the file as a dict.
        kind: what to make.
        otherwise: the name of a ladder that says none.

    Raises:
        BadInput: an unknown key, or a value that is wrong.
    """
    _known("key", said, _KEYS)
    rungs = said.get("rungs", ())
    if not isinstance(rungs, list) or not rungs:
        raise BadInput('no [[rungs]]; say which widths are trained how far, e.g. widths = [16, 32], tokens = ["1M"]')
    grids = tuple(_part(f"[[rungs]] {at}", each, Grid, Grid) for at, each in enumerate(rungs, 1))
    name = said.get("name", otherwise)
    if not isinstance(name, str) or not name.strip():
        raise BadInput(f"name = {name!r}: give text")
    return kind(
        name=name,
        grids=grids,
        shapes=_part("[shape]", said.get("shape", {}), Shapes, Shapes),
        recipe=_part("[recipe]", said.get("recipe", {}), Recipe, _recipe),
        data=_part("[data]", said.get("data", {}), Data, Data),
        target=_target(said.get("target")),
    )


P = TypeVar("P")


def _part(where: str, said: Any, described: type, build: Callable[..., P]) -> P:
    """Return the part that a table describes, its errors behind the name of the table."""
    if not isinstance(said, Mapping):
        raise BadInput(f"{where} = {said!r}: give a table")
    known = ("name", *CONSTANTS) if described is Recipe else tuple(each.name for each in fields(described))
    try:
        _known("key", said, known)
        return build(**said)
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


def _known(what: str, said: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in said:
        if name not in known:
            raise UnknownName.among(what, name, known)
