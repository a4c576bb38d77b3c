"""The law conformance suite catches bad laws: each has one thing wrong, and the check meant for it raises."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from scalelaw.core.errors import FitFailed
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws import Coef, Constants, Law
from scalelaw.laws._math import power
from scalelaw.testing.law_checks import LAW_CHECKS


@dataclass(frozen=True)
class Good(Law):
    """E + A / D^alpha, its derivatives by complex step."""

    formula = "L = E + A / D^alpha"
    cite = "nobody"

    @property
    def name(self) -> str:
        return "test_law_checks"

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("tokens",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (Coef("E", "floor", linear=True), Coef("A", "scale", linear=True), Coef("alpha", "exponent"))

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, alpha = self.columns(coef)
        return e + a * power(x["tokens"], -alpha)


class OtherName(Good):
    @property
    def name(self) -> str:
        return "other"


class NumpyAbs(Good):
    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        e, a, alpha = self.columns(coef)
        return e + np.abs(a) * power(x["tokens"], -alpha)


class NumpyLogaddexp(Good):
    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        e, a, alpha = self.columns(coef)
        return np.exp(np.logaddexp(np.log(e), np.log(a) - alpha * np.log(x["tokens"])))


class WrongJacobian(Good):
    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        value, jacobian = super().value_and_jacobian(coef, x)
        return value, jacobian * np.array([1.0, 1.0, 1.001])[:, None]


class SignOfOneDerivative(Good):
    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        value, jacobian = super().value_and_jacobian(coef, x)
        return value, jacobian * np.array([1.0, 1.0, -1.0])[:, None]


class OtherValue(Good):
    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        value, jacobian = super().value_and_jacobian(coef, x)
        return value + 1e-6, jacobian


class ExponentCalledLinear(Good):
    @property
    def coefs(self) -> tuple[Coef, ...]:
        return tuple(replace(c, linear=True) for c in super().coefs)


class RisesWithTokens(Good):
    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        e, a, alpha = self.columns(coef)
        return e + a * power(x["tokens"], alpha)


class NotAQuantity(Good):
    @property
    def inputs(self) -> tuple[str, ...]:
        return ("bananas",)


class RepeatedCoefficient(Good):
    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (*super().coefs[:2], Coef("E", "again"))


class NoMeaning(Good):
    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (*super().coefs[:2], Coef("alpha", ""))


class OneProblemOnly(Good):
    @property
    def published(self) -> Mapping[str, Constants]:
        return {"them": Constants({"E": 1.0, "A": 100.0, "alpha": 0.3}, "a table")}

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        return np.asarray(coef.reshape(-1)[0] + coef.reshape(-1)[1] * x["tokens"] ** -coef.reshape(-1)[2])


class NotFinite(Good):
    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        return super().predict(coef, x) + np.where(x["tokens"] > 1e11, np.nan, 0.0)


class NeverStartsNearby(Good):
    """Starts only where the law is flat, and steps have nothing to follow."""

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (*super().coefs[:2], Coef("alpha", "exponent", starts=(40.0, 50.0)))


class Outside(Good):
    @property
    def published(self) -> Mapping[str, Constants]:
        return {"them": Constants({"E": -1.0, "A": 100.0, "alpha": 0.3}, "a table")}


class NoSource(Good):
    @property
    def published(self) -> Mapping[str, Constants]:
        return {"them": Constants({"E": 1.0, "A": 100.0, "alpha": 0.3}, "")}


class WrongOptimum(Good):
    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens")

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        e, a, alpha = self.columns(coef)
        return e + a * power(x["tokens"], -alpha) + a * power(x["params"], -alpha)

    def optimum(self, coef: Array, flops: Array, flops_per_nd: float = 6.0) -> tuple[Array, Array]:
        """Return a split that is not the best: the best is even."""
        return 0.5 * np.sqrt(flops / flops_per_nd), 2 * np.sqrt(flops / flops_per_nd)

    def flops_for_loss(self, coef: Array, loss: Array, flops_per_nd: float = 6.0) -> Array:
        """Return anything."""
        return loss


@pytest.mark.parametrize("check", LAW_CHECKS)
def test_a_good_law_passes(check: str) -> None:
    LAW_CHECKS[check](Good())


@pytest.mark.parametrize(
    ("law", "check"),
    [
        (OtherName, "name"), (NumpyAbs, "gradient"), (NumpyLogaddexp, "gradient"), (WrongJacobian, "gradient"),
        (SignOfOneDerivative, "gradient"), (OtherValue, "gradient"), (ExponentCalledLinear, "linear"),
        (RisesWithTokens, "monotone"), (NotAQuantity, "vocabulary"), (RepeatedCoefficient, "vocabulary"),
        (NoMeaning, "vocabulary"), (OneProblemOnly, "finite"), (NotFinite, "finite"), (NeverStartsNearby, "recovery"),
        (Outside, "published"), (NoSource, "published"), (WrongOptimum, "optimum"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning", "ignore::RuntimeWarning")
def test_a_bad_law_is_caught(law: type[Law], check: str) -> None:
    with pytest.raises((AssertionError, TypeError, FitFailed)):
        LAW_CHECKS[check](law())
