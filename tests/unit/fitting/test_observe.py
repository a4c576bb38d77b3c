"""What a law is fitted to when it gives something else than what a table measures."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.fitting.observe import observe
from scalelaw.fitting.solver.noise import Noise
from scalelaw.runs.reading.load import load_runs

LR, BATCH = np.geomspace(1e-4, 4e-3, 7), np.geomspace(3e4, 3e7, 10)


def sweep() -> dict[str, list[float]]:
    """Return bowls whose best batch is on the grid, at .6 tokens^.57 to the nearest step."""
    rows: list[list[float]] = []
    for params, tokens in ((1e8, 2e9), (2e8, 2e10), (4e8, 2e11)):
        best = BATCH[np.argmin(np.abs(np.log(BATCH / (0.6 * tokens**0.57))))]
        rows += [
            [params, tokens, lr, batch, 3 - 0.1 * np.log10(tokens) + np.log(lr / 7e-4) ** 2 + np.log(batch / best) ** 2]
            for lr in LR
            for batch in BATCH
        ]
    return dict(zip(("params", "tokens", "lr", "batch_tokens", "loss"), np.transpose(rows).tolist(), strict=True))


@pytest.mark.filterwarnings("ignore::scalelaw.core.errors.ScalelawWarning")
def test_a_batch_law_is_fitted_to_the_best_batches_of_a_sweep_not_to_losses() -> None:
    fit = sl.fit("optimal_batch", load_runs(sweep()), use="best", draws=0, noise=Noise("squared"))
    assert fit.target == "batch_tokens"
    assert set(fit.rows.y.tolist()) <= set(BATCH.tolist())
    assert fit.coef[1] == pytest.approx(0.57, abs=0.1)


def test_a_law_of_error_takes_scores() -> None:
    rows = load_runs({"core_days": [1.0, 10.0, 100.0], "score": [0.5, 0.7, 0.8]})
    _, observed = observe("saturating_power", rows)
    assert observed.target == "error" and observed.y == pytest.approx([0.5, 0.3, 0.2])


def test_what_the_table_has_not_is_no_target() -> None:
    rows = load_runs({"params": [1e8, 1e9], "tokens": [1e9, 1e10], "loss": [3.0, 2.5]})
    message = "optimal_batch predicts batch_tokens, but the table has no column batch_tokens; it measures loss"
    with pytest.raises(BadInput, match=message):
        observe("optimal_batch", rows)


@pytest.mark.parametrize(("law", "output"), [("error_from_loss", "error"), ("critical_batch", "critical_batch")])
def test_a_law_of_the_loss_takes_the_loss_that_was_measured(law: str, output: str) -> None:
    loss, given = [3.5, 3.2, 2.8, 2.2], [0.8, 0.77, 0.68, 0.5]
    chosen, observed = observe(law, load_runs({"loss": loss, output: given}))
    assert observed.target == output and observed.y.tolist() == given
    assert observed.inputs(chosen.inputs)["loss"].tolist() == loss


@pytest.mark.filterwarnings("ignore::scalelaw.core.errors.ScalelawWarning")
def test_error_from_loss_is_fitted_from_a_plain_table() -> None:
    loss = np.linspace(2.2, 3.8, 9)
    runs = load_runs({"val_loss_c4": loss.tolist(), "error": (0.85 - 2.0 * np.exp(-0.75 * loss)).tolist()})
    assert sl.fit("error_from_loss", runs, draws=0, starts=8).coef == pytest.approx([0.85, 2.0, 0.75], rel=1e-5)
