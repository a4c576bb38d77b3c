"""How often a wrong form is noticed, and a right one accused: simulated tables of each, fitted by Chinchilla's law."""

from collections.abc import Callable

import numpy as np

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

TABLES = 200
SIZES = np.geomspace(2e7, 6e9, 10)
RATIOS = np.array([3, 6, 12, 25, 50, 100, 200, 400])

Truth = Callable[[Array, Array], Array]


def chinchilla(params: Array, tokens: Array) -> Array:
    """Return the form that is fitted: the right one."""
    return 1.8172 + 482.01 / params**0.3478 + 2085.43 / tokens**0.3658


def kaplan(params: Array, tokens: Array) -> Array:
    """Return Kaplan's joint law: no floor, params and tokens inside one power."""
    return ((6.4e13 / params) ** (0.076 / 0.103) + 1.8e13 / tokens) ** 0.103


def broken(params: Array, tokens: Array) -> Array:
    """Return Chinchilla's law with a break in params: the exponent doubles above 5e8."""
    return 1.8172 + 482.01 / params**0.3478 * (1 + (params / 5e8) ** 2) ** -0.17 + 2085.43 / tokens**0.3658


def moving_floor(params: Array, tokens: Array) -> Array:
    """Return Chinchilla's law over a floor that rises by 0.06 a decade of compute above 1e20: a recipe that ages."""
    flops = 6 * params * tokens
    return chinchilla(params, tokens) + 0.06 * np.maximum(np.log10(flops / 1e20), 0)


TRUTHS: dict[str, Truth] = {
    "right form": chinchilla,
    "kaplan joint": kaplan,
    "broken": broken,
    "moving floor": moving_floor,
}
NOISES: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "gaussian 0.5 %": lambda rng, n: rng.normal(0, 0.005, n),
    "gaussian 1 % (not promised)": lambda rng, n: rng.normal(0, 0.01, n),
    "heavy-tailed 0.5 %": lambda rng, n: 0.005 * rng.standard_t(3, n) / np.sqrt(3),
}


def flagged(
    truth: Truth, noise: Callable[[np.random.Generator, int], Array], tables: int = TABLES, seed: int = 0
) -> float:
    """Return the share of simulated tables whose fit warns of a misfit."""
    rng = np.random.default_rng(seed)
    params, ratio = (axis.ravel() for axis in np.meshgrid(SIZES, RATIOS, indexing="ij"))
    columns = {"params": params, "tokens": params * ratio, "flops": 6 * params**2 * ratio}
    n, count = len(params), 0
    for _ in range(tables):
        y = truth(params, params * ratio) * np.exp(noise(rng, n))
        observed = Observations("loss", columns, y, np.arange(n), np.ones(n), n)
        fitted = fit_observations(get("chinchilla"), observed, FitSpec(draws=0, starts=8))
        count += any(finding.code == "FIT_MISFIT" for finding in fitted.findings)
    return count / tables


def main() -> None:
    """Print the table."""
    for noise, draw in NOISES.items():
        for name, truth in TRUTHS.items():
            print(f"{name:<14} {noise:<20} flagged in {flagged(truth, draw):.1%} of {TABLES}")


if __name__ == "__main__":
    main()
