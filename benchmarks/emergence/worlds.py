"""Worlds of known kind: tables of scores with what decides beside."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Table = dict[str, Any]
Rules = Mapping[str, Any]
TARGET, CONTINUOUS = "score@made", "logprob@made"


def protocol() -> dict[str, Any]:
    """Return the protocol."""
    return tomllib.loads((Path(__file__).parent / "protocol.toml").read_text(encoding="utf-8"))


def make(kind: str, number: int) -> Table:
    """Return one world of a kind; the same number gives the same world."""
    rules = protocol()
    rng = np.random.default_rng([rules["seed"], list(KINDS).index(kind), number])
    return KINDS[kind](rules[kind], rng, rules["first"])


def _between(rng: np.random.Generator, ends: list[float]) -> float:
    return float(rng.uniform(*ends))


def _items(rng: np.random.Generator, rules: Rules) -> int:
    return int(np.exp(rng.uniform(*np.log(rules["items"]))))


def _scales(rng: np.random.Generator, rules: Rules, first: float) -> np.ndarray:
    count = int(rng.integers(rules["scales"][0], rules["scales"][1] + 1))
    return np.linspace(first, first + _between(rng, rules["decades"]), count)


def _scattered(rng: np.random.Generator, share: np.ndarray, scatter: float) -> np.ndarray:
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    logit = np.log(inside / (1 - inside)) + rng.normal(0, scatter, len(share))
    return np.where(share > 0, 1 / (1 + np.exp(-logit)), 0.0)


def _table(rng: np.random.Generator, g: float, share: np.ndarray, n: int, **columns: Any) -> Table:
    right = rng.binomial(n, np.clip(g + (1 - g) * share, 0, 1))
    names = [f"r{each}" for each in range(len(share))]
    return {"run": names, TARGET: right / n, "n_items": [n] * len(share), "chance": [g] * len(share), **columns}


def _power(rng: np.random.Generator, x: np.ndarray, noise: float) -> np.ndarray:
    """Return log-probabilities of answers that rise as a power law of compute."""
    nll = rng.uniform(5, 200) * 10 ** (-rng.uniform(0.1, 0.2) * (x - x[0]))
    return -nll * np.exp(rng.normal(0, noise, len(x)))


def _smooth(rules: Rules, rng: np.random.Generator, first: float) -> Table:
    x = _scales(rng, rules, first)
    form, bottom, top = (
        rng.choice(["power", "logistic", "ceiling"]),
        *(_between(rng, rules[k]) for k in ("bottom", "top")),
    )
    ceiling = max(_between(rng, rules["ceiling"]), top + 0.05) if form == "ceiling" else 1.0
    t = (x - x[0]) / (x[-1] - x[0])
    if form == "power":
        low, high = (np.log(-np.log(each)) for each in (bottom, top))
        share = np.exp(-np.exp(low + (high - low) * t))
    else:
        low, high = (np.log(each / (ceiling - each)) for each in (bottom, top))
        share = ceiling / (1 + np.exp(-(low + (high - low) * t)))
    beside = {CONTINUOUS: _power(rng, x, 0.03)} if rng.random() < 0.5 else {}
    g = float(rng.choice(rules["chance"]))
    return _table(rng, g, _scattered(rng, share, rules["scatter"]), _items(rng, rules), flops=10**x, **beside)


def _artefact(rules: Rules, rng: np.random.Generator, first: float) -> Table:
    while True:
        x = _scales(rng, rules, first)
        last = -np.log(_between(rng, rules["top"]))
        nll = last * 10 ** (_between(rng, rules["exponent"]) * (x[-1] - x))
        if np.exp(-nll[0]) < rules["bottom"]:
            break
    length = _between(rng, rules["length"])
    read = nll / length * np.exp(rng.normal(0, rules["noise"], len(x)))
    return _table(rng, 0.0, np.exp(-nll), _items(rng, rules), flops=10**x, **{CONTINUOUS: -length * read})


def _threshold(rules: Rules, rng: np.random.Generator, first: float) -> Table:
    sizes = int(rng.integers(rules["sizes"][0], rules["sizes"][1] + 1))
    points = int(rng.integers(rules["points"][0], rules["points"][1] + 1))
    params = np.repeat(np.geomspace(1e8, 1e8 * 4 ** (sizes - 1), sizes), points)
    tokens = np.tile(np.geomspace(5e8, 2e11, points), sizes)
    loss = 1.7 + 406 / params**0.34 + 411 / tokens**0.28
    loss = loss * np.exp(rng.normal(0, rules["noise"], len(loss)))
    at = float(np.quantile(loss, _between(rng, rules["at"])))
    depth = np.maximum(at - loss, 0) / (at - loss.min())
    top = _between(rng, rules["top"])
    share = top * depth if rng.random() < 0.5 else -np.expm1(np.log1p(-top) * depth)
    beside = {}
    if rng.random() < 0.5:
        beside = {
            CONTINUOUS: -rng.uniform(5, 200) * np.exp(-1.5 * depth + rng.normal(0, rules["metric_noise"], len(loss)))
        }
    g = float(rng.choice(rules["chance"]))
    shown = _scattered(rng, share, rules["scatter"])
    return _table(rng, g, shown, _items(rng, rules), params=params, tokens=tokens, loss=loss, **beside)


def _bimodal(rules: Rules, rng: np.random.Generator, first: float) -> Table:
    x = _scales(rng, rules, first)
    seeds = int(rng.integers(rules["seeds"][0], rules["seeds"][1] + 1))
    through = 1 / (1 + np.exp(-rng.uniform(5, 9) * ((x - x[0]) / (x[-1] - x[0]) - rng.uniform(0.35, 0.65))))
    low, high = _between(rng, rules["low"]), _between(rng, rules["high"])
    rising = low + (high - low) * np.linspace(0.8, 1.0, len(x))
    done = rng.random((len(x), seeds)) < through[:, None]
    share = np.where(done, rising[:, None], low).ravel()
    g, n = float(rng.choice(rules["chance"])), _items(rng, rules)
    shown = _scattered(rng, share, rules["scatter"])
    return _table(rng, g, shown, n, flops=np.repeat(10**x, seeds), seed=np.tile(np.arange(seeds), len(x)))


def _limited(rules: Rules, rng: np.random.Generator, first: float) -> Table:
    x = _scales(rng, rules, first)
    g, n = float(rng.choice(rules["chance"])), _items(rng, rules)
    top = _between(rng, rules["top"]) * (np.sqrt(g * (1 - g) / n) if g else 0.5 / n) / (1 - g)
    return _table(rng, g, top * np.linspace(0, 1, len(x)) ** 2, n, flops=10**x)


KINDS: dict[str, Callable[[Rules, np.random.Generator, float], Table]] = {
    "smooth": _smooth,
    "metric_artefact": _artefact,
    "loss_threshold": _threshold,
    "seed_bimodal": _bimodal,
    "resolution_limited": _limited,
}
