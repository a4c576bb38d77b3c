"""Data seen again and again is named where a law counts every token as new, and nowhere else."""

import numpy as np
import pytest

from scalelaw import decide, fit, load_runs
from scalelaw.core.errors import ScalelawWarning
from scalelaw.runs.checking.repeated import CODE, HARMLESS, check_repeated

SEEDS = range(4)


def table(seed: int, *, states: str, most: float) -> dict[str, list[float]]:
    """Return runs of which a random share repeats its data, stated as epochs or as distinct tokens."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(24, 40))
    params, tokens = 10 ** rng.uniform(7, 9, n), 10 ** rng.uniform(8.5, 10.5, n)
    epochs = np.where(rng.random(n) < 0.5, rng.uniform(0.2, HARMLESS, n), rng.uniform(HARMLESS, most, n))
    epochs[:2] = (0.5, most)
    loss = (1.7 + 400 / params**0.34 + 400 / tokens**0.28) * np.exp(rng.normal(0, 0.002, n))
    stated = epochs if states == "epochs" else tokens / epochs
    return {name: values.tolist() for name, values in
            (("params", params), ("tokens", tokens), (states, stated), ("val_loss", loss))}  # fmt: skip


@pytest.mark.parametrize("states", ["epochs", "unique_tokens"])
@pytest.mark.parametrize("seed", SEEDS)
def test_repeating_runs_are_counted(seed: int, states: str) -> None:
    runs = load_runs(table(seed, states=states, most=60.0))
    [found] = check_repeated(runs.endpoints(), ("params", "tokens"))
    values = runs.endpoints().inputs([states, "tokens"])
    passes = values[states] if states == "epochs" else values["tokens"] / values["unique_tokens"]
    assert found.rows == int(np.sum(passes > HARMLESS))
    assert f"{found.rows} of {len(runs)} runs" in found.message and "60 epochs" in found.message
    assert ("--where epochs=..4" in found.fix) == (states == "epochs" and len(runs) - found.rows >= 10)
    assert check_repeated(runs.endpoints(), ("params", "tokens", "unique_tokens")) == []
    assert check_repeated(runs.endpoints(), ("params",)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_few_passes_are_no_finding(seed: int) -> None:
    runs = load_runs(table(seed, states="epochs", most=HARMLESS))
    assert check_repeated(runs.endpoints(), ("params", "tokens")) == []


def test_the_fit_and_the_first_screen_name_it() -> None:
    runs = load_runs(table(5, states="epochs", most=900.0))
    with pytest.warns(ScalelawWarning, match=CODE):
        assert CODE in {each.code for each in fit("chinchilla", runs, draws=0).findings}
    found = decide(runs)
    assert CODE in found.answer.doubt and "(Python" not in found.answer.doubt
    assert found.answer.next == "sl.study(runs.where(epochs=(0, 4)))"
    kept = decide(runs.where(epochs=(0, 4)))
    assert CODE not in f"{kept.answer.doubt}{kept.answer.others}"
