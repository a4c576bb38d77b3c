"""Hours, energy, money, memory and the default budget: each against its formula, every factor by itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.budget import default_budget
from scalelaw.accounting.energy import energy_kwh
from scalelaw.accounting.flops import CONVENTIONS
from scalelaw.accounting.hardware import DEVICES, Device, device
from scalelaw.accounting.memory import training_memory
from scalelaw.accounting.money import cost_dollars
from scalelaw.accounting.params import count_params
from scalelaw.accounting.pearce_song import check_embeddings, embedding_share
from scalelaw.core.errors import BadInput, UnknownName

POWERS = ((1e6, 1e12), (1e8, 1e14), (1e9, 2e14))
PLAIN = Device("plain", 1e15, 8e10, 500.0, 3.0, POWERS, {})


@given(st.floats(0.1, 1e6), st.floats(0.1, 1), st.floats(1, 2), st.floats(1, 2), st.floats(0, 1))
def test_energy_and_money_are_products(hours, utilisation, node, building, restarts):
    kwh = energy_kwh(hours, PLAIN, utilisation=utilisation, node_overhead=node, power_usage=building)
    assert kwh == pytest.approx(hours * 0.5 * utilisation * node * building)
    assert energy_kwh(hours, PLAIN) == pytest.approx(hours * 0.5 * 0.8 * 1.3 * 1.2)
    assert cost_dollars(hours, PLAIN, restarts=restarts) == pytest.approx(hours * 3.0 * (1 + restarts))
    assert cost_dollars(hours, PLAIN) == pytest.approx(hours * 3.3)


def test_what_is_unknown_of_a_device_is_not_estimated():
    unknown = replace(PLAIN, watts=None, dollars_per_hour=None)
    assert energy_kwh(1.0, unknown) is None and cost_dollars(1.0, unknown) is None


def test_rates_are_straight_lines_in_logarithms():
    for params, rate in ((1e6, 1e12), (1e7, 1e13), (1e8, 1e14), (1e9, 2e14), (1e15, 2e14), (1e5, 1e11), (1.0, 1e6)):
        assert PLAIN.flops_per_s(params) == pytest.approx(rate), params
    assert PLAIN.flops_per_s(10**8.5) == pytest.approx(2**0.5 * 1e14)
    assert PLAIN.hours(1e8, 7.2e18) == pytest.approx(20.0)
    one = replace(PLAIN, rates=((1e6, 5e12),))
    assert one.flops_per_s(1.0) == one.flops_per_s(1e12) == pytest.approx(5e12)


@pytest.mark.parametrize(
    "rates", [(), ((1e6, 1e12), (1e6, 2e12)), ((1e8, 1e12), (1e6, 2e12)), ((0.0, 1e12),), ((1e6, 0.0),)]
)
def test_rates_that_do_not_ascend_are_refused(rates):
    with pytest.raises(BadInput, match="device plain: rates must be positive pairs"):
        replace(PLAIN, rates=rates)


SHEETS = {  # peak dense bf16 FLOP/s, memory in GB, board watts
    "a100": (312e12, 80, 400), "h100": (989e12, 80, 700), "h200": (989e12, 141, 700), "b200": (2250e12, 192, 1000),
    "tpu-v5p": (459e12, 95, 550),
}  # fmt: skip


def test_devices_are_as_their_sheets_say():
    assert set(DEVICES) == {"cpu", *SHEETS}
    for name, (peak, gigabytes, watts) in SHEETS.items():
        each = device(name)
        assert (each.peak_flops_per_s, each.memory_bytes, each.watts) == (peak, gigabytes * 1e9, watts)
        assert each.bytes_per_value == 2 and each.dollars_per_hour is not None
        shares = [each.flops_per_s(size) / peak for size in (5e6, 20e6, 100e6, 1e9)]
        assert shares == pytest.approx([0.06, 0.15, 0.33, 0.40])
        assert set(each.sources) >= {"peak_flops_per_s", "watts", "dollars_per_hour", "rates"}
    assert device("cpu").bytes_per_value == 4 and device("cpu").memory_bytes is None
    with pytest.raises(UnknownName, match="Did you mean 'h100'"):
        device("h1000")


SHAPES = {
    "dense": Architecture(layers=3, width=32, vocab_size=500, heads=4, head_dim=16, ffn_width=96, gated=True),
    "tied": Architecture(layers=2, width=64, vocab_size=300, heads=2, kv_heads=1, tied=True, norm="layer"),
    "experts": Architecture(layers=4, width=32, vocab_size=500, heads=4, experts=8, top_k=2, expert_width=24,
                            shared_experts=1, dense_layers=1),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("optimizer", "of_matrices"), [("adamw", 16), ("muon", 12)])
@pytest.mark.parametrize("bytes_per_value", [1, 2, 4, 8])
def test_memory_is_counted_from_the_shape(shape, optimizer, of_matrices, bytes_per_value):
    counts = count_params(shape)
    stored = counts.attention + counts.mlp + counts.router + counts.idle_experts
    copy = counts.total * bytes_per_value if bytes_per_value < 4 else 0
    found = training_memory(shape, 1000, optimizer=optimizer, bytes_per_value=bytes_per_value)
    assert found.states == of_matrices * stored + 16 * (counts.total - stored) + copy
    values = shape.layers * (5 * shape.width + 6 * shape.attention_width + 2 * shape.feed_forward_width)
    assert found.activations == 1000 * values * bytes_per_value and found.logits == 1000 * 12 * shape.vocab_size
    assert found.total == found.states + found.activations + found.logits
    if (optimizer, bytes_per_value) == ("adamw", 2):
        assert training_memory(shape, 1000) == found


def test_groups_of_parameters_by_hand():
    shape = SHAPES["experts"]
    counts = count_params(shape)
    assert counts.attention == 4 * 32 * 4 * 32 and counts.router == 3 * 32 * 8
    expert = 2 * 32 * 24
    assert counts.mlp == 1 * 2 * 32 * 128 + 3 * (2 + 1) * expert and counts.idle_experts == 3 * 6 * expert
    assert counts.norms == 32 * 9 and counts.biases == 0 and counts.head == counts.input_embedding == 500 * 32
    biased = replace(SHAPES["dense"], attention_bias=True, output_bias=True, mlp_bias=True, learned_positions=7)
    biases = count_params(biased).biases
    assert biases == 3 * (3 * 64 + 32 + 2 * 96 + 32) and count_params(biased).positions == 7 * 32
    per_norm = {"none": 0, "scale": 3, "head": 3 * 2 * 16, "width": 3 * (64 + 64)}
    plain = count_params(SHAPES["dense"]).norms
    for norm, extra in per_norm.items():
        assert count_params(replace(SHAPES["dense"], qk_norm=norm)).norms - plain == extra, norm


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_shape_gives_tokens_flops_and_n_that_agree(name):
    counting, shape = CONVENTIONS[name], SHAPES["dense"]
    flops = counting.flops_of(shape, 1e9, 256)
    assert float(counting.tokens_of(shape, flops, 256)) == pytest.approx(1e9)
    wanted = count_params(shape).count(counting.params)
    assert float(counting.params_of(shape, 1e9, flops, 256)) == pytest.approx(wanted)
    assert float(flops) == pytest.approx(1e9 * counting.flops_per_token(shape, 256))


def test_the_default_budget_is_ten_times_the_largest_compute():
    assert default_budget({"flops": (1e15, 3e18)}) == pytest.approx(3e19)
    with pytest.raises(BadInput, match="give a budget with flops="):
        default_budget({"params": (1.0, 2.0)})


def test_the_share_of_embeddings_and_when_it_matters():
    assert float(embedding_share(1e9)) == pytest.approx(47491e3 / 1047491e3)
    assert float(embedding_share(1e6, gamma=1e4)) == pytest.approx(0.5)
    for share, found in ((0.0999, 0), (0.1001, 1)):
        assert len(check_embeddings(np.array([1e9]), np.array([(1 - share) * 1e9]))) == found
    (finding,) = check_embeddings([1e9, 1e9, np.nan], [0.5e9, 0.7e9, 1e8])
    assert finding.rows == 2 and "2 of 3 runs (up to 50%)" in finding.message and finding.grade == "warn"
