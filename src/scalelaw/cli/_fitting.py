"""How a law is fitted: loss, starts, coefficients held, draws."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from scalelaw.cli._values import option, pairs, real, threshold, whole
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions, Intervals

FIT = "The fit"

LawName = Annotated[str, typer.Option("--law", help="Law by name, spelling or formula.", metavar="NAME|FORMULA")]


@dataclass(frozen=True)
class ResampleOptions:
    """How sure the answer must be."""

    draws: Annotated[
        int,
        typer.Option(help="Draws of the coefficients; 0 for none.", parser=whole, metavar="N", rich_help_panel=FIT),
    ] = 1000
    seed: Annotated[int, typer.Option(help="Seed of the draws.", parser=whole, metavar="N", rich_help_panel=FIT)] = 0
    level: Annotated[
        float,
        typer.Option(
            help="Level of the intervals, between 0 and 1.", parser=real, metavar="LEVEL", rich_help_panel=FIT
        ),
    ] = 0.9


@dataclass(frozen=True)
class DrawOptions(ResampleOptions):
    """How sure the answer of a fit must be, and how that is found."""

    intervals: Annotated[str, option("How intervals are drawn.", "auto|laplace|sandwich|wild|cluster|pairs", FIT)] = (
        "auto"
    )

    def chosen(self) -> "FitOptions":
        """Return them as options of a fit."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "level": self.level,
            "intervals": cast("Intervals", self.intervals),
        }


@dataclass(frozen=True)
class SearchOptions:
    """What is minimised, and from where."""

    loss: Annotated[str, option("huber, absolute, squared or, for scores, binomial.", "KIND", FIT)] = "huber"
    delta: Annotated[
        str,
        typer.Option(
            help="Huber's threshold, in units of the residual, or auto: 1.345 sd of the residuals.",
            parser=threshold,
            metavar="X|auto",
            rich_help_panel=FIT,
        ),
    ] = "1e-3"
    scale: Annotated[
        str | None,
        option("What the sd of the noise is a power of (flops or an input), or se.", "QUANTITY|se", FIT),
    ] = None
    on: Annotated[str, option("Residuals of the log of the target, or of the target: log or raw.", "SCALE", FIT)] = (
        "log"
    )
    starts: Annotated[
        int,
        typer.Option(
            help="Starts of the search; how many agree is told.", parser=whole, metavar="N", rich_help_panel=FIT
        ),
    ] = 64

    prior: Annotated[
        str | None, option("Exponents as far as published studies agree, for few runs.", "literature|none", FIT)
    ] = None

    def chosen(self) -> "FitOptions":
        """Return them as options of a fit.

        Raises:
            BadInput: a value that no fit accepts.
        """
        from scalelaw.fitting.solver.noise import Noise

        noise = Noise(self.loss, self.delta, self.on, self.scale)  # type: ignore[arg-type]
        options: FitOptions = {"noise": noise, "starts": self.starts}
        return options if self.prior is None else {**options, "prior": self.prior}  # type: ignore[typeddict-item]


@dataclass(frozen=True)
class FixOptions:
    """Which coefficients of the law are held."""

    fix: Annotated[
        list[str] | None,
        option("Hold a coefficient at a value, e.g. E=1.69; again for another.", "COEF=VALUE", FIT, "--fix"),
    ] = None

    def chosen(self) -> "FitOptions":
        """Return them as options of a fit.

        Raises:
            BadInput: one is not NAME=NUMBER.
        """
        held = pairs(self.fix, "--fix")
        return {"fixed": {name: parse_number(value) for name, value in held.items()}} if held else {}
