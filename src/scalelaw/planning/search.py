"""Every ladder a design chooses from, cheapest first.

Tried are all combinations of the widest rung, how many sizes there are and how far down they reach, how many horizons a
trunk has and between which tokens per parameter, and how often the cheaper half is repeated. Runs stay within a decade
of what the assumed law was fitted to, and a trunk's horizons span a factor of four, lest N and D move together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from scalelaw.accounting.params import count_params
from scalelaw.core.types import Array
from scalelaw.ladder import Data, Grid, Ladder, Recipe, Shapes, recipe
from scalelaw.ladder.check import LEAST_STEPS
from scalelaw.ladder.grid import EXACT
from scalelaw.planning.assumed import Assumed
from scalelaw.planning.half_width import (
    SMALL,
    HalfWidth,
    beyond,
    coefficient_sd,
    form_sd,
    half_width,
    inputs,
    log_slopes,
    quantiles,
    target_point,
)

_SIZES = (4, 5, 6, 8)
_SPANS = (1.0, 1.5, 2.0)
_HORIZONS = (2, 3, 4, 5)
_FIRST = (5.0, 10.0, 20.0)
_LAST = (20.0, 40.0, 80.0, 160.0)
_SEEDS = (1, 2, 3)
_NEAR = 10.0
_SPREAD = 4.0
_CLOSE = 1.08


@dataclass(frozen=True)
class Candidate:
    """One design that was tried: widths from narrow to wide, horizons in tokens per parameter, seeds of the cheap half.

    Attributes:
        widths: of the rungs.
        ratios: tokens over N of each horizon; N has the head and no lookup.
        seeds: how often the narrower half is trained.
        flops: C of all of it.
    """

    widths: tuple[int, ...]
    ratios: tuple[float, ...]
    seeds: int
    flops: float

    def repeats(self, place: int) -> int:
        """Return how often the width in this place, from the narrowest, is trained."""
        return self.seeds if place < len(self.widths) // 2 else 1

    def grids(self) -> tuple[Grid, ...]:
        """Return it as a ladder says it."""
        half = len(self.widths) // 2
        cheap, dear = self.widths[:half], self.widths[half:]
        if self.seeds == 1:
            return (Grid(self.widths, tokens_per_param=self.ratios),)
        return (
            Grid(cheap, tokens_per_param=self.ratios, seeds=self.seeds),
            Grid(dear, tokens_per_param=self.ratios),
        )


@dataclass(frozen=True)
class _Size:
    """A width in numbers: N with the head, N as the law takes it, FLOP of a run of one token per parameter."""

    params: float
    of_law: float
    flops_per_ratio: float


def _usual(tiny: bool) -> tuple[Shapes, Recipe, Data]:
    """Return shapes, recipe and data for a target of this size."""
    if tiny:
        return Shapes(), recipe("muon-cpu"), Data()
    return Shapes(layers=16, head_dim=64, vocab_size=32768), recipe("adamw-step-law"), Data("corpus", seq_len=2048)


class Search:
    """Every candidate for one target, cheapest first, each weighed at most once."""

    def __init__(self, known: Assumed, target: float, level: float, like: Ladder | None) -> None:
        self.known, self.target, self.level = known, target, level
        tiny = target < SMALL
        self.shapes, self.how, self.data = _usual(tiny) if like is None else (like.shapes, like.recipe, like.data)
        self.point = target_point(known, target)
        self.goal = log_slopes(known, {known.n: np.array([self.point[0]]), "tokens": np.array([self.point[1]])})[0]
        self.sizes = self._sizes()
        self.slopes = lru_cache(maxsize=None)(self._slopes)
        self.candidates = sorted(self._candidates(), key=lambda each: each.flops)
        reached = lru_cache(maxsize=None)(self._form)
        self.form = np.array([reached(each.widths[-1], each.ratios[-1]) for each in self.candidates])
        self.widths: dict[int, float] = {}

    def cheapest(self, asked: float) -> tuple[Candidate | None, int]:
        """Return the cheapest candidate that is sure enough, and how many there are up to it."""
        for at in np.flatnonzero(self.form <= asked).tolist():
            if self._weighed(at) <= asked:
                return self.candidates[at], at + 1
        return None, len(self.candidates)

    def sure(self, ladder: Ladder) -> HalfWidth:
        """Return the half-width of a ladder."""
        x, member = inputs(ladder.fitted, self.known.n)
        return half_width(self.known, x, member, self.point, self.level)

    def refusal(self, asked: float) -> str:
        """Say that nothing is sure enough, and how sure one can be."""
        if not self.candidates:
            return f"no ladder of these shapes lies below the target of {self.target:.3g} FLOP; change the shapes"
        best = int(np.argmin(self.form))
        for at in np.argsort(self.form).tolist():
            if self.form[at] >= self._weighed(best):
                break
            best = min(best, at, key=self._weighed)
        return (
            f"no ladder that costs less than the target of {self.target:.3g} FLOP itself has a half-width of "
            f"{asked:.2%}: the surest of {len(self.candidates)} has {self._weighed(best):.2%} for "
            f"{self.candidates[best].flops:.2g} FLOP; ask for less, or assume a better known law"
        )

    def _weighed(self, at: int) -> float:
        """Return the half-width of a candidate, infinite where it does not determine the coefficients."""
        if at not in self.widths:
            each = self.candidates[at]
            trunks = [width for place, width in enumerate(each.widths) for _ in range(each.repeats(place))]
            slopes = np.concatenate([self.slopes(width, each.ratios) for width in trunks])
            member = np.repeat(np.arange(len(trunks)), len(each.ratios))
            sd = coefficient_sd(self.known, slopes, member, self.goal)
            student, _ = quantiles(self.level, len(member) - len(self.known.coef))
            inside = float("inf") if sd is None else student * np.hypot(sd, self.known.noise)
            self.widths[at] = float(np.hypot(inside, self.form[at]))
        return self.widths[at]

    def _form(self, width: int, ratio: float) -> float:
        """Return the part of the half-width that the law's form has, where this is the dearest run."""
        size = self.sizes[width]
        reach = beyond(self.known, (size.of_law, ratio * size.params), self.point)
        return quantiles(self.level, 1)[1] * form_sd(self.known, reach)

    def _slopes(self, width: int, ratios: tuple[float, ...]) -> Array:
        size = self.sizes[width]
        tokens = size.params * np.array(ratios)
        return log_slopes(self.known, {self.known.n: np.full_like(tokens, size.of_law), "tokens": tokens})

    def _candidates(self) -> Iterator[Candidate]:
        """Yield every design below the target's compute."""
        dial = np.array(list(self.sizes))
        logs = np.log10([size.params for size in self.sizes.values()])
        horizons = [
            tuple(float(f"{each:.3g}") for each in np.geomspace(first, last, count))
            for first, last, count in product(_FIRST, _LAST, _HORIZONS)
            if last >= _SPREAD * first
        ]
        seen = set()
        for widest, count, span in product(range(len(dial)), _SIZES, _SPANS):
            if logs[0] > logs[widest] - span:
                continue
            wanted = np.linspace(logs[widest] - span, logs[widest], count)
            widths = tuple(sorted({int(dial[np.argmin(np.abs(logs - each))]) for each in wanted}))
            if len(widths) == count and widths not in seen:
                seen.add(widths)
                for ratios in horizons:
                    yield from self._repeated(widths, ratios)

    def _repeated(self, widths: tuple[int, ...], ratios: tuple[float, ...]) -> Iterator[Candidate]:
        """Yield a design with each number of seeds, where it may be run."""
        if not self._usable(self.sizes[widths[0]], ratios):
            return
        passed = (1 - self.how.cooldown) * max(ratios) + self.how.cooldown * sum(ratios)
        cost = [self.sizes[width].flops_per_ratio * passed for width in widths]
        for seeds in _SEEDS:
            flops = sum(cost) + (seeds - 1) * sum(cost[: len(widths) // 2])
            if flops <= self.target:
                yield Candidate(widths, ratios, seeds, flops)

    def _sizes(self) -> dict[int, _Size]:
        """Return widths to choose from, each with its size: up to a model that the target's compute hardly trains."""
        step = self.shapes.head_dim if self.shapes.head_dim > 16 else 8
        sizes: dict[int, _Size] = {}
        width = self.shapes.head_dim
        while True:
            if self.shapes.divides(width):
                size = self._size(width)
                if size.flops_per_ratio * _LAST[0] > self.target:
                    return sizes
                sizes[width] = size
            width = max(width + step, int(width * _CLOSE) // step * step)

    def _size(self, width: int) -> _Size:
        shape = self.shapes.at(width)
        counts = count_params(shape)
        params = float(counts.count(EXACT.params))
        per_token = EXACT.flops_per_token(shape, self.data.seq_len)
        return _Size(params, float(counts.count(self.known.n)), per_token * params)

    def _usable(self, narrowest: _Size, ratios: tuple[float, ...]) -> bool:
        """Return whether the narrowest width has steps enough, and lies near what the law was fitted to."""
        tokens = narrowest.params * min(ratios)
        domain = self.known.forecaster.domain
        for name, least in ((self.known.n, narrowest.of_law), ("tokens", tokens)):
            if name in domain and least < domain[name][0] / _NEAR:
                return False
        batch_tokens = self.how.batch_at(narrowest.params * max(ratios), self.data.seq_len)
        return tokens >= LEAST_STEPS * batch_tokens
