"""All options of a fit in one frozen record, which is printed, stored and hashed with the fit."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypedDict

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.forecaster import check_level
from scalelaw.core.nouns.brief import Brief
from scalelaw.fitting.solver.coordinates import Bounds, Restrictions
from scalelaw.fitting.solver.noise import Noise

Intervals = Literal["auto", "cluster", "pairs", "wild", "laplace", "sandwich"]
INTERVALS = ("auto", "cluster", "pairs", "wild", "laplace", "sandwich")
_PRIORS = ("literature", "none")
_MOST_STARTS = 100_000
_MOST_DRAWS = 1_000_000


class FitOptions(TypedDict, total=False):
    """The keyword arguments of ``fit``; the fields of ``FitSpec``."""

    noise: Noise
    fixed: Mapping[str, float]
    ties: Mapping[str, str]
    bounds: Bounds
    prior: Literal["literature", "none"] | Mapping[str, tuple[float, float]] | None
    weights: str | None
    starts: int
    draws: int
    intervals: Intervals
    seed: int
    level: float


@dataclass(frozen=True)
class FitSpec(Brief):
    """How a law is fitted.

    Attributes:
        noise: how residuals are scored.
        fixed: coefficient -> its fixed value.
        ties: coefficient -> coefficient it equals.
        bounds: coefficient -> (low, high); None leaves an end open.
        prior: prior on coefficients. ``literature``: exponents with the spread of published studies; or coefficient ->
            (value, factor), where one standard deviation is that factor; ``none`` is the same as None.
        weights: column with the weight of each row; None uses a ``weight`` column if there is one.
        starts: number of starts; the search has converged if at least three agree.
        draws: draws of the coefficients; 0 gives no intervals.
        intervals: how to draw. ``laplace``: around the optimum, by a noise model and per-run gradients (scores);
            ``sandwich``: by per-run gradients only; ``wild``: refits with new residual signs, run by run; ``cluster``:
            refits to whole runs drawn with replacement; ``pairs``: refits to single rows drawn with replacement;
            ``auto``: ``cluster`` with 100 runs or more, ``laplace`` with fewer.
        seed: seed of the draws.
        level: level of the intervals printed.
    """

    noise: Noise = field(default_factory=Noise)
    fixed: Mapping[str, float] = field(default_factory=dict)
    ties: Mapping[str, str] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=dict)
    prior: Literal["literature", "none"] | Mapping[str, tuple[float, float]] | None = None
    weights: str | None = None
    starts: int = 64
    draws: int = 1000
    intervals: Intervals = "auto"
    seed: int = 0
    level: float = 0.9

    def __post_init__(self) -> None:
        check_level(self.level)
        if not 1 <= self.starts <= _MOST_STARTS:
            raise BadInput(f"starts must be 1 to {_MOST_STARTS}, got {self.starts}; 64 is usual")
        if self.draws == 1 or not 0 <= self.draws <= _MOST_DRAWS:
            raise BadInput(f"draws must be 0 (no intervals) or 2 to {_MOST_DRAWS}, got {self.draws}; 1000 is usual")
        if self.seed < 0:
            raise BadInput(f"seed must not be negative, got {self.seed}; 0 is usual")
        if self.intervals not in INTERVALS:
            raise UnknownName.among("method of intervals", self.intervals, INTERVALS)
        if self.prior == "none":
            object.__setattr__(self, "prior", None)
        if isinstance(self.prior, str) and self.prior not in _PRIORS:
            raise UnknownName.among("prior", self.prior, _PRIORS)
        for name, (value, factor) in self.prior.items() if isinstance(self.prior, Mapping) else ():
            if not (0 < value < math.inf and 1 < factor < math.inf):
                raise BadInput(
                    f"prior of {name} needs a positive value and a factor above 1, got {value:g} and {factor:g}"
                )
        noise = self.noise
        if self.prior and (noise.scale or noise.delta == "auto" or noise.counts or noise.of_scores):
            raise BadInput(
                "prior= does not work with scale=, delta='auto', binomial noise, or residuals on='logit' or 'loglog'; "
                "leave one of them out"
            )

    @property
    def restrictions(self) -> Restrictions:
        """The fixed, tied and bounded coefficients."""
        return Restrictions(self.fixed, self.ties, self.bounds)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON.

        A missing prior is left out, so that fits made before priors existed keep their digest.
        """
        values = asdict(self) | {
            "noise": self.noise.to_dict(),
            "bounds": {name: list(ends) for name, ends in self.bounds.items()},
        }
        return {name: value for name, value in values.items() if name != "prior" or value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FitSpec":
        """Return the spec that ``to_dict`` wrote."""
        bounds = {name: (ends[0], ends[1]) for name, ends in values["bounds"].items()}
        prior = values.get("prior")
        if isinstance(prior, Mapping):
            prior = {name: (known[0], known[1]) for name, known in prior.items()}
        return cls(**{**values, "noise": Noise(**values["noise"]), "bounds": bounds, "prior": prior})


def prior_in_words(prior: Any) -> str:
    """Describe a prior in a few words."""
    if isinstance(prior, str):
        return prior
    return ", ".join(f"{name} {value:g} within a factor {factor:g}" for name, (value, factor) in prior.items())
