"""The cheapest ladder whose forecast is to be as sure as asked."""

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
    """The cheapest ladder that is sure enough, and what it takes.

    Attributes:
        ladder: the ladder.
        asked: the half-width asked for, as a share of the loss.
        half_width: the one to be expected.
        dry_run: what it takes.
        tried: designs that are no dearer, itself included.
        prices: half-width -> C of the cheapest ladder that has it, for widths around the one asked; None where none.
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
        """Return one row a half-width that was priced."""
        return columns_of(self.to_dict()["prices"])

    def sheet(self) -> Report:
        """Return the ladder, what it takes, and what more or less certainty would."""
        share = self.ladder.flops / self.half_width.flops
        asked = (
            f"±{self.asked:.2%}; costs {share:.2g} of the target; {self.tried - 1} designs are cheaper and less sure"
        )
        rows = [["half-width", *(f"±{width:.2%}" for width, _ in self.prices)]]
        rows.append(["C", *("none found" if flops is None else f"{flops:.2g}" for _, flops in self.prices)])
        prices = Report("What certainty costs", [Table(rows, right=range(1, len(rows[0])), head=False)])
        return Report("The cheapest ladder found", [Lines([("asked", asked)]), self.dry_run.sheet(), prices])


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
    """Return the cheapest ladder whose forecast of a run of this compute is to be this sure.

    Args:
        target: C in FLOP of the run to forecast, at its best split.
        half_width: half the interval of the forecast, as a share of the loss.
        device: what is trained on, by name; a core for tiny targets, else an H100.
        workers: devices that train side by side.
        level: of the interval.
        assume: the law and noise to assume, as in ``expected_half_width``.
        like: a ladder whose shapes, recipe and data are taken; unsaid, they go by the size of the target.

    Raises:
        UnknownName: there is no such device.
        BadInput: a bad argument, or no ladder cheaper than the target is so sure; the message says how sure one can be.

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
    """Return the cheapest ladder that is as sure as asked in whole steps, how sure, and how many are no dearer.

    Raises:
        BadInput: there is none.
    """
    for candidate, tried in search.cheapest(asked):
        ladder = search.ladder(candidate)
        sure = search.sure(ladder)
        if sure.total is not None and sure.total <= asked:
            return ladder, sure, tried
    raise BadInput(search.refusal(asked))
