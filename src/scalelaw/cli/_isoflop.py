"""Options of the commands that find the best size at each budget: groups of runs, form of a profile."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._fitting import ResampleOptions
from scalelaw.cli._values import real
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.allocation.isoflop_spec import IsoFlopOptions

_PANEL = "The budgets"

Target = Annotated[str | None, typer.Option(help="Metric to use, e.g. loss@c4.", metavar="METRIC@SET")]


@dataclass(frozen=True)
class SweepOptions:
    """How to group runs by budget, and which curve to fit to each budget."""

    profile: Annotated[
        str,
        typer.Option(
            help="Form of the curve at each budget.", metavar="powers|cubic|parabola|akima", rich_help_panel=_PANEL
        ),
    ] = "powers"
    params_kind: Annotated[
        str,
        typer.Option(
            help="Kind of N that was swept, e.g. params_non_embedding.", metavar="KIND", rich_help_panel=_PANEL
        ),
    ] = "params"
    budgets: Annotated[
        str | None,
        typer.Option(
            help="Budgets, e.g. 1e18,3e18; clusters of compute unless given.",
            metavar="C,...",
            rich_help_panel=_PANEL,
        ),
    ] = None
    tolerance: Annotated[
        float,
        typer.Option(
            help="Largest relative distance of a run from its budget.",
            parser=real,
            metavar="X",
            rich_help_panel=_PANEL,
        ),
    ] = 0.1
    window: Annotated[
        float | None,
        typer.Option(
            help="Keep sizes within this factor of the best; unless given 10, for akima no limit.",
            parser=real,
            metavar="X",
            rich_help_panel=_PANEL,
        ),
    ] = None
    noise: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of the loss between replicate runs; from residuals unless given.",
            parser=real,
            metavar="X",
            rich_help_panel=_PANEL,
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
