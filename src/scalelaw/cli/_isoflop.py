"""Options of the commands that find the best size at each budget: groups of runs, form of a profile."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._fitting import ResampleOptions
from scalelaw.cli._values import option, real
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.allocation.isoflop_spec import IsoFlopOptions

_PANEL = "The budgets"

Flops = Annotated[
    str | None, typer.Option(help="Compute for which N* is shown; ten times the largest run unless given.", metavar="C")
]
Target = Annotated[str | None, typer.Option(help="Metric to use, e.g. loss@c4.", metavar="METRIC@SET")]


@dataclass(frozen=True)
class SweepOptions:
    """How to group runs by budget, and which curve to fit to each budget."""

    profile: Annotated[str, option("Form of the curve at each budget.", "powers|cubic|parabola|akima", _PANEL)] = (
        "powers"
    )
    params_kind: Annotated[str, option("Kind of N that was swept, e.g. params_non_embedding.", "KIND", _PANEL)] = (
        "params"
    )
    budgets: Annotated[
        str | None, option("Budgets, e.g. 1e18,3e18; clusters of compute unless given.", "C,...", _PANEL)
    ] = None
    tolerance: Annotated[
        float, option("Largest relative distance of a run from its budget.", "X", _PANEL, parser=real)
    ] = 0.1
    window: Annotated[
        float | None,
        option(
            "Keep sizes within this factor of the best; unless given 10, for akima no limit.", "X", _PANEL, parser=real
        ),
    ] = None
    noise: Annotated[
        float | None,
        option(
            "Standard deviation of the loss between replicate runs; from residuals unless given.",
            "X",
            _PANEL,
            parser=real,
        ),
    ] = None

    def chosen(self, bootstrap: ResampleOptions) -> "IsoFlopOptions":
        """Return the options of ``isoflop``.

        Raises:
            BadInput: a budget is not a number.
        """
        found: IsoFlopOptions = {
            "profile": self.profile,  # type: ignore[typeddict-item]
            "n": self.params_kind,
            "tolerance": self.tolerance,
            "window": self.window,
            "noise": self.noise,
            "draws": bootstrap.draws,
            "seed": bootstrap.seed,
            "level": bootstrap.level,
        }
        if self.budgets is not None:
            found["budgets"] = [parse_number(text, "flops") for text in self.budgets.split(",") if text.strip()]
        return found
