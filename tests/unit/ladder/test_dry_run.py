"""What a ladder takes: sums over rungs, devices, memory; the clock against what was measured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.accounting import Architecture
from scalelaw.accounting.energy import energy_kwh
from scalelaw.accounting.flops import CONVENTIONS
from scalelaw.accounting.hardware import DEVICES, Device, device
from scalelaw.accounting.memory import training_memory
from scalelaw.accounting.money import cost_dollars
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.ladder import Grid, Ladder, Shapes, recipe

MEASURED = {16: 39.0, 24: 50.0, 32: 69.0, 64: 119.0, 96: 193.0, 128: 340.0}
"""Width -> CPU seconds to 4M tokens on one core (our prototype)."""


@pytest.mark.parametrize("width", MEASURED)
def test_the_clock_of_a_core_is_the_measured_one(width: int) -> None:
    (cost,) = Ladder("x", (Grid((width,), ("4M",)),)).dry_run("cpu").rungs
    assert cost.hours * 3600 == pytest.approx(MEASURED[width], rel=0.02)


def test_the_demo_that_was_timed_is_foretold() -> None:
    """Two cores trained it in 172 s (our prototype)."""
    rungs = (Grid((16, 24, 32, 48), ("0.5M", "1M", "2M")), Grid((64,), ("0.5M", "1M")), Grid((96,), ("2M",)))
    assert Ladder("demo", rungs).dry_run("cpu", workers=2).wall_hours * 3600 == pytest.approx(172, rel=0.25)


def test_totals_are_sums_over_rungs_seeds_and_branches() -> None:
    once = Ladder("x", (Grid((16, 96), ("1M", "2M")),))
    thrice = replace(once, grids=(Grid((16, 96), ("1M", "2M"), seeds=3),))
    run, more = once.dry_run("cpu"), thrice.dry_run("cpu")
    for name in CONVENTIONS:
        assert more.flops(name) == pytest.approx(3 * run.flops(name))
        assert run.flops(name) == sum(rung.flops(rung.trunk.tokens, name) for rung in once.rungs)
    assert more.hours == pytest.approx(3 * run.hours)
    assert [each.steps for each in run.rungs] == [rung.trunk.steps for rung in once.rungs]
    assert [each.steps for each in more.rungs] == [3 * each.steps for each in run.rungs]
    assert run.flops() == pytest.approx(once.flops)
    assert run.to_dict()["total"]["flops"]["porian_att"] == run.flops()


def test_workers_share_the_work_but_no_trunk() -> None:
    ladder = Ladder("x", (Grid((16, 96), ("1M", "2M"), seeds=2),))
    alone, many = ladder.dry_run("cpu"), ladder.dry_run("cpu", workers=100)
    assert alone.wall_hours == pytest.approx(alone.hours)
    assert many.wall_hours == pytest.approx(alone.rungs[1].hours / 2)
    with pytest.raises(BadInput, match="workers = 0"):
        ladder.dry_run("cpu", workers=0)


def test_the_published_checks_of_hours_money_and_energy() -> None:
    """C 3.8e25 at 40 % of an H100, utilisation .8, PUE 1.2, no overhead of the node (laws/pretraining.md, 15)."""
    h100 = device("h100")
    hours = h100.hours(1e12, 3.8e25)
    assert hours == pytest.approx(2.668e7, rel=1e-3)
    assert energy_kwh(hours, h100, node_overhead=1.0) == pytest.approx(17_930e3, rel=1e-3)
    assert cost_dollars(hours, replace(h100, dollars_per_hour=2.5), restarts=0) == pytest.approx(66.7e6, rel=1e-3)
    assert device("b200").hours(1e12, 3.8e25) == pytest.approx(1.173e7, rel=1e-3)


@given(st.floats(1e3, 1e13), st.floats(1.0, 100.0), st.sampled_from(sorted(DEVICES)))
def test_rates_are_positive_and_below_the_peak(params: float, times: float, name: str) -> None:
    chosen = device(name)
    assert 0 < chosen.flops_per_s(params) < chosen.peak_flops_per_s
    assert chosen.hours(params, times) == pytest.approx(times * chosen.hours(params, 1.0))


def test_every_number_of_a_device_has_its_source() -> None:
    for each in DEVICES.values():
        assert {"peak_flops_per_s", "watts", "dollars_per_hour", "rates"} <= set(each.sources)


def test_what_is_not_known_of_a_device_is_absent() -> None:
    bare = Device("mine", 1e12, None, None, None, ((1e6, 1e11),), {"rates": "measured"})
    run = Ladder("x", (Grid((16, 96), ("1M", "2M")),)).dry_run(bare)
    assert run.energy_kwh is None and run.dollars is None
    assert "unknown" in str(run)
    assert run.to_dict()["total"]["energy_kwh"] is None


def test_an_unknown_device_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'h100'"):
        Ladder("x", (Grid((16, 96), ("1M", "2M")),)).dry_run("h1000")


def test_states_and_activations_follow_the_shape() -> None:
    shape = Architecture(layers=2, width=64, vocab_size=512, heads=4, qk_norm="scale")
    adam = training_memory(shape, 1024, bytes_per_value=4)
    assert adam.states == 16 * (98_626 + 2 * 512 * 64)
    muon = training_memory(shape, 1024, optimizer="muon", bytes_per_value=4)
    assert adam.states - muon.states == 4 * 2 * 12 * 64 * 64
    assert training_memory(shape, 2048).activations == 2 * training_memory(shape, 1024).activations
    assert training_memory(shape, 1024).total == sum(vars(training_memory(shape, 1024)).values())


def test_a_batch_too_large_for_a_device_passes_in_parts_and_a_model_too_large_is_flagged() -> None:
    shapes, how = Shapes(16, 64, 32768), recipe("adamw-step-law")
    fits = Ladder("x", (Grid((512, 1024), tokens_per_param=(20, 80)),), shapes, how)
    run = fits.dry_run("h100")
    assert max(each.parts for each in run.rungs) > 1
    assert all(each.memory_bytes <= 80e9 for each in run.rungs)
    huge = Ladder("x", (Grid((512, 8192), tokens_per_param=(20, 80)),), shapes, how)
    assert "MEMORY_EXCEEDED" in {finding.code for finding in huge.dry_run("h100").findings}
