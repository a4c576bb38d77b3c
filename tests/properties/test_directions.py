"""Whatever picks the best picks the same runs of a metric and of its negative with the other direction."""

import numpy as np
import pytest

from scalelaw.core.direction import best_value, demerit, higher_is_better
from scalelaw.fitting.frontier import on_frontier
from scalelaw.laws import get
from scalelaw.runs.reading.load import load_runs

TWINS = (("score", "error", lambda y: 1 - y), ("logprob", "loss", lambda y: -y))


def tables(rng, names):
    """Return a sweep of a metric and the same sweep of its twin, runs in random order."""
    metric, twin, turned = names
    sizes, rates = np.geomspace(1e8, 1e9, 3), np.geomspace(1e-4, 1e-2, 5)
    params, lr = (each.ravel() for each in np.meshgrid(sizes, rates))
    best = np.exp(rng.uniform(np.log(3e-4), np.log(3e-3)))
    y = 0.4 + 0.05 * np.log(params / 1e8) - 0.02 * np.log(lr / best) ** 2 + rng.normal(0, 0.002, len(params))
    y = y if metric == "score" else y - 3
    order = rng.permutation(len(params))
    base = {"run": [f"r{at}" for at in order], "params": params[order], "tokens": 20 * params[order], "lr": lr[order]}
    items = {"n_items_ours": [5000] * len(order)} if metric == "score" else {}
    return (
        load_runs({**base, f"{metric}@ours": y[order], **items}),
        load_runs({**base, f"{twin}@ours": turned(y[order]), **items}),
    )


@pytest.mark.parametrize("names", TWINS, ids=[twin[0] for twin in TWINS])
@pytest.mark.parametrize("seed", range(10))
def test_the_best_runs_are_the_same(names, seed):
    one, other = tables(np.random.default_rng(seed), names)
    chosen = [table.best(("lr",)) for table in (one, other)]
    assert sorted(chosen[0].run_names()) == sorted(chosen[1].run_names())
    assert [found.code for found in chosen[0].findings] == [found.code for found in chosen[1].findings]
    assert [gone.n for gone in chosen[0].set_aside] == [gone.n for gone in chosen[1].set_aside]
    fallen = chosen[0].falling()
    assert fallen.target == chosen[1].target and fallen.y == pytest.approx(chosen[1].y)


@pytest.mark.parametrize("names", TWINS, ids=[twin[0] for twin in TWINS])
@pytest.mark.parametrize("seed", range(5))
def test_the_frontier_and_the_best_value_are_the_same(names, seed):
    one, other = (table.endpoints() for table in tables(np.random.default_rng(seed), names))
    law = get("power", input="flops")
    kept = [on_frontier(law, rows) for rows in (one, other)]
    assert sorted(kept[0].run_names()) == sorted(kept[1].run_names())
    assert names[2](best_value(one.target, one.y)) == pytest.approx(best_value(other.target, other.y))
    assert np.argsort(demerit(one.target, one.y)).tolist() == np.argsort(demerit(other.target, other.y)).tolist()


@pytest.mark.parametrize("target", ["score@x", "logprob@x", "accuracy", "mmlu", "acc@piqa:acc_norm"])
def test_scores_and_log_probabilities_rise(target):
    assert higher_is_better(target)


@pytest.mark.parametrize("target", ["loss@x", "error@mmlu", "bpb@arc", "err_mmlu", "perplexity", "nll@gsm8k"])
def test_losses_and_errors_fall(target):
    assert not higher_is_better(target)
