"""What a law is: a formula over quantities with named coefficients, and no data."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN, counting_for
from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws.references import Reference

_STEP = 1e-30


@dataclass(frozen=True)
class Coef:
    """One coefficient of a law.

    Attributes:
        name: as it stands in the formula.
        meaning: one phrase.
        unit: unit, with exponents by name (``nats/token * parameters^alpha``).
        low: smallest value a fit may give it.
        high: largest.
        linear: the law is linear in it, so that a fit can solve for it given the others.
        starts: range of plausible values, from which fits that cannot solve for it start.
        log: starts are spread, and steps taken, on a log scale.
        within: the input whose range in the rows is where fits start, instead of ``starts``.
    """

    name: str
    meaning: str
    unit: str = "1"
    low: float = 0.0
    high: float = float("inf")
    linear: bool = False
    starts: tuple[float, float] = (0.05, 1.2)
    log: bool = False
    within: str | None = None


@dataclass(frozen=True)
class Constants(Brief):
    """Published values of a law's coefficients.

    Attributes:
        coef: value of each coefficient, at the full precision known.
        source: where they were read.
        domain: quantity -> range of the runs behind them.
        note: what a user must know before using them.
        unverified: read from memory or a secondary source; using them warns.
        conditions: what was held how, such as ``batch`` and ``schedule``, without which they mean little.
    """

    coef: Mapping[str, float]
    source: str
    domain: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""
    unverified: bool = False
    conditions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Law(ABC):
    """A formula. Subclasses are frozen dataclasses whose fields, if any, are the shape of the formula.

    A law states ``inputs``, ``coefs`` and ``predict``; everything else has a default. One file, one law: the
    file's stem is the name it is registered by.
    """

    formula: ClassVar[str]
    """The formula in plain text, one capital letter a quantity."""
    cite: ClassVar[str]
    """Authors, year, arXiv number."""
    references: ClassVar[tuple[Reference, ...]] = ()
    """Works that ``cite`` and the constants name by arXiv number, unless ``laws/references.py`` has them."""
    revision: ClassVar[int] = 1
    """Raised when the meaning of a coefficient changes; stored in fit files."""
    output: ClassVar[str] = "loss"
    """The quantity predicted."""
    takes_curves: ClassVar[bool] = False
    """Whether the formula holds along a run, so that its checkpoints may be fitted."""
    may_rise: ClassVar[tuple[str, ...]] = ()
    """Inputs of which more may raise the output; more of any other never does."""
    traps: ClassVar[tuple[str, ...]] = ()
    """What people get wrong with it, one sentence each."""

    @property
    def name(self) -> str:
        """The registry name: the stem of the file that defines the law."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def spelling(self) -> str:
        """The law as the CLI, files and reports write it: ``power[input=tokens,floor=no]``."""
        shape = [
            f"{f.name}={_spell(getattr(self, f.name))}" for f in fields(self) if getattr(self, f.name) != f.default
        ]
        return f"{self.name}[{','.join(shape)}]" if shape else self.name

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Quantities the formula takes."""

    @property
    @abstractmethod
    def coefs(self) -> tuple[Coef, ...]:
        """Coefficients, in the order of the last axis of ``coef``."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Length of each vector among the inputs, and number of levels of each category."""
        return {}

    @property
    def published(self) -> Mapping[str, Constants]:
        """Published constants of this shape, by source."""
        return {}

    @property
    def shapes(self) -> "tuple[Law, ...]":
        """This law, and its other shapes that carry published constants."""
        return (self,)

    @abstractmethod
    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula.

        Args:
            coef: coefficients, shape (..., k).
            x: quantity -> values, broadcastable to (..., n); a vector has a trailing axis, a category is codes.

        Returns:
            Values, shape (..., n).
        """

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and their derivatives by coefficient (..., k, n), by complex step."""
        k = len(self.coefs)
        stepped = coef[..., None, :] + 1j * _STEP * np.eye(k)
        spread = {
            name: np.asarray(values)[(..., None, slice(None), *((slice(None),) if kind_of(name) == "vector" else ()))]
            for name, values in x.items()
        }
        result = self.predict(stepped, spread)
        return np.real(result[..., 0, :]), np.imag(result) / _STEP

    def columns(self, coef: AnyArray) -> tuple[AnyArray, ...]:
        """Split coefficients (..., k) into k arrays (..., 1) that broadcast against inputs."""
        return tuple(coef[..., i, None] for i in range(coef.shape[-1]))

    @property
    def coef_names(self) -> tuple[str, ...]:
        """Names of the coefficients, in order."""
        return tuple(c.name for c in self.coefs)

    def vector(self, coef: Mapping[str, float]) -> Array:
        """Order named coefficients into an array (k,).

        Raises:
            BadInput: a coefficient is missing, or one is not of this law.
        """
        names = self.coef_names
        if set(coef) != set(names):
            raise BadInput(f"{self.spelling} has the coefficients {', '.join(names)}; got {', '.join(coef) or 'none'}")
        return np.array([coef[name] for name in names], float)


@dataclass(frozen=True)
class OfParamsAndTokens(Law):
    """A law of tokens and one kind of N, which its field ``n`` names."""

    n: str = "params"

    def __post_init__(self) -> None:
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        """That kind of N, and tokens."""
        return (self.n, "tokens")


class OfOneInput(Law):
    """A law of one number, which the field ``input`` of its subclass names."""

    input: str

    def __post_init__(self) -> None:
        if quantity(self.input).kind != "number":
            raise BadInput(f"{self.name} takes a number as input, and {self.input} is none; try tokens or flops")

    @property
    def inputs(self) -> tuple[str, ...]:
        """That number."""
        return (self.input,)


@dataclass(frozen=True)
class OfMixture(Law):
    """A law of the shares of ``domains`` that sum to one."""

    domains: int = 2

    @property
    def inputs(self) -> tuple[str, ...]:
        """The mixture."""
        return ("mixture",)

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many shares it has."""
        return {"mixture": self.domains}


@runtime_checkable
class HasOptimum(Protocol):
    """A law over params and tokens whose compute-optimal split is known in closed form."""

    def optimum(self, coef: Array, flops: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> tuple[Array, Array]:
        """Return N* and D* that minimise loss at C = flops_per_nd * N * D.

        Args:
            coef: (..., k).
            flops: C, broadcastable to (...).
            flops_per_nd: FLOP per parameter and token.
        """

    def flops_for_loss(self, coef: Array, loss: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> Array:
        """Return the smallest C that reaches the loss; infinite at or below the irreducible loss."""


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
