"""Simulated tables whose best size is known exactly: four kinds of loss, IsoFLOP sweeps and grids, any best ratio.

kind          loss
chinchilla    E + A/N^alpha + B/D^beta
nested        E + (A/N^alpha + B/D^beta)^q
kaplan        ((A/N)^(p/q) + B/D)^q, no floor
data_limited  chinchilla with beta well below alpha, so that N* grows slowly
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from decisions.tables import Case, Truth
from scalelaw.core.types import Array
from scalelaw.runs.observations import Observations

KINDS = ("chinchilla", "nested", "data_limited", "kaplan")
DESIGNS = ("isoflop", "grid")
_UNTRAINED = 7.0
"""Runs above this loss have hardly begun to learn; nobody's ladder holds them."""


@dataclass(frozen=True)
class Surface:
    """A loss over N and D.

    Attributes:
        kind: which form.
        floor: E.
        size: what is lost to finite N at its reference size.
        data: what is lost to finite D at its reference tokens.
        alpha: exponent of N.
        beta: exponent of D.
        outer: q.
        at: ln of the reference N and D.
    """

    kind: str
    floor: float
    size: float
    data: float
    alpha: float
    beta: float
    outer: float
    at: tuple[float, float]

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss."""
        n = self.size * np.exp(-self.alpha * (np.log(params) - self.at[0]))
        d = self.data * np.exp(-self.beta * (np.log(tokens) - self.at[1]))
        return np.asarray(self.floor + (n + d) ** self.outer)

    def best(self, flops: float) -> float:
        """Return ln N* at a budget."""
        middle = self.at[0] + 0.5 * (np.log(flops / 6) - sum(self.at))

        def along(x: float) -> float:
            return float(self.loss(np.exp(x), flops / 6 / np.exp(x)))

        grid = middle + np.linspace(-8, 8, 161)
        low = grid[int(np.argmin([along(x) for x in grid]))]
        return float(minimize_scalar(along, bounds=(low - 0.2, low + 0.2), method="bounded", options={"xatol": 1e-6}).x)


def surface(kind: str, ratio: float, asked: Mapping[str, Any], rng: np.random.Generator) -> tuple[Surface, float]:
    """Return a surface whose best D/N is ``ratio`` at a budget, and that budget."""
    flops = float(10 ** rng.uniform(17.5, 20.5))
    n, d = np.sqrt(flops / 6 / ratio), np.sqrt(flops / 6 * ratio)
    a = rng.uniform(*asked["exponent"]) if kind != "data_limited" else rng.uniform(0.28, 0.38)
    total = {"nested": rng.uniform(0.9, 1.5), "kaplan": rng.uniform(1.4, 1.9)}.get(kind, rng.uniform(0.55, 0.85))
    alpha, beta = total * (1 - a), total * a
    outer = {"nested": rng.uniform(0.4, 0.7), "kaplan": rng.uniform(0.07, 0.12)}.get(kind, 1.0)
    gain = rng.uniform(0.3, 1.2) if kind != "kaplan" else rng.uniform(2.2, 3.2)
    floor = rng.uniform(1.2, 2.2) if kind != "kaplan" else 0.0
    inner = gain ** (1 / outer)
    share = beta / (alpha + beta)  # the optimum has alpha x (loss to N) = beta x (loss to D)
    return Surface(
        kind, floor, inner * share, inner * (1 - share), alpha, beta, outer, (float(np.log(n)), float(np.log(d)))
    ), flops


def isoflop(made: Surface, flops: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return N and D of a sweep over sizes at several budgets, centred near the optimum."""
    budgets = flops / np.geomspace(10 ** rng.uniform(1.0, 2.0), 1, int(rng.integers(4, 8)))
    sizes, half, off = int(rng.integers(5, 9)), rng.uniform(0.8, 1.8), rng.normal(0, 0.4)
    n = np.exp([made.best(c) + off + np.linspace(-half, half, sizes) for c in budgets])
    return n.ravel(), (budgets[:, None] / 6 / n).ravel()


def grid(made: Surface, flops: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return N and D of sizes times tokens per param, ratios spread between the literature's 20 and the best."""
    ratio = np.exp(made.at[1] - made.at[0])
    centre = np.exp(rng.uniform(*sorted((np.log(20), np.log(ratio)))))
    ratios = centre * np.geomspace(1 / 8, 8, int(rng.integers(4, 7)))
    top = np.sqrt(flops / 6 / ratios.max())
    n = top * np.geomspace(1 / 10 ** rng.uniform(1.0, 1.6), 1, int(rng.integers(4, 8)))
    params, per = (each.ravel() for each in np.meshgrid(n, ratios, indexing="ij"))
    return params, params * per


_DESIGN: dict[str, Callable[[Surface, float, np.random.Generator], tuple[Array, Array]]] = {
    "isoflop": isoflop,
    "grid": grid,
}


def simulated(asked: Mapping[str, Any], seed: int | None = None, tables: int | None = None) -> Iterator[Case]:
    """Yield simulated tables, kinds and designs in turn.

    Args:
        asked: the part ``simulated`` of the protocol.
        seed: another seed than the protocol's, for choosing a method.
        tables: another number.
    """
    count = tables or asked["tables"]
    for at in range(count):
        rng = np.random.default_rng([seed or asked["seed"], at])
        kind, design = KINDS[at % len(KINDS)], DESIGNS[at // len(KINDS) % len(DESIGNS)]
        ratio = float(np.exp(rng.uniform(*np.log(asked["ratio"]))))
        made, flops = surface(kind, ratio, asked, rng)
        n, d = _DESIGN[design](made, flops, rng)
        learned = made.loss(n, d) < _UNTRAINED
        n, d = n[learned], d[learned]
        noise = float(np.exp(rng.uniform(*np.log(asked["noise"]))))
        y = made.loss(n, d) * np.exp(noise * rng.standard_normal(len(n)))
        columns = {"params": n, "tokens": d, "flops": 6 * n * d}
        rows = Observations("loss", columns, y, np.arange(len(y)), np.ones(len(y)), len(y))
        about = {"kind": kind, "design": design, "ratio": ratio, "noise": noise, "surface": made}
        yield Case("simulated", f"{design} {kind} {at}", rows, tuple(_truths(made, flops, asked["reach"])), about)


def _truths(made: Surface, flops: float, reach: list[float]) -> Iterator[Truth]:
    for times in reach:
        best = made.best(flops * times)
        sizes = best + np.linspace(-3, 3, 601)
        yield Truth(flops * times, best, 0.0, sizes, made.loss(np.exp(sizes), flops * times / 6 / np.exp(sizes)))
