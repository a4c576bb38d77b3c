"""Published tables as IsoFLOP points, the cuts of each, and what the profile of each held-out budget shows."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.datasets import load
from scalelaw.runs.observations import Observations
from scalelaw.workflows.benchmark.protocol import parts

HERE = Path(__file__).parent
_PROFILE_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Truth:
    """What a held-out budget asks for.

    Attributes:
        flops: the budget.
        best: ln N* there.
        error: its standard error; zero where it is exact.
        sizes: ln N along the budget, (p,).
        losses: the loss there, (p,).
    """

    flops: float
    best: float
    error: float
    sizes: Array
    losses: Array


@dataclass(frozen=True, eq=False)
class Case:
    """Rows to fit, and the budgets to decide.

    Attributes:
        by: source, or the kind of simulated truth.
        table: which table.
        train: the rows.
        truths: the budgets.
        about: what is known of a simulated truth.
    """

    by: str
    table: str
    train: Observations
    truths: tuple[Truth, ...]
    about: Mapping[str, Any]


def protocol() -> dict[str, Any]:
    """Return the protocol as it stands."""
    return tomllib.loads((HERE / "protocol.toml").read_text(encoding="utf-8"))


def cases(data: Path) -> Iterator[Case]:
    """Yield every cut of every published table below the folder."""
    rules = protocol()
    shared = tomllib.loads((HERE.parent / "tables.toml").read_text(encoding="utf-8"))
    for name, how in rules["table"].items():
        for table, rows in _shipped(how) if "dataset" in how else _published(name, shared[how["include"]], data):
            yield from _cuts(how, table, rows, rules)


def _published(name: str, how: Mapping[str, Any], data: Path) -> Iterator[tuple[str, Observations]]:
    for part in parts(name, how, data):
        yield part.name, part.observe()[1].complete(("params", "tokens"))


def _shipped(how: Mapping[str, Any]) -> Iterator[tuple[str, Observations]]:
    """Yield a shipped table, its N without embeddings called params."""
    rows = load(how["dataset"]).endpoints().complete(("params_non_embedding", "tokens"))
    n, d = (np.asarray(rows.columns[name], float) for name in ("params_non_embedding", "tokens"))
    yield how["dataset"], replace(rows, columns={"params": n, "tokens": d, "flops": 6 * n * d})


def _read_off(rows: Observations, factor: float) -> Observations:
    """Return IsoFLOP points: each size's losses over tokens, read off where they pass budgets spaced by the factor."""
    size, c = np.asarray(rows.columns["params"], float), np.log(np.asarray(rows.columns["flops"], float))
    step = np.log(factor)
    budgets = c.max() - step * np.arange(int((c.max() - c.min()) / step) + 1.0)
    taken, at, losses = [], [], []
    for one in np.unique(size):
        mine = np.flatnonzero(size == one)
        spent, group = np.unique(np.round(c[mine], 6), return_inverse=True)
        means = np.bincount(group, np.log(rows.y[mine])) / np.bincount(group)
        inside = budgets[(budgets >= spent[0]) & (budgets <= spent[-1])]
        taken += [mine[0]] * len(inside)
        at += inside.tolist()
        losses += np.exp(_smooth(spent, means, inside)).tolist()
    points, there = rows.rows(np.array(taken)), np.exp(np.array(at))
    moved = {"flops": there, "tokens": points.columns["tokens"] * there / points.columns["flops"]}
    points = replace(points, columns={**points.columns, **moved}, y=np.array(losses), reduction="endpoints")
    return replace(points, cluster=np.arange(len(points)))


def _smooth(x: Array, y: Array, at: Array) -> Array:
    """Return a monotone interpolation, or the one value."""
    return np.asarray(PchipInterpolator(x, y)(at)) if len(x) > 1 else np.full(len(at), y[0])


def _cuts(how: Mapping[str, Any], table: str, rows: Observations, rules: Mapping[str, Any]) -> Iterator[Case]:
    """Yield the cuts of one table: budgets below are fitted, those above decided."""
    budgets = tuple(how["budgets"]) if "budgets" in how else None
    spec = IsoFlopSpec(budgets=budgets, draws=_PROFILE_DRAWS)
    windows, score = rules["windows"], rules["score"]
    source = next((name for head, name in how.get("sources", {}).items() if table.startswith(head)), how["by"])
    try:
        profile = isoflop_observations(_read_off(rows, how["read_off"]) if "read_off" in how else rows, spec)
    except ScalelawError:
        return
    truths = [
        Truth(budget.flops, float(np.log(budget.params)), budget.error, np.log(sizes), losses)
        for budget, sizes, losses in zip(profile.used, *profile.curve, strict=True)
        if budget.params is not None and budget.error is not None and 0 < budget.error <= score["most_error"]
    ]
    c = np.asarray(rows.columns["flops"], float)
    every = np.array([budget.flops for budget in profile.budgets])
    worth = []
    for cut in np.sqrt(every[1:] * every[:-1]):
        train = rows.rows(c < cut)
        used = train.columns["flops"]
        if len(train) < windows["min_rows"] or np.sum(every < cut) < windows["min_budgets"]:
            continue
        if len(np.unique(train.columns["params"])) < windows["min_sizes"]:
            continue
        if np.log10(used.max() / used.min()) < windows["min_decades"]:
            continue
        most = every[every < cut].max()
        held = [t for t in truths if score["least_reach"] <= t.flops / most <= score["most_reach"]]
        if held:
            worth.append(Case(source, table, train, tuple(held), {}))
    if worth:
        chosen = np.unique(np.linspace(0, len(worth) - 1, windows["most_cuts"]).round().astype(int))
        yield from (worth[i] for i in chosen)
