"""The ladders that a design chooses from, cheapest first.

Candidates combine the widest rung, the number and span of sizes, the number of horizons per trunk and their range of
tokens per parameter, and the number of seeds of the cheaper half. Runs stay within a decade of the fitted range of the
assumed law. A trunk's horizons span a factor of four, so that N and D do not vary together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from scalelaw.accounting.params import count_params
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.designing.assumed import SMALL, Assumed
from scalelaw.designing.half_width import (
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
from scalelaw.ladder import Data, Grid, Ladder, Recipe, Shapes, recipe
from scalelaw.ladder.check import LEAST_STEPS
from scalelaw.ladder.grid import EXACT

_SIZES = (4, 5, 6, 8)
_SPANS = (1.0, 1.5, 2.0)
_HORIZONS = (2, 3, 5)
_FIRST = (5.0, 10.0, 20.0)
_LAST = (20.0, 40.0, 80.0, 160.0)
_SEEDS = (1, 2, 3)
_NEAR = 10.0
_SPREAD = 4.0
_CLOSE = 1.12
_SPARE = 0.999


@dataclass(frozen=True)
class Candidate:
    """One candidate design.

    Attributes:
        widths: widths of the rungs, ascending.
        ratios: tokens per parameter of each horizon; N includes the head and excludes the embedding table.
        seeds: number of seeds of the narrower half.
        flops: total C, FLOP.
    """

    widths: tuple[int, ...]
    ratios: tuple[float, ...]
    seeds: int
    flops: float

    def repeats(self, place: int) -> int:
        """Return the number of seeds of the width at this index."""
        return self.seeds if place < len(self.widths) // 2 else 1

    def grids(self) -> tuple[Grid, ...]:
        """Return the grids of its ladder."""
        half = len(self.widths) // 2
        narrow, wide = self.widths[:half], self.widths[half:]
        if self.seeds == 1:
            return (Grid(self.widths, tokens_per_param=self.ratios),)
        return (
            Grid(narrow, tokens_per_param=self.ratios, seeds=self.seeds),
            Grid(wide, tokens_per_param=self.ratios),
        )


@dataclass(frozen=True)
class _Size:
    """Numbers of one width: N with the head, N in the law's kind, FLOP of a run of one token per parameter."""

    params: float
    of_law: float
    flops_per_ratio: float


def _usual(tiny: bool) -> tuple[Shapes, Recipe, Data]:
    """Return the default shapes, recipe and data, for tiny or larger targets."""
    if tiny:
        return Shapes(), recipe("muon-cpu"), Data()
    return Shapes(layers=16, head_dim=64, vocab_size=32768), recipe("adamw-step-law"), Data("corpus", seq_len=2048)


