"""``ladder.toml``: read with an error for every key that is wrong, and written with comments, to be edited by hand."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.toml import read_toml, spelt
from scalelaw.core.version import __version__
from scalelaw.ladder.data import Data
from scalelaw.ladder.grid import Grid
from scalelaw.ladder.ladder import Ladder
from scalelaw.ladder.recipe import CONSTANTS, Recipe
from scalelaw.ladder.recipes import RECIPES, recipe
from scalelaw.ladder.shapes import Shapes

FILE = "ladder.toml"
"""Usual name of the file."""

_KEYS = ("name", "target", "shape", "recipe", "data", "rungs")

L = TypeVar("L", bound=Ladder)


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


def written(ladder: Ladder) -> str:
    """Return the text of a ``ladder.toml``."""
    lines = [
        f"# A ladder of small runs, written by scalelaw {__version__}; yours to edit.",
        "# `scalelaw ladder show` counts it, `scalelaw ladder dry-run` says what it takes and how sure it will be.",
        "",
        *spelt("name", ladder.name),
        "# What is to be forecast: training compute in FLOP. Unsaid: the held-out rungs, or ten times the largest.",
        *(spelt("target", _budget(ladder.target)) if ladder.target else ['# target = "1e22"']),
        "",
        "[shape] # one dial, the width; the depth stays as it is",
        *_table(ladder.shapes, _SHAPE),
        "",
        f"[recipe] # one of {', '.join(RECIPES)}; any constant of it may be given below",
        *spelt("name", ladder.recipe.name),
        *(line for name in ladder.recipe.changed for line in spelt(name, getattr(ladder.recipe, name))),
        *([] if ladder.recipe.changed else [f"# lr_matrices = {ladder.recipe.lr_matrices!r}"]),
        "",
        "[data]",
        *_table(ladder.data, _DATA),
        "",
        "# Each [[rungs]]: widths, and how far they are trained: tokens, tokens_per_param or flops (equal compute).",
        "# All horizons of a width branch off one trunk. seeds = 2 trains it twice; held_out = true is not fitted.",
    ]
    for grid in ladder.grids:
        lines += ["[[rungs]]", *(line for name, value in grid.settings().items() for line in spelt(name, value)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _budget(flops: float) -> str | float:
    short = f"{flops:g}"
    return short if float(short) == flops else flops


_SHAPE = {
    "layers": "blocks of every rung",
    "head_dim": "least elements of a head; widths are multiples of it, or spread over fewer heads",
    "vocab_size": "rows of embedding and head",
    "ffn_ratio": "hidden elements of the feed-forward over the width",
}
_DATA = {
    "source": "stdlib, synthetic, or a folder of text",
    "tokenizer": "bpe, trained on the text itself, or bytes",
    "seq_len": "tokens of a sequence",
    "eval_tokens": "held-out tokens of the one evaluation set",
    "unique_tokens": "distinct training tokens there are; the longest horizon must fit",
    "epochs": "passes over them that are allowed",
}


def _table(part: Any, meanings: Mapping[str, str]) -> list[str]:
    """Return the lines of a part, each with its meaning; what is not known stands as a remark."""
    lines = []
    for name, meaning in meanings.items():
        value = getattr(part, name)
        if value is None:
            lines.append(f"# {name} = ... # {meaning}")
        else:
            lines += [f"{line} # {meaning}" for line in spelt(name, _short(value))]
    return lines


def _short(value: Any) -> Any:
    if isinstance(value, bool | str) or not float(value).is_integer() or abs(value) < 1e6:
        return value
    short = format_number(float(value), 6)
    return short if parse_number(short) == value else int(value)
