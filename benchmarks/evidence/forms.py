"""Laws of mixtures, experts, precision, fine-tuning, images and shapes."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evidence._row import Row
from scalelaw.core.errors import BadInput
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.reading.load import load_runs
from scalelaw.testing.law_checks import LAW_CHECKS, instances
from scalelaw.workflows.reproductions import finetuning, images, mixtures

FOLDERS = ("architecture", "data", "multimodal", "precision")
SLOWEST = 0.3


def timed(compute: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the CPU seconds it took."""
    before = time.process_time()
    return compute(), time.process_time() - before


def measure() -> Iterator[Row]:
    data = Path(os.environ["SCALELAW_DATA"])
    yield from _mixtures(data)
    for task, (rectified, power) in finetuning.PUBLISHED.items():
        found, seconds = timed(
            lambda task=task: [finetuning.deviation(data, task, law) for law in ("rectified", "power[input=examples]")]
        )
        yield Row(f"{task}: rectified <= {rectified}, power law with a floor <= {power}",
                  f"{found[0]:.4f}, {found[1]:.4f} over 30 models", found[0] <= rectified and found[1] <= power,
                  f"scalelaw reproduce rectified-{task} power-{task}", seconds)  # fmt: skip
    exponent, seconds = timed(lambda: images.clip_exponent(data, "LAION-2B"))
    yield Row("CLIP exponent -0.114 (ImageNet error, LAION-2B)", f"{exponent:.4f}", abs(exponent + 0.114) < 6e-4,
              "scalelaw reproduce clip", seconds)  # fmt: skip
    yield _shapes(data)
    yield _conformance()
    yield _misuse()


def _mixtures(data: Path) -> Iterator[Row]:
    fits, seconds = timed(lambda: {name: mixtures.two_domains(data, name) for name in ("Github", "Pile-CC")})
    worst = {name: mixtures.largest_residual(fit) for name, fit in fits.items()}
    said = ", ".join(f"{name} {value:.5f} of {np.ptp(fits[name].rows.y):.3f}" for name, value in worst.items())
    yield Row("2Mix: largest residual <= 0.0044; losses span 0.19", said, max(worst.values()) <= 0.0044,
              "scalelaw reproduce mixing", seconds)  # fmt: skip
    for pinned in (True, False):
        fit, seconds = timed(lambda pinned=pinned: mixtures.seven_domains(data, pinned=pinned))
        rest = "" if pinned else "; the fit reports that k and t of an output are not determined separately"
        said = (
            f"{len(fit.coef)} coefficients on {len(fit.rows.y)} rows: objective {fit.objective:.7f}, sd of residuals "
            f"{np.std(fit.residuals):.4f}, {fit.status.agreeing} of {fit.status.starts} starts agree{rest}"
        )
        stated = fit.status.certified if pinned else any("do not determine" in each for each in fit.status.doubts)
        yield Row(f"seven domains on seven outputs, {'pinned' if pinned else 'not pinned, as in the paper'}: "
                  "starts agree",
                  said, stated and fit.status.agreeing >= 3, fit.law.spelling, seconds)  # fmt: skip
    ranks, seconds = timed(lambda: [mixtures.regmix_rank(data, size) for size in ("1m", "1B")])
    said = " and ".join(f"{100 * rank:.2f}" for rank in ranks)
    holds = max(abs(ranks[0] - 0.902), abs(ranks[1] - 0.877)) < 1e-3
    yield Row("RegMix linear: rank correlation 90.2 and 87.7", said, holds, "scalelaw reproduce regmix", seconds)


def _shapes(data: Path) -> Row:
    def both() -> tuple[Any, Any]:
        source = data / "gemstones" / "gemstones_cool_end.jsonl"
        rows = load_runs(source, columns={"params": "params_active_precise"}).curves()
        return tuple(fit_observations(get(name), rows, FitSpec(draws=200)) for name in ("chinchilla", "shaped"))

    (plain, shaped), seconds = timed(both)
    penalty, best = shaped.coefficients()["P"], float(np.exp(shaped.coef[6]))
    said = (
        f"objective {plain.objective:.6f} to {shaped.objective:.6f}; a ratio off by a factor of e costs "
        f"{penalty['value']:.4f} ({penalty['lo']:.4f} to {penalty['hi']:.4f}) nats/token; best at {best:.1f}"
    )
    return Row("Gemstones: shape explains part of the residuals of N and D (not promised)", said,
               shaped.objective < plain.objective, "sl.fit('shaped', gemstones)", seconds)  # fmt: skip


def _conformance() -> Row:
    spent: dict[str, float] = {}
    laws = [law for law in instances() if type(law).__module__.split(".")[-2] in FOLDERS]
    for law in laws:
        _, spent[law.spelling] = timed(lambda law=law: [check(law) for check in LAW_CHECKS.values()])
    slowest = max(spent, key=lambda name: spent[name])
    over = ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items() if seconds > SLOWEST)
    said = f"{len(laws)} shapes, mean {np.mean(list(spent.values())):.3f}, slowest {slowest} {spent[slowest]:.2f}"
    said += f"; over: {over}" if over else ""
    return Row(f"every law of {', '.join(FOLDERS)} conforms in <= {SLOWEST} CPU s", said,
               not over, "pytest tests/conformance/test_laws.py", sum(spent.values()))  # fmt: skip


def _misuse() -> Row:
    caught = []
    n = np.geomspace(1e8, 1e10, 12)
    cases = {
        "mixture short of one": ("mixing", {"mixture": np.full((12, 2), 0.4), "loss": np.linspace(3, 2, 12)}),
        "total for active": ("joint_experts", {"params": n, "params_active": n, "tokens": n[::-1] * 20,
                                               "experts": np.tile([4.0, 8, 16], 4), "loss": np.linspace(3, 2, 12)}),
    }  # fmt: skip
    before = time.process_time()
    for name, (law, table) in cases.items():
        shares = table.pop("mixture", None)
        columns = table if shares is None else {**table, "mixture.a": shares[:, 0], "mixture.b": shares[:, 1]}
        try:
            fit_observations(get(law), load_runs(columns).endpoints(), FitSpec(draws=0))
        except BadInput as error:
            caught.append(f"{name}: {str(error).partition(';')[0]}")
    return Row("refused: a mixture that does not sum to one, and total params given as active params",
               " · ".join(caught),
               len(caught) == len(cases), "sl.fit", time.process_time() - before)  # fmt: skip
