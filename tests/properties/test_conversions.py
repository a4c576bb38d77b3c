"""Every conversion of a loss, a count of parameters or compute, and its inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.flops import CONVENTIONS, COUNTINGS
from scalelaw.accounting.params import KINDS, count_params
from scalelaw.accounting.pearce_song import embedding_share, local_exponent, with_embeddings, without_embeddings
from scalelaw.accounting.units import LOSS_UNITS, bpb_from_loss, convert_loss, loss_from_bpb

losses = st.floats(1e-3, 20)
ratios = st.floats(0.5, 16)
counts = st.floats(1e2, 1e14)


@st.composite
def shapes(draw):
    heads = draw(st.sampled_from([1, 2, 4, 8]))
    experts = draw(st.sampled_from([0, 0, 4, 64]))
    layers = draw(st.integers(1, 100))
    of_experts = {}
    if experts:
        of_experts = {
            "experts": experts,
            "top_k": draw(st.integers(1, experts)),
            "shared_experts": draw(st.integers(0, 2)),
            "expert_width": draw(st.integers(0, 4096)),
            "dense_layers": draw(st.integers(0, layers)),
        }
    return Architecture(
        layers=layers,
        width=heads * draw(st.integers(1, 512)),
        vocab_size=draw(st.integers(1, 300_000)),
        heads=heads,
        kv_heads=draw(st.sampled_from([0, 1, heads])),
        head_dim=draw(st.sampled_from([0, 64, 128])),
        ffn_width=draw(st.integers(0, 20_000)),
        gated=draw(st.booleans()),
        tied=draw(st.booleans()),
        norm=draw(st.sampled_from(["none", "rms", "layer"])),
        qk_norm=draw(st.sampled_from(["none", "head", "width"])),
        attention_bias=draw(st.booleans()),
        output_bias=draw(st.booleans()),
        mlp_bias=draw(st.booleans()),
        learned_positions=draw(st.sampled_from([0, 1024])),
        position_projection=draw(st.booleans()),
        **of_experts,
    )


@pytest.mark.parametrize("to", LOSS_UNITS)
@pytest.mark.parametrize("unit", LOSS_UNITS)
@given(losses, ratios)
def test_every_unit_of_a_loss_and_back(unit, to, loss, ratio):
    given_in = convert_loss(loss, "nats/token", unit, bytes_per_token=ratio)
    there = convert_loss(given_in, unit, to, bytes_per_token=ratio)
    back = convert_loss(there, to, unit, bytes_per_token=ratio)
    # A perplexity near 1 holds its loss to one part in 1e16 of 1, not of the loss.
    np.testing.assert_allclose(back, given_in, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(convert_loss(there, to, "nats", bytes_per_token=ratio), loss, rtol=1e-9, atol=1e-12)


@given(losses, ratios)
def test_bits_per_byte_and_back(loss, ratio):
    assert float(loss_from_bpb(bpb_from_loss(loss, ratio), ratio)) == pytest.approx(loss, rel=1e-14)


@given(losses, ratios, st.floats(1.01, 3))
def test_a_coarser_tokenizer_says_the_same_by_byte(loss, ratio, merged):
    """Tokens of ``merged`` times the bytes carry ``merged`` times the nats: a byte costs the same."""
    fine, coarse = bpb_from_loss(loss, ratio), bpb_from_loss(loss * merged, ratio * merged)
    assert float(coarse) == pytest.approx(float(fine), rel=1e-12)


@given(st.floats(1e-3, 1e18), st.floats(1e-3, 1e9))
def test_embeddings_added_and_taken_away(n, gamma):
    assert float(without_embeddings(with_embeddings(n, gamma=gamma), gamma=gamma)) == pytest.approx(n, rel=1e-12)
    assert float(with_embeddings(without_embeddings(n, gamma=gamma), gamma=gamma)) == pytest.approx(n, rel=1e-12)


@given(counts, st.floats(1.0001, 100))
def test_embeddings_grow_slower_than_the_model(n, factor):
    assert with_embeddings(n * factor) > with_embeddings(n)
    assert without_embeddings(n * factor) > without_embeddings(n)
    assert embedding_share(n * factor) < embedding_share(n)


@given(counts, st.floats(0.1, 1), st.floats(0.1, 1))
def test_local_exponent_lies_between_its_limits(n, alpha, beta):
    exponent = float(local_exponent(n, alpha, beta))
    assert beta / (alpha + beta) * (1 - 1e-9) <= exponent
    assert exponent <= beta / (alpha / 3 + beta) * (1 + 1e-9) or exponent < 1.5


@given(shapes())
def test_groups_of_parameters_add_up(shape):
    found = count_params(shape)
    assert found.total == sum(getattr(found, name) for name in found.__dataclass_fields__)
    assert found.non_embedding <= found.one_embedding <= found.total
    assert found.non_embedding < found.without_head <= found.total
    assert (found.active < found.total) == bool(shape.expert_layers and shape.top_k < shape.experts)
    assert all(found.count(kind) > 0 for kind in KINDS)


@given(shapes(), st.floats(1, 1e15), st.integers(1, 200_000))
def test_compute_of_a_shape_and_back(shape, tokens, seq_len):
    for counting in CONVENTIONS.values():
        flops = counting.flops_of(shape, tokens, seq_len)
        assert float(counting.tokens_of(shape, flops, seq_len)) == pytest.approx(tokens, rel=1e-12)
        n = count_params(shape).count(counting.params)
        # What is counted beyond 6 N may exceed it by far; its rounding is an absolute error of N.
        slack = 1e-12 * counting.flops_per_token(shape, seq_len)
        assert float(counting.params_of(shape, tokens, flops, seq_len)) == pytest.approx(n, rel=1e-12, abs=slack)


@given(counts, counts)
def test_compute_of_params_and_back(params, tokens):
    for counting in COUNTINGS.values():
        flops = counting.flops(params, tokens)
        assert float(counting.tokens(params, flops)) == pytest.approx(tokens, rel=1e-14)
        assert float(counting.params_for(tokens, flops)) == pytest.approx(params, rel=1e-14)


@given(shapes(), st.integers(1, 100_000))
def test_attention_costs_more_on_longer_sequences(shape, seq_len):
    for counting in CONVENTIONS.values():
        short, long = (counting.flops_per_token(shape, length) for length in (seq_len, 2 * seq_len))
        assert (long > short) if counting.takes_seq_len else (long == short)
