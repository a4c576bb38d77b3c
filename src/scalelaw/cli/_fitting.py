"""How a law is fitted: loss, starts, coefficients held, draws."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from scalelaw.cli._values import option, pairs, real, threshold, whole
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions, Intervals

FIT = "The fit"


def laws_beginning(incomplete: str) -> list[str]:
    """Return the names of laws that begin with a text, for completion in the shell."""
    from scalelaw.laws import names

    return [name for name in names() if name.startswith(incomplete)]


LawName = Annotated[
    str,
    typer.Option(
        "--law", help="Law: a name, a spelling or a formula.", autocompletion=laws_beginning, metavar="NAME|FORMULA"
    ),
]


@dataclass(frozen=True)
class ResampleOptions:
    """Options of the draws behind an interval."""

    draws: Annotated[int, option("Draws of the coefficients; 0 for no intervals.", "N", FIT, parser=whole)] = 1000
    seed: Annotated[int, option("Seed of the draws.", "N", FIT, parser=whole)] = 0
    level: Annotated[float, option("Level of the intervals, between 0 and 1.", "LEVEL", FIT, parser=real)] = 0.9


@dataclass(frozen=True)
class DrawOptions(ResampleOptions):
    """Options of the intervals of a fit."""

    intervals: Annotated[str, option("Method for the intervals.", "auto|laplace|sandwich|wild|cluster|pairs", FIT)] = (
        "auto"
    )

    def chosen(self) -> "FitOptions":
        """Return the options of a fit."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "level": self.level,
            "intervals": cast("Intervals", self.intervals),
        }


@dataclass(frozen=True)
class SearchOptions:
    """Options of the search: loss, starts, prior."""

    loss: Annotated[
        str, option("Loss of a residual: huber, absolute, squared; binomial or beta_binomial for scores.", "KIND", FIT)
    ] = "huber"
    delta: Annotated[
        str,
        option(
            "Huber threshold, in units of the residual; auto for 1.345 sd of the residuals.",
            "X|auto",
            FIT,
            parser=threshold,
        ),
    ] = "1e-3"
    scale: Annotated[
        str | None,
        option(
            "Noise sd as a power of this quantity; se: from standard errors; n_items: of a score.",
            "QUANTITY|se|n_items",
            FIT,
        ),
    ] = None
    on: Annotated[
        str,
        option(
            "Residuals of the target (raw), its log, or the logit or loglog of a score above chance.",
            "log|raw|logit|loglog",
            FIT,
        ),
    ] = "log"
    starts: Annotated[int, option("Starts of the search.", "N", FIT, parser=whole)] = 64
    prior: Annotated[
        str | None, option("Prior on the exponents from published studies, for few runs.", "literature|none", FIT)
    ] = None

    def chosen(self) -> "FitOptions":
        """Return the options of a fit.

        Raises:
            BadInput: a value is unusable.
        """
        from scalelaw.fitting.solver.noise import Noise

        noise = Noise(self.loss, self.delta, self.on, self.scale)  # type: ignore[arg-type]
        options: FitOptions = {"noise": noise, "starts": self.starts}
        return options if self.prior is None else {**options, "prior": self.prior}  # type: ignore[typeddict-item]


@dataclass(frozen=True)
class FixOptions:
    """Options that hold coefficients of the law."""

    fix: Annotated[
        list[str] | None,
        option("Hold a coefficient at a value, e.g. E=1.69; repeat for others.", "COEF=VALUE", FIT, "--fix"),
    ] = None

    def chosen(self) -> "FitOptions":
        """Return the options of a fit.

        Raises:
            BadInput: a value is not NAME=NUMBER.
        """
        held = pairs(self.fix, "--fix")
        return {"fixed": {name: parse_number(value) for name, value in held.items()}} if held else {}
