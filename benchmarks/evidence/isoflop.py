"""The optimum without a law: IsoFLOP, its bias and coverage, and Kaplan's exponent explained."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import isoflop_surfaces as surfaces
import scalelaw as sl
from evidence._row import Row, run

PORIAN = "$SCALELAW_DATA/porian/porian_isoflop_points.csv"
EXPLAIN = (
    "scalelaw", "explain", PORIAN, "--flops", "5.88e23", "--column", "params=n", "--column", "tokens=t",
    "--base", "dataset=rw,hparams=base,warmup=long,decay=kaplan,param_count=kaplan",
    "--step", "head FLOPs:param_count=standard", "--step", "warm-up:warmup=short", "--step", "decay:decay=chinchilla",
    "--step", "tuned:hparams=tuned,decay=const", "--profile", "akima", "--noise", "0.002", "--level", "0.95", "--json",
)  # fmt: skip
PUBLISHED = {0.835: (0.82, 0.85), 0.706: (0.69, 0.72), 0.602: (0.59, 0.62), 0.571: (0.56, 0.59), 0.497: (0.49, 0.50)}
GEMSTONES = {"hot": 0.0019816129, "hot_100b+": 0.0065925344, "cool_end": 0.0019640865}
DESIGNS = {
    "centred, 1 decade": surfaces.Design(1.0),
    "off-centre": surfaces.Design(0.6, 0.25),
    "drifting": surfaces.Design(0.8, -0.2, 0.4),
}
TABLES = 500
FEWER = 100


def measure() -> Iterator[Row]:
    yield _porian()
    for name, objective in GEMSTONES.items():
        yield _gemstones(name, objective)
    command = ("pytest", "-q", "tests/golden/test_datablations.py")
    said, seconds = run(*command)
    yield Row(
        "datablations: the fit finds an objective of 0.015807 or below", f"{said.strip().splitlines()[-1]} (0.0158047)",
        "passed" in said and "failed" not in said, " ".join(command), seconds,
    )  # fmt: skip
    yield _exact()
    yield from _parabola()
    for name in ("Besiroglu", "asymmetric"):
        yield _coverage(name, surfaces.NOISES[0], TABLES)
    for kind in surfaces.NOISES[1:]:
        yield _coverage("asymmetric", kind, FEWER)


def _porian() -> Row:
    said, seconds = run(*EXPLAIN)
    found = [reading["exponent"] for reading in json.loads(said)["readings"]]
    near = all(
        abs(a["value"] - value) <= 0.01 and a["lo"] <= high and a["hi"] >= low
        for a, (value, (low, high)) in zip(found, PUBLISHED.items(), strict=True)
    )
    told = ", ".join(f"{a['value']:.3f} ({a['lo']:.3f}, {a['hi']:.3f})" for a in found)
    promise = "Porian's exponents 0.835, 0.706, 0.602, 0.571, 0.497 within 0.01; intervals overlap the published ones"
    return Row(promise, told, near, " ".join(EXPLAIN[:3]) + " ...", seconds)


def _gemstones(name: str, objective: float) -> Row:
    file = Path(os.environ["SCALELAW_DATA"]) / "gemstones" / f"gemstones_{name}.jsonl"
    before = time.process_time()
    runs = sl.load_runs(file, columns={"params": "params_active_precise"})
    fit = sl.fitting.fit_observations(sl.laws.get("chinchilla"), runs.curves(), sl.fitting.FitSpec(draws=0))
    promise = f"Gemstones {name}, delta 1e-3: objective at or below {objective}"
    held = fit.objective <= objective * (1 + 1e-7)
    return Row(promise, f"{fit.objective:.10f}", held, "sl.fit(...curves())", time.process_time() - before)


def _exact() -> Row:
    before = time.process_time()
    errors = [surfaces.bias(name, design, "powers")[:2] for name in surfaces.SURFACES for design in DESIGNS.values()]
    slope, size = np.abs(errors).max(axis=0)
    return Row(
        "powers profile, noise-free: exponent within 0.001 and N* within 1 %, 4 surfaces x 3 designs",
        f"{slope:.1e}, {size:.1e}", bool(slope <= 1e-3 and size <= 0.01), "python benchmarks/isoflop_surfaces.py",
        time.process_time() - before,
    )  # fmt: skip


def _parabola() -> Iterator[Row]:
    for name, design in DESIGNS.items():
        before = time.process_time()
        slope, size, found = surfaces.bias("asymmetric", design, "parabola")
        assert found.bias is not None
        told = found.bias.size["parabola"]
        said = float(told[np.abs(told).argmax()])
        drift = found.bias.exponent["parabola"]
        held = abs(said - size) <= 0.01 and abs(drift - slope) <= 1e-3
        measured = f"N* {size:+.1%}, reported {said:+.1%}; exponent {slope:+.4f}, reported {drift:+.4f}"
        promise = f"parabola, alpha 0.465, beta 0.155, {name}: the reported bias has the right sign and size"
        yield Row(promise, measured, held, "python benchmarks/isoflop_surfaces.py", time.process_time() - before)


def _coverage(name: str, kind: str, tables: int) -> Row:
    before = time.process_time()
    shares, failed = surfaces.coverage(name, kind, tables)
    promised = tables == TABLES
    said = "" if promised else " (not promised)"
    return Row(
        f"{tables} noisy tables, {name}, {kind}: 86-94 % of 90 % intervals of a and N* contain the truth{said}",
        f"a {shares[0]:.1%}, N* at 10x {shares[1]:.1%}, N* inside {shares[2]:.1%}; {failed} failed",
        not promised or bool(np.all((shares >= 0.86) & (shares <= 0.94)) and not failed),
        f"python benchmarks/isoflop_surfaces.py {tables}",
        time.process_time() - before,
    )  # fmt: skip
