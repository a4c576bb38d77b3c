"""Calibration: the terms that made the misses are found, every source counts alike, and factors hold on new sources."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.forecasting import calibration
from scalelaw.forecasting.calibration import (
    Calibration,
    CalibrationCase,
    WidthTerms,
    calibrate,
    load_calibration,
    shipped,
)


def record(by: str, table: str, draws: Array, forms: Array, missed: Array) -> CalibrationCase:
    return CalibrationCase(by, table, WidthTerms(np.zeros_like(draws), draws, forms), missed)


def simulated(
    rng: np.random.Generator, source: str, cases: int = 40, run: float = 1.5, forms: float = 0.0
) -> list[CalibrationCase]:
    made = []
    for case in range(cases):
        draws, apart = (np.exp(rng.normal(np.log(0.02), 1.0, 12)) for _ in range(2))
        width = np.sqrt((run * draws) ** 2 + (forms * apart) ** 2)
        made.append(record(source, f"{source} {case % 4}", draws, apart, width * rng.standard_t(5, 12)))
    return made


def test_what_made_the_misses_is_found(rng: np.random.Generator) -> None:
    records = [each for source in "abcd" for each in simulated(rng, source, run=1.5, forms=0.5)]
    found = calibrate(records)
    assert found.terms["run"] == pytest.approx(1.5, rel=0.15)
    assert found.terms["forms"] == pytest.approx(0.5, rel=0.35)
    fresh = simulated(rng, "new", cases=200, run=1.5, forms=0.5)
    for level, factor in found.factors.items():
        inside = np.mean([np.mean(np.abs(r.missed) <= factor * found.width(r.doubt)) for r in fresh])
        assert inside == pytest.approx(level, abs=0.04)


def test_a_source_of_many_tables_counts_as_one(rng: np.random.Generator) -> None:
    """Nine tenths of all forecasts come from one source whose misses are small; half of the say is another's."""
    calm, wild = simulated(rng, "calm", cases=90, run=0.5), simulated(rng, "wild", cases=10, run=4.0)
    found = calibrate([*calm, *wild])
    equal = calibrate([*calm[:10], *wild])
    assert found.terms["run"] == pytest.approx(equal.terms["run"], rel=0.35)
    assert found.terms["run"] > 1.0


def test_factors_are_read_off_sources_that_were_not_learned_on(rng: np.random.Generator) -> None:
    """Sources that differ threefold need wider factors than runs of one source do."""
    alike = calibrate([each for source in "abcd" for each in simulated(rng, source, run=1.0)])
    unlike = calibrate([each for source, run in zip("abcd", (0.3, 0.3, 0.3, 3.0), strict=True)
                        for each in simulated(rng, source, run=run)])  # fmt: skip
    assert unlike.factors[0.95] / unlike.factors[0.5] > 1.5 * alike.factors[0.95] / alike.factors[0.5]


def test_one_source_teaches_nothing_about_others(rng: np.random.Generator) -> None:
    with pytest.raises(BadInput, match="two or more sources, got a"):
        calibrate(simulated(rng, "a"))


def test_the_shipped_one_says_where_it_comes_from() -> None:
    known = shipped()
    assert len(known.sources) >= 6 and known.cases > 100 and known.date and known.protocol
    assert list(known.factors) == sorted(known.factors)
    assert all(np.diff(list(known.factors.values())) > 0)


def test_written_and_read_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(shipped().to_dict()))
    assert load_calibration(path).digest == shipped().digest
    path.write_text("{}")
    with pytest.raises(BadInput, match="not a calibration"):
        load_calibration(path)
    path.write_text(json.dumps({**shipped().to_dict(), "schema": "scalelaw.calibration/1"}))
    with pytest.raises(BadInput, match="make a new one with `scalelaw calibrate`"):
        load_calibration(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load_calibration(tmp_path / "none.json")


def test_a_mean_is_narrower_than_a_run() -> None:
    known = Calibration({"run": 1.0, "forms": 1.0}, {0.9: 1.0})
    doubt = WidthTerms(np.array([0.03]), np.array([0.04]), np.array([0.0]))
    assert known.width(doubt) == pytest.approx([0.05])
    assert known.width(doubt, of_run=False) == pytest.approx([0.04])


def test_a_source_is_measured_by_terms_learned_without_it(rng: np.random.Generator) -> None:
    """Terms that stand for whom they were learned on: 2, 3, 4 without a, b, c, and 50 of all three."""
    learned = {("b", "c"): 2.0, ("a", "c"): 3.0, ("a", "b"): 4.0, ("a", "b", "c"): 50.0}

    def terms(records: list[CalibrationCase]) -> Array:
        return np.full(2, learned[tuple(sorted({each.by for each in records}))])

    records = [each for source in "abc" for each in simulated(rng, source, cases=4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_terms", terms)
        found = calibrate(records)
    without = {"a": 2.0, "b": 3.0, "c": 4.0}
    sizes = np.concatenate([
        np.abs(each.missed) / (without[each.by] * np.hypot(*each.doubt.columns())) for each in records
    ])  # fmt: skip
    assert found.terms == {"run": 50.0, "forms": 50.0}
    for level, factor in found.factors.items():
        assert np.mean(sizes <= factor) == pytest.approx(level, abs=1.5 / len(sizes))


def test_misses_of_a_source_scale_its_own_sizes_and_no_others(rng: np.random.Generator) -> None:
    """A hundred times the misses of one source of nine moves the outer factors by a hundred, were they not its own."""
    records = [each for source in "abcdefghi" for each in simulated(rng, source, cases=4)]
    wild = [replace(each, missed=100 * each.missed) if each.by == "i" else each for each in records]
    calm, stirred = calibrate(records), calibrate(wild)
    assert stirred.factors[0.95] > 10 * calm.factors[0.95]
