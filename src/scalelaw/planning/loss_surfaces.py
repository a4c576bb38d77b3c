"""Build the loss surfaces of a forecaster: one for its point estimate and one per draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from scalelaw.accounting.flops import COUNTINGS, Counting, HasCounting
from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.result import FitResult
from scalelaw.laws import Law
from scalelaw.planning.growth import HasDeciders, growths
from scalelaw.planning.lines import MedianLine, draw_lines
from scalelaw.planning.question import Prior
from scalelaw.planning.surfaces.closed import HasLaw, Solvable
from scalelaw.planning.surfaces.iso_cost import surface_of
from scalelaw.planning.surfaces.numeric import Numeric
from scalelaw.planning.surfaces.surface import Surface

_LOSSES = ("loss", "bpb")


@dataclass(frozen=True, eq=False)
class LossSurfaces(Brief):
    """The loss surfaces that plans are computed on.

    Attributes:
        point: surface of the point estimate.
        draws: surfaces of the draws; None if the uncertainty is unknown.
    """

    point: Surface
    draws: Surface | None

    @property
    def counting(self) -> Counting:
        """Convention that gives C from N and D; also names the kind of N."""
        return self.point.counting


def survey(forecaster: Forecaster, prior: Prior = "literature") -> LossSurfaces:
    """Return the loss surfaces of a forecaster: in closed form if its law has one, else numeric.

    Args:
        forecaster: forecasts a loss from one kind of params and from tokens.
        prior: whether the optimum of an ensemble also uses published studies.

    Raises:
        BadInput: the forecast is not a loss, or needs more than params and tokens.
    """
    loss_unit(forecaster)
    counting = counting_of(forecaster)
    if isinstance(forecaster, HasLaw):
        draws = forecaster.trusted if isinstance(forecaster, FitResult) else forecaster.draws
        return _of_law(forecaster.law, forecaster.coef, draws, counting)
    if isinstance(forecaster, HasDeciders) and forecaster.deciding:
        return _of_several(forecaster, counting, prior)
    return _of_predictions(forecaster, counting)


def _of_law(law: Law, coef: Array, draws: Array | None, counting: Counting) -> LossSurfaces:
    """Return the surfaces of one law; this evaluates the law directly and skips unused intervals."""
    single = np.atleast_2d(coef)
    if isinstance(law, Solvable):
        spread = None if draws is None else surface_of(law, draws, counting)
        return LossSurfaces(surface_of(law, single, counting), spread)
    point = Numeric(partial(law.predict, single), counting)
    return LossSurfaces(
        point, None if draws is None else Numeric(partial(law.predict, draws), counting, len(draws), point)
    )


def _of_several(forecaster: HasDeciders, counting: Counting, prior: Prior) -> LossSurfaces:
    """Return the efficient lines of several laws, and their median as the point estimate."""
    found = growths(forecaster, counting, studies=prior == "literature")
    if not found:
        raise BadInput(
            "no law of the ensemble has a compute-optimal split: an exponent or a scale is zero in most draws; "
            "add runs that differ in tokens at one size, or name one law with --law"
        )
    lines = draw_lines(forecaster, counting, found)
    return LossSurfaces(MedianLine(lines), lines)


def _of_predictions(forecaster: Forecaster, counting: Counting) -> LossSurfaces:
    """Return the surfaces of a forecaster known only through its predictions."""

    def mean(x: Inputs) -> Array:
        return forecaster.predict(x, kind="mean").mean[None, :]

    def drawn(x: Inputs) -> Array:
        draws = forecaster.sample(x, "mean", 0)
        if draws is None:
            raise BadInput(
                f"{forecaster.label} has draws at some points only; its sample() must return draws at every point"
            )
        return draws

    point = Numeric(mean, counting)
    probe = forecaster.sample({counting.params: np.full(1, 1e9), "tokens": np.full(1, 2e10)}, "mean", 0)
    return LossSurfaces(point, None if probe is None else Numeric(drawn, counting, len(probe), point))


def loss_unit(forecaster: Forecaster) -> str:
    """Return the unit of the forecast loss.

    Raises:
        BadInput: the target is not a loss.
    """
    metric = forecaster.target.partition("@")[0]
    if metric not in _LOSSES:
        raise BadInput(f"plans minimise a loss ({' or '.join(_LOSSES)}); {forecaster.label} forecasts {metric}")
    return QUANTITIES[metric].unit


def _refuse_open(forecaster: Forecaster, further: Sequence[str]) -> None:
    """Raise if the law has further inputs, whose values a plan needs."""
    if not further:
        return
    known = {name: forecaster.domain[name] for name in further if name in forecaster.domain}
    values = {name: format_number(known[name][1]) if name in known else "VALUE" for name in further}
    ranges = ", ".join(f"{name} {format_number(low)} to {format_number(high)}" for name, (low, high) in known.items())
    raise BadInput(
        f"{forecaster.label} also takes {' and '.join(further)}, and a plan needs a value: give "
        f"{' '.join(f'--at {name}={value}' for name, value in values.items())} "
        f"(Python: fit.at({', '.join(f'{name}={value}' for name, value in values.items())})); "
        f"fitted range: {ranges or 'unknown'}"
    )


def counting_of(forecaster: Forecaster) -> Counting:
    """Return how compute is counted: as stated by the fitted table, else C = 6 N D with the forecaster's kind of N.

    Raises:
        BadInput: the forecaster's inputs are not one kind of N and tokens.
    """
    kinds = [name for name in forecaster.inputs if name in COUNTINGS]
    further = [name for name in forecaster.inputs if name not in (*kinds, "tokens")]
    if len(kinds) == 1 and "tokens" in forecaster.inputs and all(kind_of(name) == "number" for name in further):
        _refuse_open(forecaster, further)
    if len(kinds) != 1 or set(forecaster.inputs) != {*kinds, "tokens"}:
        raise BadInput(
            f"a plan needs a law over params (or {', '.join(name for name in COUNTINGS if name != 'params')}) and "
            f"tokens; {forecaster.label} takes {', '.join(forecaster.inputs)}. Fit one with --law chinchilla"
        )
    stated = forecaster.counting if isinstance(forecaster, HasCounting) else None
    return stated if stated is not None and stated.params == kinds[0] else COUNTINGS[kinds[0]]
