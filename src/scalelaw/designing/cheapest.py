"""Find the cheapest ladder that reaches a requested precision."""

from dataclasses import dataclass
from typing import Any

from scalelaw.accounting import hardware
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import check_level
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.designing.assumed import SMALL, Assumption, assumed
from scalelaw.designing.candidates import Search
from scalelaw.designing.half_width import HalfWidth, default_assumption
from scalelaw.ladder import DryRun, Ladder

_APART = 1.3


@dataclass(frozen=True, eq=False)
class Design(Renderable, Tabular):
    """The cheapest ladder that reaches the requested half-width, with its cost.

    Attributes:
        ladder: the ladder.
        asked: the requested half-width, as a share of the loss.
        half_width: the expected half-width.
        dry_run: compute, time and memory.
        tried: number of designs up to this cost, including it.
        prices: half-widths around the requested one, each with the C in FLOP of the cheapest ladder that reaches it, or
            None.
    """

    ladder: Ladder
    asked: float
    half_width: HalfWidth
    dry_run: DryRun
    tried: int
    prices: tuple[tuple[float, float | None], ...]

    def toml(self) -> str:
        """Return the text of its ``ladder.toml``."""
        return self.ladder.toml()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw ladder design --json``."""
        return {
            "schema": "scalelaw.design/1",
            "asked": self.asked,
            "half_width": self.half_width.to_dict(),
            "tried": self.tried,
            "prices": [{"half_width": width, "flops": flops} for width, flops in self.prices],
            "dry_run": self.dry_run.to_dict(),
        }

    def to_columns(self) -> Columns:
        """Return one row per half-width that was priced."""
        return columns_of(self.to_dict()["prices"])

    def report(self) -> Report:
        """Return the ladder, its cost, and the cost of other half-widths."""
        share = self.ladder.flops / self.half_width.flops
        asked = (
            f"±{self.asked:.2%}; costs {share:.2g} of the target; {self.tried - 1} designs are cheaper and less precise"
        )
        rows = [["half-width", *(f"±{width:.2%}" for width, _ in self.prices)]]
        rows.append(["C", *("none found" if flops is None else f"{flops:.2g}" for _, flops in self.prices)])
        prices = Report("Cost of other half-widths", [Table(rows, right=range(1, len(rows[0])), head=False)])
        return Report("The cheapest ladder found", [Lines([("asked", asked)]), self.dry_run.report(), prices])


def design(
    target: float,
    half_width: float = 0.02,
    *,
    device: str | None = None,
    workers: int = 1,
    level: float = 0.9,
    assume: Assumption | None = None,
    like: Ladder | None = None,
) -> Design:
    """Find the cheapest ladder whose forecast of a run reaches a half-width.

    Args:
        target: C in FLOP of the run to forecast, at its best split.
        half_width: half the interval of the forecast, as a share of the loss.
        device: name of the training device; by default a CPU core for tiny targets, else an H100.
        workers: number of devices that train in parallel.
        level: probability of the interval.
        assume: the law and noise to assume, as in ``expected_half_width``.
        like: a ladder whose shapes, recipe and data to use; the default depends on the size of the target.

    Raises:
        UnknownName: unknown device.
        BadInput: a bad argument, or no ladder cheaper than the target reaches the half-width (with the best one).

    Example:
        >>> found = design(1e22, 0.04)
        >>> found.half_width.total <= 0.04, found.ladder.flops < 1e22
        (True, True)
    """
    check_level(level)
    if not target > 0:
        raise BadInput(f"target={target!r}: give C in FLOP, e.g. 1e22")
    if not 0 < half_width < 1:
        raise BadInput(f"half_width={half_width!r}: give a share of the loss, e.g. 0.02 for 2 %")
    machine = hardware.device(device or ("cpu" if target < SMALL else "h100"))
    search = Search(assumed(assume or default_assumption(target)), target, level, like)
    ladder, sure, tried = _first(search, half_width)
    run = ladder.dry_run(machine, workers=workers, forecast=sure)
    around = tuple(half_width * _APART**power for power in (-2, -1, 0, 1, 2, 4))
    cheapest = ((width, next(search.cheapest(width), None)) for width in around)
    prices = tuple((width, None if at is None else at[0].flops) for width, at in cheapest)
    return Design(ladder, half_width, sure, run, tried, prices)


def _first(search: Search, asked: float) -> tuple[Ladder, HalfWidth, int]:
    """Return the cheapest ladder that reaches the half-width in whole steps, its half-width, and its rank by cost.

    Raises:
        BadInput: no ladder reaches it.
    """
    for candidate, tried in search.cheapest(asked):
        ladder = search.ladder(candidate)
        sure = search.sure(ladder)
        if sure.total is not None and sure.total <= asked:
            return ladder, sure, tried
    raise BadInput(search.refusal(asked))
