"""Grids: widths and their horizons, in tokens, tokens per parameter, or compute."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.flops import CONVENTIONS
from scalelaw.accounting.params import ParamCounts, count_params
from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.ladder.recipe import Hyperparameters, Recipe
from scalelaw.ladder.shapes import Shapes
from scalelaw.ladder.trunk import Trunk, trunk

AXES = ("tokens", "tokens_per_param", "flops")
"""Units of a horizon; N of the second and C of the third include the head (``porian_att``)."""

EXACT = CONVENTIONS["porian_att"]
"""The convention of budgets: 6 N with the head, and attention over the causal half."""


@dataclass(frozen=True)
class Rung(Brief):
    """One width of a ladder: a trunk with its branches, for every seed.

    Attributes:
        shape: the model.
        trunk: its horizons.
        hyper: its hyperparameters.
        seeds: seeds of its replicates, from 0.
        held_out: whether it is forecast before training instead of fitted.
        seq_len: tokens per sequence.
    """

    shape: Architecture
    trunk: Trunk
    hyper: Hyperparameters
    seeds: tuple[int, ...]
    held_out: bool
    seq_len: int

    @property
    def name(self) -> str:
        """Name of the rung from its width, such as ``w64``."""
        return f"w{self.shape.width}"

    @cached_property
    def counts(self) -> ParamCounts:
        """Parameters by group."""
        return count_params(self.shape)

    @property
    def params(self) -> int:
        """N, embeddings included."""
        return self.counts.total

    @property
    def horizons(self) -> tuple[int, ...]:
        """D of each branch in tokens, in whole steps, shortest first."""
        return tuple(branch.tokens for branch in self.trunk.branches)

    def flops(self, tokens: float, convention: str = EXACT.name) -> float:
        """Return C in FLOP of training on this many tokens, by a convention."""
        return float(CONVENTIONS[convention].flops_of(self.shape, tokens, self.seq_len))

    @property
    def largest_flops(self) -> float:
        """C in FLOP of its longest horizon."""
        return self.flops(self.horizons[-1])

    @property
    def spent(self) -> float:
        """C in FLOP of all seeds, trunks and branches."""
        return self.flops(self.trunk.tokens) * len(self.seeds)


@dataclass(frozen=True)
class Grid:
    """Widths with shared horizons, seeds and purpose: one ``[[rungs]]`` of a ``ladder.toml``.

    Give exactly one of ``tokens``, ``tokens_per_param`` and ``flops``.

    Attributes:
        widths: widths of the models.
        tokens: horizons in tokens, for every width.
        tokens_per_param: horizons over N; N includes the head and excludes the embedding table
            (``params_one_embedding``).
        flops: budgets in FLOP, for every width (IsoFLOP), by ``EXACT``.
        seeds: number of seeds.
        held_out: whether they are forecast before training instead of fitted.

    Example:
        >>> Grid(widths=(16, 24), tokens=("0.5M", "1M"), seeds=2).tokens
        (500000.0, 1000000.0)
    """

    widths: tuple[int, ...]
    tokens: tuple[float, ...] = ()
    tokens_per_param: tuple[float, ...] = ()
    flops: tuple[float, ...] = ()
    seeds: int = 1
    held_out: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", _whole_numbers("widths", self.widths))
        for axis in AXES:
            object.__setattr__(self, axis, _numbers(axis, getattr(self, axis)))
        given = [axis for axis in AXES if getattr(self, axis)]
        if len(given) != 1:
            got = " and ".join(given) or "none of them"
            raise BadInput(f"a [[rungs]] takes one of {', '.join(AXES)}; got {got}")
        if isinstance(self.seeds, bool) or not isinstance(self.seeds, int) or self.seeds < 1:
            raise BadInput(f"seeds = {self.seeds!r}: give a number of seeds, 1 or more")
        if not isinstance(self.held_out, bool):
            raise BadInput(f"held_out = {self.held_out!r}: give true or false")

    @property
    def axis(self) -> str:
        """The given one of ``AXES``."""
        return next(axis for axis in AXES if getattr(self, axis))

    def rungs(self, shapes: Shapes, recipe: Recipe, seq_len: int) -> tuple[Rung, ...]:
        """Return the rungs, narrowest first.

        Raises:
            BadInput: a width that does not divide, or a horizon too short for the recipe.
        """
        return tuple(self._rung(shapes.at(width), recipe, seq_len) for width in sorted(self.widths))

    def _rung(self, shape: Architecture, recipe: Recipe, seq_len: int) -> Rung:
        horizons = [self._tokens(shape, value, seq_len) for value in getattr(self, self.axis)]
        hyper = recipe.at(shape, max(horizons), seq_len, shortest=min(horizons))
        try:
            grown = trunk(horizons, hyper.batch_tokens, warmup=hyper.warmup_steps, cooldown=hyper.cooldown)
        except BadInput as error:
            raise BadInput(f"width {shape.width}: {error}") from error
        return Rung(shape, grown, hyper, tuple(range(self.seeds)), self.held_out, seq_len)

    def _tokens(self, shape: Architecture, value: float, seq_len: int) -> float:
        if self.axis == "tokens":
            return value
        if self.axis == "flops":
            return float(EXACT.tokens_of(shape, value, seq_len))
        return value * count_params(shape).count(EXACT.params)

    def settings(self) -> dict[str, Any]:
        """Return the keys of its ``[[rungs]]``, with token counts as short text."""
        values = getattr(self, self.axis)
        keys: dict[str, Any] = {"widths": list(self.widths), self.axis: [_written(self.axis, each) for each in values]}
        if self.seeds != 1:
            keys["seeds"] = self.seeds
        if self.held_out:
            keys["held_out"] = True
        return keys


def shown(count: float) -> str:
    """Return a token count as short text: 499712 is 500K.

    Example:
        >>> shown(499712), shown(1.5e6), shown(2e10)
        ('500K', '1.5M', '20B')
    """
    rounded = float(f"{count:.3g}")
    return f"{rounded / 1e3:.3g}K" if 1e3 <= rounded < 1e6 else format_number(count, 3)


def _written(axis: str, value: float) -> str | float:
    """Return a number as short text if that is exact."""
    if axis == "tokens":
        for short in (shown(value), format_number(value, 6)):
            if short[-1] in "KMBT" and parse_number(short) == value:
                return short
    elif axis == "flops" and float(short := f"{value:g}") == value:
        return short
    return int(value) if float(value).is_integer() and value < 1e15 else value


def _numbers(name: str, values: Sequence[float | str]) -> tuple[float, ...]:
    if not isinstance(values, list | tuple):
        raise BadInput(f"{name} = {values!r}: give a list, e.g. {name} = [{values!r}]")
    try:
        found = tuple(parse_number(each, None if name == "tokens_per_param" else name) for each in values)
    except (TypeError, BadNumber) as error:
        raise BadInput(f"{name}: {error}") from error
    for each in found:
        if not each > 0:
            raise BadInput(f"{name}: {each:g} is not positive")
    return found


def _whole_numbers(name: str, values: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(values, list | tuple) or not values:
        raise BadInput(f"{name} = {values!r}: give a list of whole numbers, e.g. {name} = [16, 32]")
    for each in values:
        if isinstance(each, bool) or not isinstance(each, int) or each < 1:
            raise BadInput(f"{name}: {each!r} is not a whole number of at least 1")
    if len(set(values)) < len(values):
        raise BadInput(f"{name} = {list(values)}: a width is repeated; use seeds = 2 for replicates")
    return tuple(values)
