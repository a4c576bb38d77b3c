"""Mixtures: the exponential law on two and on seven domains, and the linear ranking of RegMix."""

from pathlib import Path

import numpy as np

from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import Law, get
from scalelaw.runs.observations import Observations
from scalelaw.workflows.reproductions._figure import Figure, columns, observations, rank_correlation

_YE = "an independent refit of the losses of Ye et al. 2024, arXiv 2403.16952"
_LIU = "Liu et al. 2024, arXiv 2407.01492"
_STEP = 30000
SEVEN_OUTPUTS = ("ArXiv", "Books3", "Github", "OpenWebText2", "Pile-CC", "StackExchange", "Wikipedia_en")
"""Outputs of the seven-domain fit: those nearest to the domains of RedPajama."""


def mixing_rows(folder: Path, set_name: str, size: str, outputs: tuple[str, ...]) -> Observations:
    """Return mean losses of every mixture at its last common step, one row per run and output.

    Shares in run names are rounded (one mixture sums to 1.02), so they are divided by their sum.
    """
    table = columns(folder / "mixing_laws" / "mixing_laws_all.parquet")
    loss, domain = np.asarray(table["loss"], float), np.asarray(table["valid_domain"]).astype(str)
    kept = (table["set"] == set_name) & (table["model_size"] == size) & (np.asarray(table["step"], float) == _STEP)
    kept &= np.isin(domain, outputs)
    mixtures = np.asarray(table["proportions"]).astype(str)
    keys = sorted({(mixtures[i], domain[i]) for i in np.flatnonzero(kept)})
    y = np.array([loss[kept & (mixtures == mixture) & (domain == output)].mean() for mixture, output in keys])
    shares = np.array([[float(share) for share in mixture.split("-")] for mixture, _ in keys])
    shares /= shares.sum(axis=1, keepdims=True)
    number = {mixture: i for i, mixture in enumerate(sorted({mixture for mixture, _ in keys}))}
    x = {"mixture": shares, "eval_set": np.array([output for _, output in keys], dtype=object)}
    cluster = np.array([number[mixture] for mixture, _ in keys])
    return Observations("loss", x, y, cluster, np.ones(len(y)), len(y))


def two_domains(folder: Path, output: str, size: str = "70M") -> FitResult:
    """Return the fit of the exponential law to the five mixtures of two domains."""
    law = get("mixing")
    return fit_observations(law, mixing_rows(folder, "2Mix", size, (output,)), _spec(Noise("squared", on="raw"), 64))


def seven_domains(folder: Path, *, pinned: bool = True, starts: int = 32) -> FitResult:
    """Return the fit of seven outputs to 42 mixtures of seven domains: 56 coefficients, or 63 if the last t is free."""
    law = get("mixing", domains=7, outputs=7, pinned=pinned)
    return fit_observations(
        law, mixing_rows(folder, "RedPajama", "70M", SEVEN_OUTPUTS), _spec(Noise(delta=0.02), starts)
    )


def _spec(noise: Noise, starts: int) -> FitSpec:
    return FitSpec(noise=noise, draws=0, starts=starts)


def largest_residual(fit: FitResult) -> float:
    """Return the largest |predicted - measured| loss, nats per token."""
    return float(np.abs(np.asarray(fit.law.predict(fit.coef, fit.rows.x)) - fit.rows.y).max())


def regmix_rank(folder: Path, size: str) -> float:
    """Return the rank correlation between a linear model of 1M-parameter runs and larger runs, on Pile-CC."""
    law, train = get("linear_mixture", domains=17, intercept=True), _regmix(folder, "train", "1m")
    fit = fit_observations(law, observations(*train), _spec(Noise("squared", on="raw"), 4))
    x, y = _regmix(folder, "test", size)
    return rank_correlation(_predicted(law, fit, x), y)


def _predicted(law: Law, fit: FitResult, x: dict[str, AnyArray]) -> Array:
    return np.asarray(law.predict(fit.coef, x))


def _regmix(folder: Path, part: str, size: str) -> tuple[dict[str, AnyArray], Array]:
    shares = columns(folder / "regmix" / f"{part}_mixture_{size}.csv")
    losses = columns(folder / "regmix" / f"{part}_pile_loss_{size}.csv")
    mixture = np.column_stack([values for name, values in shares.items() if name.startswith("train_")])
    return {"mixture": mixture}, np.asarray(losses["metric/the_pile_pile_cc_val_loss"], float)


FIGURES = (
    Figure(
        "mixing-github", "largest residual of two domains, Github, of a range of 0.19", 0.0044,
        lambda folder: largest_residual(two_domains(folder, "Github")), 5e-5, _YE, "mixing_laws", "below",
    ),
    Figure(
        "mixing-pile-cc", "largest residual of two domains, Pile-CC, of a range of 0.20", 0.0044,
        lambda folder: largest_residual(two_domains(folder, "Pile-CC")), 5e-5, _YE, "mixing_laws", "below",
    ),
    Figure(
        "regmix-printed-1m", "rank correlation of the linear model, 1M parameters, as printed", 0.901,
        lambda folder: regmix_rank(folder, "1m"), 2e-3, _LIU, "regmix", unverified=True,
    ),
    Figure(
        "regmix-printed-1b", "rank correlation of the linear model, 1B parameters, as printed", 0.880,
        lambda folder: regmix_rank(folder, "1B"), 2e-3, _LIU, "regmix", unverified=True,
        why="shares that sum to one determine no intercept; without one it is 0.879",
    ),
    Figure(
        "regmix-1m", "rank correlation of the linear model, 1M parameters", 0.9021,
        lambda folder: regmix_rank(folder, "1m"), 5.1e-5, f"an independent refit of {_LIU}", "regmix",
    ),
    Figure(
        "regmix-1b", "rank correlation of the linear model, 1B parameters", 0.8766,
        lambda folder: regmix_rank(folder, "1B"), 5.1e-5, f"an independent refit of {_LIU}", "regmix",
    ),
)  # fmt: skip
