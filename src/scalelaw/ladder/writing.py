"""Write a ``ladder.toml`` with comments, for editing by hand."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.toml import spelt
from scalelaw.core.version import __version__
from scalelaw.ladder.recipes import RECIPES

if TYPE_CHECKING:
    from scalelaw.ladder.ladder import Ladder


def written(ladder: "Ladder") -> str:
    """Return the text of a ``ladder.toml``."""
    lines = [
        f"# A ladder of small runs, written by scalelaw {__version__}; edit as you like.",
        "# `scalelaw ladder show` lists it, `scalelaw ladder dry-run` estimates its cost and the forecast's precision.",
        "",
        *spelt("name", ladder.name),
        "# Target of the forecast: training compute in FLOP. Default: the held-out rungs, or ten times the largest.",
        *(spelt("target", _budget(ladder.target)) if ladder.target else ['# target = "1e22"']),
        "",
        "[shape] # the width varies, the depth is fixed",
        *_table(ladder.shapes, _SHAPE),
        "",
        f"[recipe] # one of {', '.join(RECIPES)}; its constants may be changed below",
        *spelt("name", ladder.recipe.name),
        *(line for name in ladder.recipe.changed for line in spelt(name, getattr(ladder.recipe, name))),
        *([] if ladder.recipe.changed else [f"# lr_matrices = {ladder.recipe.lr_matrices!r}"]),
        "",
        "[data]",
        *_table(ladder.data, _DATA),
        "",
        "# Each [[rungs]]: widths and their horizons, as tokens, tokens_per_param or flops (equal compute).",
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
    "head_dim": "smallest head dimension; widths are multiples of it, or use larger heads",
    "vocab_size": "rows of embedding and head",
    "ffn_ratio": "feed-forward width over the model width",
}


_DATA = {
    "source": "stdlib, synthetic, or a folder of text",
    "tokenizer": "bpe, trained on the text itself, or bytes",
    "seq_len": "tokens per sequence",
    "eval_tokens": "held-out tokens of the one evaluation set",
    "unique_tokens": "distinct training tokens; the longest horizon must fit",
    "epochs": "largest number of passes over them",
}


def _table(part: Any, meanings: Mapping[str, str]) -> list[str]:
    """Return the lines of a table, each with its meaning; unknown values are comments."""
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
