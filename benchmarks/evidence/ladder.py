"""Ladders before training: parameter counts, branches, estimated time, half-widths, cost of the search."""

import csv
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

import scalelaw as sl
from evidence._row import Row
from scalelaw.accounting import count_params
from scalelaw.core.types import Array
from scalelaw.designing.assumed import FORM, assumed
from scalelaw.designing.half_width import coefficient_sd, inputs, log_slopes
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.ladder import Grid, Ladder, Shapes, trunk

COUNTED = {16: 6_226, 24: 13_946, 32: 24_738, 64: 98_626, 96: 221_666, 128: 393_858}
TIMED = 172.0
REFITS = 400
CUTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
BINS = ((0.3, 0.7), (0.7, 1.2), (1.2, 2.0))
FEWEST = 5


def measure() -> Iterator[Row]:
    yield _counts()
    yield _branches()
    yield _clock()
    yield _refits()
    yield _form()
    yield _held_out()
    yield from _designs()


def _counts() -> Row:
    before = time.process_time()
    found = {width: count_params(Shapes().at(width)).non_embedding for width in COUNTED}
    right = sum(found[width] == count for width, count in COUNTED.items())
    return Row(
        "parameter counts equal those of six widths trained in torch", f"{right} of 6",
        found == COUNTED, "sl.ladder.Shapes().at(width)", time.process_time() - before,
    )  # fmt: skip


def _branches() -> Row:
    before = time.process_time()
    grown = trunk([0.5e6, 1e6, 2e6, 4e6], 1024)
    share, shorter = grown.tokens / grown.separate_tokens, trunk([10e6, 20e6, 30e6], 1000)
    exact = shorter.tokens / shorter.separate_tokens
    return Row(
        "branches at 10M, 20M and 30M tokens cost 0.60 of separate runs; "
        "at 0.5M, 1M, 2M and 4M about 1.2 times the longest run instead of 1.9",
        f"{exact:.3f}; {grown.tokens / 4e6:.2f} instead of {grown.separate_tokens / 4e6:.2f} ({share:.2f})",
        abs(exact - 0.6) < 1e-9, "sl.ladder.trunk(...)", time.process_time() - before,
    )  # fmt: skip


def _clock() -> Row:
    before = time.process_time()
    rungs = (Grid((16, 24, 32, 48), ("0.5M", "1M", "2M")), Grid((64,), ("0.5M", "1M")), Grid((96,), ("2M",)))
    foretold = Ladder("demo", rungs).dry_run("cpu", workers=2).wall_hours * 3600
    return Row(
        "the dry run estimates the time of the prototype's demo (172 s on two cores) within 25 %", f"{foretold:.0f} s",
        abs(foretold / TIMED - 1) < 0.25, 'ladder.dry_run("cpu", workers=2)', time.process_time() - before,
    )  # fmt: skip


def _refits() -> Row:
    """Compare the linearised half-width of the coefficients with refits of simulated tables, at the assumed noise."""
    before = time.process_time()
    known = assumed("chinchilla@besiroglu2024")
    grid = Grid((256, 384, 512, 768, 1024), tokens_per_param=(10, 40, 160), seeds=2)
    ladder = Ladder("mid", (grid,), Shapes(layers=12, head_dim=64, vocab_size=32768))
    x, member = inputs(ladder.fitted, known.n)
    goal = {"params": np.array([3e9]), "tokens": np.array([6e10])}
    expected = coefficient_sd(known, log_slopes(known, x), member, log_slopes(known, goal)[0])
    assert expected is not None
    rng, true = np.random.default_rng(0), np.log(known.law.predict(known.coef, x))
    found = []
    for _ in range(REFITS):
        own, of_trunk = rng.standard_normal(len(true)), rng.standard_normal(member.max() + 1)[member]
        y = true + known.noise * (np.sqrt(1 - known.shared) * own + np.sqrt(known.shared) * of_trunk)

        def residual(log_coef: Array, y: Array = y) -> Array:
            return np.asarray(np.log(known.law.predict(np.exp(log_coef), x)) - y)

        def slopes(log_coef: Array) -> Array:
            return log_slopes(replace(known, coef=np.exp(log_coef)), x)

        fit = least_squares(residual, np.log(known.coef), jac=slopes, method="lm")
        found.append(float(np.log(known.law.predict(np.exp(fit.x), goal))[0]))
    ratio = float(np.std(found)) / expected
    return Row(
        f"half-width of the coefficients within 15 % of the spread of {REFITS} simulated refits",
        f"expected sd of the forecast {expected:.3%}; simulated sd differs by {ratio - 1:+.1%}", abs(ratio - 1) < 0.15,
        "sl.designing.expected_half_width(ladder)", time.process_time() - before,
    )  # fmt: skip


