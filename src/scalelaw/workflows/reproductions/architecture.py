"""Experts, precision, transfer: numbers that papers derive from published constants, without data."""

import numpy as np

from scalelaw.core.types import Array
from scalelaw.laws import Law, parse
from scalelaw.workflows.reproductions._figure import Figure

_CLARK = "Clark et al. 2022, arXiv 2202.01169"
_ROUNDED = "c is published with two digits, and a change in the last one moves the cutoff tenfold"


def _law(spelling: str) -> tuple[Law, Array]:
    law, source = parse(spelling)
    return law, law.vector(law.published[str(source)].coef)


def _value(spelling: str, **x: float) -> float:
    law, coef = _law(spelling)
    return float(law.predict(coef, {name: np.array([number]) for name, number in x.items()})[0])


def dense_equal(params: float, experts: float) -> float:
    """Return the size of the dense model with the same loss as a routed (S-BASE) one."""
    grid = np.exp(np.linspace(np.log(params), np.log(params) + 10, 100001))
    law, coef = _law("routed@clark2022-sbase")
    loss = law.predict(coef, {"params_active": grid, "experts": np.ones(1)})
    return float(
        grid[np.argmin(np.abs(loss - _value("routed@clark2022-sbase", params_active=params, experts=experts)))]
    )


def cutoff(source: str) -> float:
    """Return the size above which routing no longer helps, 10^(-b/c)."""
    coef = parse("routed")[0].published[source].coef
    return float(10 ** (-coef["b"] / coef["c"]))


def best_bits() -> float:
    """Return the best number of bits of weights, activations, keys and values under C ~ N D P (Kumar et al. 2024)."""
    coef = parse("low_precision")[0].published["kumar2024"].coef
    parts = [(coef[f"gamma_{part}"], coef[f"n_{part}"]) for part in ("w", "a", "kv")]
    bits = np.linspace(max(gamma * n for gamma, n in parts) + 0.01, 16, 100001)
    share = np.sum([np.log1p(-np.exp(n - bits / gamma)) for gamma, n in parts], axis=0)
    return float(bits[np.flatnonzero(np.gradient(share, np.log(bits)) > 1)[-1]])


def _reduced(experts: float) -> float:
    """Return m(E) of m N^mu + n D^nu + c, the joint law of experts at a fixed number of experts."""
    low, high = 1e9, 1e10
    at = [_value("joint_experts@ludziejewski2025", params_active=n, tokens=1e300, experts=experts) for n in (low, high)]
    floor = parse("joint_experts")[0].published["ludziejewski2025"].coef["c"]
    mu = np.log((at[1] - floor) / (at[0] - floor)) / np.log(high / low)
    return float((at[0] - floor) / low**mu)


FIGURES = (
    Figure("clark-dense-equal", "dense size that equals 5M parameters routed over 128 experts", 55e6,
           lambda _: dense_equal(5e6, 128), 1e6, _CLARK, why="the constants are rounded to three digits"),
    Figure("clark-cutoff-sbase", "size at which S-BASE no longer helps", 937e9,
           lambda _: cutoff("clark2022-sbase"), 1e9, _CLARK, why=_ROUNDED),
    Figure("clark-cutoff-rlr", "size at which RL-R no longer helps", 85e9,
           lambda _: cutoff("clark2022-rlr"), 1e9, _CLARK, why=_ROUNDED),
    Figure("clark-cutoff-hash", "size at which HASH no longer helps", 83e9,
           lambda _: cutoff("clark2022-hash"), 1e9, _CLARK, why=_ROUNDED),
    Figure("joint-experts-8", "m of eight experts", 21.8330, lambda _: _reduced(8), 5e-5,
           "Ludziejewski et al. 2025, arXiv 2502.05172, table 4", why="the constants are rounded to four digits"),
    Figure("joint-experts-32", "m of 32 experts", 16.5424, lambda _: _reduced(32), 5e-5,
           "Ludziejewski et al. 2025, arXiv 2502.05172, table 4", why="the constants are rounded to four digits"),
    Figure("kumar-best-bits", "best bits of training, printed as 7 to 8", 7.5, lambda _: best_bits(), 0.5,
           "Kumar et al. 2024, arXiv 2411.04330"),
    Figure("hernandez-175b", "characters that pretraining replaces, 175B parameters and one character", 3.7e8,
           lambda _: _value("transfer@hernandez2021-text", characters=1.0, params_non_embedding=175e9), 5e6,
           "Hernandez et al. 2021, arXiv 2102.01293", why="the constants are rounded to two digits"),
)  # fmt: skip
