"""Base classes of laws that are a sum of powers, given as a list of terms, or a product of powers."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law


@dataclass(frozen=True)
class Term:
    """One term ``coef / x1^e1 / x2^e2 ...``: a scale, and an exponent for each input."""

    scale: str
    powers: Mapping[str, str] = field(default_factory=dict)


class SumOfPowers(Law):
    """A law given by its ``terms``, from which value and derivatives follow."""

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """The terms of the sum."""

    @cached_property
    def _layout(self) -> tuple[tuple[int, tuple[tuple[str, int], ...]], ...]:
        """For each term, the index of its scale, and each input with the index of its exponent."""
        index = {c.name: i for i, c in enumerate(self.coefs)}
        return tuple((index[t.scale], tuple((name, index[e]) for name, e in t.powers.items())) for t in self.terms)

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the sum; see ``Law.predict``."""
        shape = _shape(coef, [np.shape(x[name]) for name in self.inputs])
        total = np.zeros(shape, coef.dtype)
        for scale, powers in self._layout:
            total += coef[..., scale, None] * _falloff(coef, x, powers)
        return total

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        shape = _shape(coef, [np.shape(x[name]) for name in self.inputs])
        value, jacobian = np.zeros(shape), np.zeros((*shape[:-1], coef.shape[-1], shape[-1]))
        for scale, powers in self._layout:
            falloff = _falloff(coef, x, powers)
            size = coef[..., scale, None] * falloff
            value += size
            jacobian[..., scale, :] += falloff
            for name, exponent in powers:
                jacobian[..., exponent, :] -= size * np.log(x[name])
        return value, jacobian


def _shape(coef: AnyArray, inputs: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape (..., n) of the values at coefficients (..., k), with a shortcut for rows (n,)."""
    first = inputs[0]
    if len(first) == 1 and all(each == first for each in inputs):
        return (*coef.shape[:-1], *first)
    return np.broadcast_shapes((*coef.shape[:-1], 1), *inputs)


def _falloff(coef: AnyArray, x: Inputs, powers: tuple[tuple[str, int], ...]) -> AnyArray:
    """Return the product of inputs to minus their exponents, (..., n); one for a term without inputs."""
    if not powers:
        return np.ones(1)
    decline = sum(coef[..., exponent, None] * -np.log(x[name]) for name, exponent in powers)
    return np.asarray(np.exp(decline))


class ProductOfPowers(Law):
    """A law ``y = k * x1^a * x2^b`` of its inputs, whose exponents may have either sign."""

    may_rise = tuple(QUANTITIES)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = QUANTITIES[self.output].unit
        return (
            Coef("k", f"{self.output} at inputs of one", f"{unit} / inputs to their exponents", linear=True),
            *(
                Coef(letter, f"exponent of {name}", low=-np.inf, starts=(-1, 1))
                for letter, name in zip("abc", self.inputs, strict=False)
            ),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the product; see ``Law.predict``."""
        scale, *exponents = self.columns(coef)
        growth = sum(a * np.log(x[name]) for a, name in zip(exponents, self.inputs, strict=True))
        return np.asarray(scale * np.exp(growth))


@dataclass(frozen=True)
class PowersOfChoice(ProductOfPowers):
    """A product of powers whose field ``by`` names its inputs: ``by=tokens``, or several joined with ``+``."""

    by: str = ""

    choices: ClassVar[Mapping[str, Mapping[str, Constants]]]
    """Allowed value of ``by`` -> published constants, by source."""

    def __post_init__(self) -> None:
        if self.by not in self.choices:
            raise UnknownName.among(f"input in by= of {self.name}", self.by, self.choices)

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self.by.split("+"))

    @property
    def published(self) -> Mapping[str, Constants]:
        return self.choices[self.by]

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, *(replace(self, by=by) for by in self.choices if by != self.by))