def _form() -> Row:
    """Measure what a fit to the cheaper runs misses beyond its own spread, by decades beyond the dearest of them."""
    before = time.process_time()
    file = Path(os.environ["SCALELAW_DATA"]) / "chinchilla_epoch" / "svg_extracted_data.csv"
    rows = sl.load_runs(file).exclude_top(loss=5, reason="as published").endpoints()
    law = sl.laws.get("chinchilla")
    x = rows.inputs(law.inputs)
    log_flops = np.log10(x["params"] * x["tokens"])
    excess: dict[tuple[float, float], list[float]] = {each: [] for each in BINS}
    for share in CUTS:
        cut = np.quantile(log_flops, share)
        fit = fit_observations(law, rows.rows(np.flatnonzero(log_flops <= cut)), FitSpec(draws=200, starts=16))
        for low, high in BINS:
            at = (log_flops - cut >= low) & (log_flops - cut < high)
            if at.sum() < FEWEST:
                continue
            points = {name: values[at] for name, values in x.items()}
            mean, drawn = fit.predict(points).mean, fit.sample(points, "new_run")
            assert drawn is not None
            error = np.log(rows.y[at] / mean)
            excess[low, high].append(float(np.mean(error**2) - np.mean((drawn / mean).std(axis=0) ** 2)))
    found = {(low + high) / 2: float(np.sqrt(max(0.0, np.mean(each)))) for (low, high), each in excess.items()}
    told = ", ".join(f"{size:.2%} at {decades:.2g} decades" for decades, size in found.items())
    near = all(0.7 < size / (FORM * np.sqrt(decades)) < 1.4 for decades, size in found.items())
    promise = (
        "the form error, 1 % x root of the decades, is within 40 % of the error on Chinchilla's points beyond six cuts"
    )
    return Row(
        promise, told, near,
        "sl.fit on the cheaper runs", time.process_time() - before,
    )  # fmt: skip


def _held_out() -> Row:
    """Compare expected half-widths with the errors of chinchilla on the prototype's wider models."""
    before = time.process_time()
    told, inside = [], 0
    cases = [((16, 24, 32, 48), 2e6, (64, 96, 128)), ((16, 24, 32, 48, 64), 4e6, (96, 128))]
    for widths, longest, wider in cases:
        table, measured = _prototype(widths, longest)
        fit = fit_observations(sl.laws.get("chinchilla"), sl.load_runs(table).endpoints(), FitSpec(Noise(), draws=0))
        horizons = tuple(each for each in (0.5e6, 1e6, 2e6, 4e6) if each <= longest)
        for width in wider:
            ladder = Ladder("x", (Grid(widths, horizons), Grid((width,), (longest,), held_out=True)))
            half = sl.designing.expected_half_width(ladder).total
            assert half is not None
            params, tokens, loss = measured[width]
            forecast = fit.predict({"params": np.array([params]), "tokens": np.array([tokens])}).mean[0]
            error = float(np.log(forecast / loss))
            inside += abs(error) <= half
            told.append(f"{width}: {error:+.1%} of ±{half:.1%}")
    promise = (
        "expected 90 % half-widths cover chinchilla's errors on 4 or 5 of the prototype's five held-out models "
        "(the form error of 2 % was set from these models)"
    )
    return Row(
        promise, f"{inside} of 5 ({', '.join(told)})", inside >= 4, "sl.designing.expected_half_width(ladder)",
        time.process_time() - before,
    )  # fmt: skip


def _prototype(widths: tuple[int, ...], longest: float) -> tuple[dict[str, list[float]], dict[int, tuple[float, ...]]]:
    """Return the runs of these widths as a table, and width -> N, D, loss of the longest run of the wider ones."""
    file = Path(os.environ["SCALELAW_DATA"]).parent / "ladder_prototype.csv"
    table: dict[str, list[float]] = {"params": [], "tokens": [], "loss": []}
    wider: dict[int, tuple[float, ...]] = {}
    with file.open() as lines:
        for row in csv.DictReader(lines):
            width, tokens = int(row["d_model"]), float(row["tokens"])
            if row["n_layers"] != "2" or row["data"] != "512" or row["opt"] != "muon" or tokens > 1.01 * longest:
                continue
            if width in widths:
                for name, value in zip(table, (row["n_params_total"], tokens, row["val_loss"]), strict=True):
                    table[name].append(float(value))
            elif tokens > 0.9 * longest:
                wider[width] = (float(row["n_params_total"]), tokens, float(row["val_loss"]))
    return table, wider


def _designs() -> Iterator[Row]:
    for half_width in (0.02, 0.04):
        before = time.process_time()
        found = sl.designing.design(1e22, half_width)
        seconds = time.process_time() - before
        sure, flops = found.half_width.total, found.ladder.flops
        assert sure is not None
        runs = len(list(found.ladder.runs()))
        yield Row(
            f"a ladder for a forecast at 1e22 FLOP within {half_width:.0%} is found in 5 s and costs "
            "less than the target",
            f"{flops:.2g} FLOP, {runs} runs, ±{sure:.2%}, {found.half_width.reach:.3g} x beyond",
            sure <= half_width and flops < 1e22 and seconds < 5,
            f"scalelaw ladder design --target 1e22 --half-width {half_width:.0%}", seconds,
        )  # fmt: skip
