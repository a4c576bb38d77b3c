"""The detector of emergence on worlds of known kind, drawn afresh, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import ScalelawError
from scalelaw.diagnosing.onsets.result import UNSUPPORTED

WORLDS = 12
Table = dict[str, Any]


def counted(rng: np.random.Generator, share: Any, g: float, n: int, **columns: Any) -> Table:
    right = rng.binomial(n, g + (1 - g) * np.asarray(share))
    names = [f"m{each}" for each in rng.permutation(len(right))]
    beside = {"n_items": [n] * len(right), "chance": [g] * len(right), **columns}
    return {"run": names, "score@made": right / n, **beside}


def smooth(rng: np.random.Generator) -> Table:
    x = np.linspace(18, rng.uniform(22, 24), int(rng.integers(8, 13)))
    logit = np.linspace(rng.uniform(-2, -1), rng.uniform(0.5, 2), len(x))
    g, n = float(rng.choice([0.0, 0.25, 0.5])), int(rng.integers(800, 4000))
    return counted(rng, 1 / (1 + np.exp(-logit)), g, n, flops=10**x)


def metric_artefact(rng: np.random.Generator) -> Table:
    x = np.linspace(18, rng.uniform(22, 24), int(rng.integers(8, 13)))
    nll = rng.uniform(0.6, 1.2) * 10 ** (0.2 * (x[-1] - x))
    seen = -rng.uniform(1, 30) * nll * np.exp(rng.normal(0, 0.02, len(x)))
    return counted(rng, np.exp(-nll), 0.0, int(rng.integers(300, 2000)), flops=10**x, **{"logprob@made": seen})


def loss_threshold(rng: np.random.Generator) -> Table:
    params = np.repeat(np.array([1e8, 4e8, 2e9]), 10)
    tokens = np.tile(np.geomspace(1e9, 2e11, 10), 3)
    loss = 1.7 + 406 / params**0.34 + 411 / tokens**0.28
    at = np.quantile(loss, rng.uniform(0.4, 0.6))
    share = rng.uniform(0.4, 0.8) * np.maximum(at - loss, 0) / (at - loss.min())
    return counted(rng, share, 0.25, int(rng.integers(1500, 5000)), params=params, tokens=tokens, loss=loss)


def seed_bimodal(rng: np.random.Generator) -> Table:
    x, seeds = np.linspace(18, 22, 7), int(rng.integers(6, 11))
    through = rng.random((7, seeds)) < np.linspace(0.1, 0.9, 7)[:, None]
    share = np.where(through, rng.uniform(0.5, 0.8), 0.02).ravel()
    return counted(rng, share, 0.25, int(rng.integers(300, 2000)), flops=np.repeat(10**x, seeds),
                   seed=np.tile(np.arange(seeds), 7))  # fmt: skip


def resolution_limited(rng: np.random.Generator) -> Table:
    x = np.linspace(18, 23, int(rng.integers(6, 12)))
    return counted(rng, 0.2 / 400 * np.ones(len(x)), float(rng.choice([0.0, 0.25])), 100, flops=10**x)


KINDS: dict[str, Callable[[np.random.Generator], Table]] = {
    each.__name__: each for each in (smooth, metric_artefact, loss_threshold, seed_bimodal, resolution_limited)
}


def judged(table: Table, **options: Any) -> Any:
    beside = "logprob@made" if "logprob@made" in table else None
    return sl.emergence(table, "score@made", **{"continuous": beside, "draws": 0, **options})


@pytest.mark.parametrize("kind", KINDS)
def test_worlds_of_a_kind_are_named(kind: str) -> None:
    rng = np.random.default_rng(7)
    found = [judged(KINDS[kind](rng)) for _ in range(WORLDS)]
    assert sum(each.verdict == kind for each in found) >= WORLDS - 2
    for each in found:
        assert each.reasons and UNSUPPORTED in str(each) and each.to_dict()["caveat"] == UNSUPPORTED
        assert json.loads(json.dumps(each.to_dict(), allow_nan=False))["verdict"] == each.verdict
        assert each.smallest_kink is None or 0 < each.smallest_kink <= 1


def test_without_the_continuous_metric_no_artefact_is_named(rng: np.random.Generator) -> None:
    assert judged(metric_artefact(rng), continuous=None).verdict != "metric_artefact"


def test_seeds_that_differ_alike_are_one_group(rng: np.random.Generator) -> None:
    x = np.repeat(np.linspace(18, 22, 7), 8)
    logit = (x - 20) * 0.8 + rng.normal(0, 0.25, len(x))
    found = judged(counted(rng, 1 / (1 + np.exp(-logit)), 0.25, 1000, flops=10**x, seed=np.tile(np.arange(8), 7)))
    assert found.verdict == "smooth" and found.seeds is not None and not found.seeds.bimodal
    assert found.dispersion > 1


def test_an_error_is_read_as_a_score(rng: np.random.Generator) -> None:
    table = smooth(rng)
    as_error = {name: each for name, each in table.items() if name != "score@made"} | {
        "error@made": 1 - table["score@made"]
    }
    assert sl.emergence(as_error, "error@made", draws=0).verdict == judged(table).verdict


def test_more_items_and_scales_show_smaller_kinks(rng: np.random.Generator) -> None:
    x = np.linspace(18, 23, 10)
    few, many = (
        judged(counted(rng, np.linspace(0.1, 0.7, 10), 0.25, n, flops=10**x)).smallest_kink for n in (100, 10000)
    )
    assert many is not None and (few is None or many < few / 3)


def test_the_onset_has_an_interval_that_holds_it(rng: np.random.Generator) -> None:
    x = np.linspace(18, 24, 13)
    found = judged(counted(rng, 1 / (1 + np.exp(-2 * (x - 22))), 0.25, 1000, flops=10**x), draws=100)
    assert (
        found.onset is not None and found.onset.lo is not None and found.onset.lo <= found.onset.value <= found.onset.hi
    )
    at = 22 + np.log(0.03652 / (1 - 0.03652)) / 2
    assert found.onset.lo / 3 < 10**at < found.onset.hi * 3
    assert found.steepness == pytest.approx(4.394 / 2, rel=0.3)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n_items": None}, "n_items"),
        ({"chance": None}, "chance"),
        ({"flops": [1e20] * 8, "axis": "flops"}, "one value of flops"),
        ({"target": "loss"}, "score or an error"),
        ({"axis": "depth"}, "axis"),
        ({"draws": -1}, "draws"),
        ({"level": 2}, "level"),
        ({"continuous": "logprob@other"}, "logprob@other"),
    ],
)
def test_what_is_missing_is_named(change: dict[str, Any], match: str) -> None:
    table: Table = {
        "flops": np.geomspace(1e18, 1e22, 8), "score@made": np.linspace(0.3, 0.7, 8), "loss": np.linspace(3, 2, 8),
        "n_items": [500] * 8, "chance": [0.25] * 8,
    }  # fmt: skip
    options: dict[str, Any] = {"target": "score@made", "draws": 0}
    for name, value in change.items():
        if name in table:
            table = {key: each for key, each in table.items() if key != name} | ({} if value is None else {name: value})
        else:
            options[name] = value
    with pytest.raises(ScalelawError, match=match):
        sl.emergence(table, **options)


def test_few_scales_are_undetermined() -> None:
    table = {"flops": [1e18, 1e20, 1e22], "score@made": [0.3, 0.5, 0.7], "n_items": [500] * 3, "chance": [0.25] * 3}
    found = judged(table)
    assert found.verdict == "undetermined" and "too few" in found.reasons[-1]


def test_a_score_in_percent_is_refused() -> None:
    table = {"flops": np.geomspace(1e18, 1e22, 8), "score@made": np.linspace(30, 70, 8), "n_items": [500] * 8}
    with pytest.raises(ScalelawError):
        sl.emergence({**table, "chance": [0.25] * 8}, "score@made")


@pytest.mark.data
def test_exact_match_of_gsm8k_by_pythia_is_an_artefact(data_dir: Path) -> None:
    """Schaeffer et al. 2025: mean log-likelihood of the answers is a power law of compute, exponent -.143."""
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_parquet(data_dir / "monkeys_extra" / "gpt4_gsm8k_neg_log_likelihood.parquet")
    models = rows.groupby("Scaling Parameter")[["Log Score", "Score"]].mean()
    table = {
        "flops": models.index.tolist(), "score@gsm8k": models["Score"].tolist(), "n_items": [1319] * len(models),
        "logprob@gsm8k": models["Log Score"].tolist(),
    }  # fmt: skip
    found = sl.emergence(table, "score@gsm8k", continuous="logprob@gsm8k")
    assert found.verdict == "metric_artefact" and found.continuous is not None
    assert found.continuous.exponent == pytest.approx(-0.143, abs=0.01)
    assert found.onset is None
