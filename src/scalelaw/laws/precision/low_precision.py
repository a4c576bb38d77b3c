"""Training in low precision, L = E + A / N_eff^alpha + B / D^beta, N_eff = N prod_x (1 - exp(n_x - P_x/gamma_x))."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import exp, power

_PARTS = {"w": ("bits", "weights"), "a": ("bits_activations", "activations"), "kv": ("bits_kv", "keys and values")}
_AFTER = 11
"""Index of C_T among the coefficients."""


@dataclass(frozen=True)
class LowPrecision(Law):
    """Fewer bits of weights, activations, keys and values reduce the effective parameters.

    ``after=yes`` adds the loss from rounding to ``bits_after`` after training,
    C_T D^gamma_D / N^gamma_N exp(b - P / gamma_post), which grows with training tokens.
    """

    after: bool = False

    formula = "L = E + A / N_eff^alpha + B / D^beta; N_eff = N prod_x (1 - exp(n_x - P_x / gamma_x))"
    cite = "Kumar et al. 2024, arXiv 2411.04330"
    may_rise = ("tokens", "params")
    traps = (
        "the main text drops the offsets n; the best precision is 3.5 bits without them and 7 with them",
        "activations or keys and values of 3 bits and fewer are unstable and were excluded",
        "the authors warn that the constants hold only for their set-up",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens", *(name for name, _ in _PARTS.values()), *(("bits_after",) if self.after else ()))

    @property
    def coefs(self) -> tuple[Coef, ...]:
        parts = tuple(
            coef
            for part, (_, what) in _PARTS.items()
            for coef in (
                Coef(f"gamma_{part}", f"decay scale of the bits of {what}", "bits", low=0.1, starts=(0.5, 3.0)),
                Coef(f"n_{part}", f"offset of the bits of {what}", low=-np.inf, starts=(0.0, 0.9)),
            )
        )
        rounding = (
            Coef("C_T", "loss from rounding after training", "nats/token", linear=True),
            Coef("gamma_D", "exponent of tokens in rounding", starts=(0.1, 1.0)),
            Coef("gamma_N", "exponent of params in rounding", starts=(0.1, 1.0)),
            Coef("gamma_post", "decay scale of the bits after training", "bits", low=0.1, starts=(0.2, 2.0)),
        )
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("A", "loss from finite params", "nats/token * parameters^alpha", linear=True),
            Coef("B", "loss from finite tokens", "nats/token * tokens^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", "exponent of tokens"),
            *parts,
            *(rounding if self.after else ()),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, b, *_ = self.columns(coef)
        by_params, by_tokens, _, rounding = self._terms(coef, x)
        loss = e + a * by_params + b * by_tokens
        return np.asarray(loss + coef[..., _AFTER, None] * rounding if self.after else loss)

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        _, a, b, alpha, _, *bits = self.columns(coef)
        by_params, by_tokens, lost, rounding = self._terms(coef, x)
        params, tokens = np.log(x["params"]), np.log(x["tokens"])
        effective = params + np.log1p(-np.stack(lost)).sum(axis=0)
        slopes = [1.0, by_params, by_tokens, -a * by_params * effective, -b * by_tokens * tokens]
        for each, (name, _), gamma in zip(lost, _PARTS.values(), bits[::2], strict=False):
            by_offset = a * alpha * by_params * each / (1 - each)
            slopes += [by_offset * x[name] / gamma**2, by_offset]
        if self.after:
            added = bits[-4] * rounding
            slopes += [rounding, added * tokens, -added * params, added * x["bits_after"] / bits[-1] ** 2]
        value = self.predict(coef, x)
        jacobian = np.empty((*value.shape[:-1], len(slopes), value.shape[-1]))
        for i, slope in enumerate(slopes):
            jacobian[..., i, :] = slope
        return value, jacobian

    def _terms(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, AnyArray, list[AnyArray], AnyArray]:
        """Return the terms of A, B and C_T with these set to one, and the share of N that each precision loses."""
        _, _, _, alpha, beta, *bits = self.columns(coef)
        params, tokens = np.log(x["params"]), np.log(x["tokens"])
        lost = [exp(n - x[name] / gamma)
                for gamma, n, (name, _) in zip(bits[::2], bits[1::2], _PARTS.values(), strict=False)]  # fmt: skip
        effective = x["params"] * (1 - np.stack(lost)).prod(axis=0)
        if not self.after:
            return power(effective, -alpha), exp(-beta * tokens), lost, np.zeros(1)
        _, by_tokens, by_params, post = bits[-4:]
        rounding = exp(by_tokens * tokens - by_params * params - x["bits_after"] / post)
        return power(effective, -alpha), exp(-beta * tokens), lost, rounding

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, LowPrecision(after=True))

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED[self.after]


_TRAINED = {
    "E": 2.7648, "A": 4.299e3, "B": 1.806e4, "alpha": 0.4965, "beta": 0.4965,
    "gamma_w": 2.6745, "n_w": 0.3037, "gamma_a": 2.2102, "n_a": 1.4072, "gamma_kv": 0.9578, "n_kv": 2.4185,
}  # fmt: skip
_ROUNDED = {"gamma_D": 0.5068, "gamma_N": 0.3439, "gamma_post": 0.5907}
_SOURCE = "Kumar et al. 2024, arXiv 2411.04330"
_DOMAIN = {"params": (0.0, 1.7e9), "tokens": (0.0, 2.6e10)}
_NOTE = "465 runs; alpha and beta were tied"
_PUBLISHED = {
    False: {"kumar2024": Constants(_TRAINED, _SOURCE, _DOMAIN, _NOTE)},
    True: {
        "kumar2024": Constants({**_TRAINED, "C_T": 0.0598, **_ROUNDED}, _SOURCE, _DOMAIN, _NOTE),
        "kumar2024-offset": Constants(
            {**_TRAINED, "C_T": 0.0598 * np.exp(1.1277), **_ROUNDED}, _SOURCE, _DOMAIN, unverified=True,
            note="with the offset b = 1.1277 in the exponent, which may be intended",
        ),
    },
}  # fmt: skip

LAW = LowPrecision()