@dataclass(frozen=True, eq=False)
class Search(Brief):
    """The candidates for one target, cheapest first; each half-width is computed at most once.

    Attributes:
        known: the assumed law and noise.
        target: C in FLOP to forecast.
        level: probability of the interval.
        like: a ladder whose shapes, recipe and data to use; None for the defaults.
    """

    known: Assumed
    target: float
    level: float
    like: Ladder | None = None

    @cached_property
    def shapes(self) -> Shapes:
        """Shapes of the models."""
        return _usual(self.target < SMALL)[0] if self.like is None else self.like.shapes

    @cached_property
    def recipe(self) -> Recipe:
        """Training recipe."""
        return _usual(self.target < SMALL)[1] if self.like is None else self.like.recipe

    @cached_property
    def data(self) -> Data:
        """Training data."""
        return _usual(self.target < SMALL)[2] if self.like is None else self.like.data

    @cached_property
    def point(self) -> tuple[float, float]:
        """N and D of the target."""
        return target_point(self.known, self.target)

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every design below the target's compute, cheapest first."""
        return tuple(sorted(self._candidates(), key=lambda each: each.flops))

    @cached_property
    def form(self) -> Array:
        """Part of each candidate's half-width from the form error, (n,)."""
        reached = lru_cache(maxsize=None)(self._form)
        return np.array([reached(each.widths[-1], each.ratios[-1]) for each in self.candidates])

    def cheapest(self, asked: float) -> Iterator[tuple[Candidate, int]]:
        """Yield the candidates that reach the half-width, cheapest first, each with its rank by cost."""
        for at in np.flatnonzero(self.form <= asked).tolist():
            if self.weighed(at) <= asked:
                yield self.candidates[at], at + 1

    def ladder(self, candidate: Candidate) -> Ladder:
        """Return a candidate as a ladder, with horizons in whole steps."""
        return Ladder(f"to-{self.target:g}", candidate.grids(), self.shapes, self.recipe, self.data, self.target)

    def sure(self, ladder: Ladder) -> HalfWidth:
        """Return the half-width of a ladder."""
        x, member = inputs(ladder.fitted, self.known.n)
        return half_width(self.known, x, member, self.point, self.level)

    def refusal(self, asked: float) -> str:
        """Return the error message if no candidate reaches the half-width; it names the best candidate."""
        if not self.candidates:
            return f"no ladder of these shapes costs less than the target of {self.target:.3g} FLOP; change the shapes"
        best = int(np.argmin(self.form))
        for at in np.argsort(self.form).tolist():
            if self.form[at] >= self.weighed(best):
                break
            best = min(best, at, key=self.weighed)
        return (
            f"no ladder cheaper than the target of {self.target:.3g} FLOP has a half-width of {asked:.2%}: the best of "
            f"{len(self.candidates)} has {self.weighed(best):.2%} for {self.candidates[best].flops:.2g} FLOP; request "
            "a larger half-width, or assume a law with less noise (--assume)"
        )

    def weighed(self, at: int) -> float:
        """Return the half-width of a candidate; infinite if it does not determine the coefficients."""
        if at not in self._widths:
            each = self.candidates[at]
            trunks = [width for place, width in enumerate(each.widths) for _ in range(each.repeats(place))]
            slopes = np.concatenate([self._slopes_at(width, each.ratios) for width in trunks])
            member = np.repeat(np.arange(len(trunks)), len(each.ratios))
            sd = coefficient_sd(self.known, slopes, member, self._goal)
            student, _ = quantiles(self.level, len(member) - len(self.known.coef))
            inside = float("inf") if sd is None else student * np.hypot(sd, self.known.noise)
            self._widths[at] = float(np.hypot(inside, self.form[at]))
        return self._widths[at]

    @cached_property
    def _widths(self) -> dict[int, float]:
        return {}

    @cached_property
    def _goal(self) -> Array:
        at = {self.known.n: np.array([self.point[0]]), "tokens": np.array([self.point[1]])}
        return np.asarray(log_slopes(self.known, at)[0])

    @cached_property
    def _slopes_at(self) -> Callable[[int, tuple[float, ...]], Array]:
        return lru_cache(maxsize=None)(self._slopes)

    def _form(self, width: int, ratio: float) -> float:
        """Return the part of the half-width from the form error, with this as the largest run."""
        size = self._sizes[width]
        reach = beyond(self.known, (size.of_law, ratio * size.params), self.point)
        return quantiles(self.level, 1)[1] * form_sd(self.known, reach)

    def _slopes(self, width: int, ratios: tuple[float, ...]) -> Array:
        size = self._sizes[width]
        tokens = size.params * np.array(ratios)
        return log_slopes(self.known, {self.known.n: np.full_like(tokens, size.of_law), "tokens": tokens})

    def _candidates(self) -> Iterator[Candidate]:
        """Yield every design below the target's compute."""
        dial = np.array(list(self._sizes))
        logs = np.log10([size.params for size in self._sizes.values()])
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
        """Yield a design with each number of seeds, if it can be run."""
        if not self._usable(self._sizes[widths[0]], ratios):
            return
        longest = self._sizes[widths[-1]].params * max(ratios)
        if self.data.unique_tokens is not None and longest > _SPARE * self.data.epochs * self.data.unique_tokens:
            return
        passed = (1 - self.recipe.cooldown) * max(ratios) + self.recipe.cooldown * sum(ratios)
        cost = [self._sizes[width].flops_per_ratio * passed for width in widths]
        for seeds in _SEEDS:
            flops = sum(cost) + (seeds - 1) * sum(cost[: len(widths) // 2])
            if flops <= self.target:
                yield Candidate(widths, ratios, seeds, flops)

    @cached_property
    def _sizes(self) -> dict[int, _Size]:
        """Return width -> size, up to the largest model that the target's compute can train."""
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
        """Return whether the narrowest width has enough steps and lies near the fitted range of the law."""
        tokens = narrowest.params * min(ratios)
        domain = self.known.forecaster.domain
        for name, least in ((self.known.n, narrowest.of_law), ("tokens", tokens)):
            if name in domain and least < domain[name][0] / _NEAR:
                return False
        batch_tokens = self.recipe.batch_at(narrowest.params * max(ratios), self.data.seq_len)
        return tokens >= LEAST_STEPS * batch_tokens
