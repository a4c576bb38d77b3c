"""Base class of laws: a formula over quantities with named coefficients, without data."""

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
        name: name in the formula.
        meaning: one phrase.
        unit: unit, with exponents by name (``nats/token * parameters^alpha``).
        low: smallest allowed value.
        high: largest allowed value.
        linear: whether the law, or its inner quantity (``Law.inner``), is linear in it, so that a fit can solve for it
            given the others.
        starts: range of plausible values, from which fits start unless they can solve for it.
        log: whether starts are spread, and steps taken, on a log scale.
        within: input whose range in the rows replaces ``starts``.
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
        coef: value of each coefficient, with the full known precision.
        source: publication of the values.
        domain: quantity -> range of the runs behind them.
        note: caveat for users.
        unverified: whether they come from memory or a secondary source; using them warns.
        conditions: settings under which they hold, such as ``batch`` and ``schedule``.
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

    A law defines ``inputs``, ``coefs`` and ``predict``; everything else has a default. Each law has its own file, and
    the file's stem is its registered name.
    """

    formula: ClassVar[str]
    """The formula in plain text, with one capital letter per quantity."""
    cite: ClassVar[str]
    """Authors, year, arXiv number."""
    references: ClassVar[tuple[Reference, ...]] = ()
    """Papers that ``cite`` and the constants cite by arXiv number, unless ``laws/references.py`` has them."""
    revision: ClassVar[int] = 1
    """Number to increase when the meaning of a coefficient changes; stored in fit files."""
    output: ClassVar[str] = "loss"
    """The predicted quantity."""
    takes_curves: ClassVar[bool] = False
    """Whether the formula holds along a run, so that checkpoints can be fitted."""
    may_rise: ClassVar[tuple[str, ...]] = ()
    """Inputs that can raise the output when they grow; all others never do."""
    traps: ClassVar[tuple[str, ...]] = ()
    """Common mistakes with the law, one sentence each."""

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
        """Quantities that the formula takes."""

    @property
    @abstractmethod
    def coefs(self) -> tuple[Coef, ...]:
        """Coefficients, in the order of the last axis of ``coef``."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Length of each vector input, and number of levels of each category."""
        return {}

    @property
    def published(self) -> Mapping[str, Constants]:
        """Published constants of this shape, by source."""
        return {}

    @property
    def shapes(self) -> "tuple[Law, ...]":
        """This law, and its other shapes with published constants."""
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

    def inner(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return the quantity that is linear in the linear coefficients, (..., n), and its derivatives (..., k, n).

        By default it is the output itself; a score may be a function of a sum of powers.
        """
        return self.value_and_jacobian(coef, x)

    def to_inner(self, y: Array) -> Array:
        """Return measured outputs (n,) on the scale of ``inner``, on which a fit seeks its starts."""
        return y

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
            BadInput: a coefficient is missing, or is unknown to this law.
        """
        names = self.coef_names
        if set(coef) != set(names):
            raise BadInput(f"{self.spelling} has the coefficients {', '.join(names)}; got {', '.join(coef) or 'none'}")
        return np.array([coef[name] for name in names], float)


@dataclass(frozen=True)
class OfParamsAndTokens(Law):
    """A law of tokens and one kind of N, given by its field ``n``."""

    n: str = "params"

    def __post_init__(self) -> None:
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The kind of N, and tokens."""
        return (self.n, "tokens")


class OfOneInput(Law):
    """A law of one number, given by the field ``input`` of its subclass."""

    input: str

    def __post_init__(self) -> None:
        if quantity(self.input).kind != "number":
            raise BadInput(f"{self.name} needs a numeric input, but {self.input} is not numeric; try tokens or flops")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input."""
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
        """The number of shares."""
        return {"mixture": self.domains}


@runtime_checkable
class HasOptimum(Protocol):
    """A law over params and tokens whose compute-optimal split is known in closed form."""

    def optimum(self, coef: Array, flops: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> tuple[Array, Array]:
        """Return N* and D* that minimise loss at C = flops_per_nd * N * D.

        Args:
            coef: coefficients (..., k).
            flops: C, broadcastable to (...).
            flops_per_nd: FLOP per parameter and token.
        """

    def flops_for_loss(self, coef: Array, loss: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> Array:
        """Return the smallest C that reaches the loss; infinite at or below the irreducible loss."""


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
