"""A fit with some inputs held at fixed values: a forecaster of the other inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.core.components import kind_of
from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.forecaster import Domain, Kind, Predicting, Prediction, check_inputs
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array, Inputs

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class HeldAt(Brief, Predicting):
    """A fit with some inputs held fixed, so that a budget can be split between params and tokens.

    Attributes:
        fit: the fit.
        values: input -> the value it is held at.
    """

    fit: "FitResult"
    values: Mapping[str, float]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that are not held."""
        return tuple(name for name in self.fit.inputs if name not in self.values)

    @property
    def target(self) -> str:
        """The predicted quantity, ``metric@eval_set``."""
        return self.fit.target

    @property
    def domain(self) -> Domain:
        """Fitted range of each input that is not held."""
        return {name: ends for name, ends in self.fit.domain.items() if name not in self.values}

    @property
    def digest(self) -> str:
        """Digest of the fit and the held values."""
        return digest({"fit": self.fit.digest, "at": dict(self.values)})

    @property
    def component_names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the components of each vector input."""
        return self.fit.component_names

    @property
    def label(self) -> str:
        """The law and the held values."""
        return f"{self.fit.label} at {self.held}"

    @property
    def held(self) -> str:
        """The held values in words."""
        return ", ".join(f"{name} {format_number(value)}" for name, value in self.values.items())

    @property
    def caveats(self) -> tuple[str, ...]:
        """The warnings of the fit, and the inputs held outside their fitted range."""
        beyond = [
            f"{name} is held at {format_number(value)}, outside the fitted range {format_number(low)} to "
            f"{format_number(high)}"
            for name, value in self.values.items()
            for low, high in [self.fit.domain.get(name, (-np.inf, np.inf))]
            if not low - _EDGE * abs(low) <= value <= high + _EDGE * abs(high)
        ]
        return (*self.fit.caveats, *beyond)

    @property
    def counting(self) -> Counting | None:
        """How C follows from N and D."""
        return self.fit.counting

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw (draws, n) predictions; see ``FitResult.sample``."""
        return self.fit.sample(self._whole(x), kind, seed)

    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points; see ``FitResult.predict``."""
        whole = self._whole(x)
        check_inputs(self.fit.label, self.fit.inputs, whole, self.fit.domain)
        return self.fit.predict_at(whole, level, kind)

    def _whole(self, x: Inputs) -> dict[str, AnyArray]:
        shape = np.broadcast_shapes(*(np.shape(values) for values in x.values()))
        return {**x, **{name: np.full(shape, value) for name, value in self.values.items()}}


def held_at(fit: "FitResult", values: Mapping[str, float | str]) -> HeldAt:
    """Return the fit at these values; see ``FitResult.at``.

    Raises:
        UnknownName: an input that the law does not take.
        BadInput: an input that is not numeric.
    """
    found = {}
    for name, value in values.items():
        if name not in fit.inputs:
            raise UnknownName.among(f"input of {fit.label} to hold", name, fit.inputs)
        if kind_of(name) != "number":
            raise BadInput(f"{name}={value!r}: {name} is not numeric; fit the runs of one {name}")
        found[name] = parse_number(value, name if name in QUANTITIES else None)
    return HeldAt(fit, found)
