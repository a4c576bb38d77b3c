"""Fits of the pretraining laws to their published tables, as golden tests and the evidence both need them."""

from pathlib import Path

import numpy as np
import pandas as pd

from scalelaw.core.types import Array
from scalelaw.fitting import FitResult, FitSpec, Noise, fit_observations
from scalelaw.laws import get
from scalelaw.runs import Observations, load_runs

SQUARES = FitSpec(noise=Noise("squared", on="raw"), draws=0, starts=8)
"""What curve_fit minimises."""
CURVES_FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
"""The schedules that Luo et al. 2025 fit to; six others are predicted."""
BOWL = 1.02
"""Runs within so much of the best loss of a cell are its bowl."""


def observations(target: str, y: Array, **columns: Array) -> Observations:
    """Return rows of columns that are no runs of a table, each a cluster of its own."""
    values = {name: np.asarray(each, float) for name, each in columns.items()}
    n = len(y)
    return Observations(target, values, np.asarray(y, float), np.arange(n), np.ones(n), n)


def gadre(data: Path) -> tuple[FitResult, FitResult, list[float]]:
    """Return loss and error laws of five and six runs on RedPajama, and four relative errors in percent.

    Of loss and of the average error of 17 tasks, for 1.4B at 640 tokens a param and 6.9B at 20.
    """
    runs = pd.read_csv(data / "gadre_overtraining" / "gadre_104models.csv").query("train_dataset == 'rpj'")
    size, ratio = runs.N_total, runs.tok_mult
    small = ((ratio == 20) & (size < 5e8)) | ((ratio == 320) & (size < 2e7))
    far = [runs[(size > 1e9) & (size < 2e9) & (ratio == 640)], runs[(size > 6e9) & (ratio == 20)]]
    loss = fit_observations(
        get("over_training"), observations("loss", runs[small].loss_c4_val, **_compute(runs[small])), SQUARES
    )
    six = runs[small | ((size > 1e9) & (size < 2e9) & (ratio == 20))]
    error = fit_observations(
        get("error_from_loss"), observations("error", six.err_avg_subset17, loss=six.loss_c4_val), SQUARES
    )
    losses = [float(loss.law.predict(loss.coef, _compute(run))[0]) for run in far]
    errors = [float(error.law.predict(error.coef, {"loss": np.array([each])})[0]) for each in losses]
    truth = [float(run.loss_c4_val.iloc[0]) for run in far] + [float(run.err_avg_subset17.iloc[0]) for run in far]
    return loss, error, [100 * abs(ours / true - 1) for ours, true in zip(losses + errors, truth, strict=True)]


def _compute(runs: pd.DataFrame) -> dict[str, Array]:
    params, tokens = runs.N_total.to_numpy(float), runs.D_tokens.to_numpy(float)
    return {"flops": 6 * params * tokens, "tokens_per_param": tokens / params}


def vocabulary(data: Path, *, as_published: bool = True) -> tuple[FitResult, float]:
    """Return Tao's law fitted, and the objective of its published constants on the same rows.

    Args:
        data: folder of published tables.
        as_published: the tokens of the authors' script, whose conversion from characters is given the vocabulary in
            thousands where its polynomial wants it whole.
    """
    runs = pd.read_csv(data / "vocab_scaling" / "exp_data.csv").query("FLOPs >= 2.18e17")
    size = runs.vocab_size.to_numpy(float)
    log = np.log(size / 1e3 if as_published else size)
    tokens = runs.num_characters.to_numpy() * (0.00639222 * log**2 - 0.15811069 * log + 1.20470122)
    rows = observations("unigram_loss", runs.Lossu, params_non_embedding=runs.Non_vocab_parameters,
                        params_vocab=size * runs.embed_dim.to_numpy(), tokens=tokens)  # fmt: skip
    noise = Noise("huber", 1e-3, on="raw")
    law = get("vocabulary")
    published = law.predict(law.vector(law.published["tao2024"].coef), rows.columns)
    spec = FitSpec(noise=noise, ties={"beta": "alpha1"}, draws=0, starts=4)
    return fit_observations(law, rows, spec), float(noise.loss(published - rows.y).sum())


def annealing(data: Path, params: int, schedules: tuple[str, ...] = CURVES_FITTED) -> dict[str, tuple[float, bool]]:
    """Return R2 of each curve of one size under one law, and whether the law was fitted to it."""
    from scalelaw.fitting import observe

    rows = pd.read_csv(data / "lr_schedule_curves" / "mpl_loss_curves.csv").query(f"model_size_M == {params}")
    table = load_runs({"run": rows.schedule.tolist(), "steps": rows.step.tolist(), "lr_now": rows.lr.tolist(),
                       "loss": rows.loss.tolist()})  # fmt: skip
    law, seen = observe("annealing", table)
    names = table.runs["run"][seen.cluster]
    fit = fit_observations(
        law, seen.rows(np.isin(names, schedules)), FitSpec(noise=Noise("squared"), draws=0, starts=8)
    )
    found = {}
    for name in dict.fromkeys(names.tolist()):
        part = seen.rows(names == name)
        found[name] = r2(part.y, law.predict(fit.coef, part.columns)), name in schedules
    return found


def r2(y: Array, predicted: Array) -> float:
    """Return the share of the variance that is explained."""
    return float(1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))


def step_law(data: Path) -> FitResult:
    """Return the batch law fitted to the bottom of the bowl of each of the 17 cells of size and tokens."""
    runs = pd.read_csv(data / "steplaw" / "dense_lr_bs_loss.csv")
    cells = []
    for (_, tokens), cell in runs.groupby(["N", "D"]):
        loss = cell["smooth loss"].to_numpy()
        near = cell[loss < BOWL * loss.min()]
        u, v = np.log(near.lr.to_numpy()), np.log(near.bs.to_numpy())
        design = np.column_stack([np.ones(len(u)), u, v, u * u, u * v, v * v])
        _, a, b, c, d, e = np.linalg.lstsq(design, np.log(near["smooth loss"].to_numpy()), rcond=None)[0]
        cells.append((tokens, np.exp(np.linalg.solve([[2 * c, d], [d, 2 * e]], [-a, -b])[1])))
    seen, sequences = np.array(cells).T
    rows = observations("batch_tokens", 2048 * sequences, tokens=seen)
    return fit_observations(get("optimal_batch"), rows, FitSpec(noise=Noise("squared"), draws=0, starts=4))


def addition(data: Path) -> tuple[FitResult, float, float]:
    """Return BNSL fitted to 14 sizes of the addition task, and RMS errors of ln(y + 1) there and on the last three."""
    rows = pd.read_csv(data / "bnsl_addition" / "bnsl_4digit_addition.csv")
    y, x = rows.test_loss.to_numpy(), rows.dataset_size.to_numpy(float)
    law = get("bnsl", input="examples_seen")
    fit = fit_observations(law, observations("loss", y[:14], examples_seen=x[:14]), ADDITION)
    miss = np.log1p(law.predict(fit.coef, {"examples_seen": x})) - np.log1p(y)
    return fit, float(np.sqrt(np.mean(miss[:14] ** 2))), float(np.sqrt(np.mean(miss[14:] ** 2)))


ADDITION = FitSpec(noise=Noise("squared"), draws=0, starts=200)
