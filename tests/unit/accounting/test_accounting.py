"""What an architecture, a convention or a unit refuses, and how it says so."""

import numpy as np
import pytest

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.flops import CONVENTIONS, convention, counting_for
from scalelaw.accounting.params import count_params
from scalelaw.accounting.pearce_song import check_embeddings, with_embeddings, without_embeddings
from scalelaw.accounting.units import convert_loss
from scalelaw.core.errors import BadInput, UnknownName

SHAPE = {"layers": 2, "width": 64, "vocab_size": 1000, "heads": 4}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"layers": 0}, "layers=0 must be a whole number of at least 1"),
        ({"width": 64.0}, "width=64.0"),
        ({"vocab_size": True}, "vocab_size=True"),
        ({"heads": 5}, "does not divide into 5 heads; give head_dim"),
        ({"kv_heads": 3}, "kv_heads=3"),
        ({"kv_heads": 8}, "kv_heads=8"),
        ({"norm": "batch"}, "use one of none, rms, layer"),
        ({"qk_norm": "yes"}, "use one of none, scale, head, width"),
        ({"experts": 4}, "top_k=0 of 4"),
        ({"experts": 4, "top_k": 5}, "top_k=5 of 4"),
        ({"top_k": 2}, "give experts"),
        ({"experts": 4, "top_k": 1, "dense_layers": 3}, "exceeds layers=2"),
    ],
)
def test_an_impossible_shape_is_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        Architecture(**{**SHAPE, **wrong})


def test_whole_numbers_of_any_type_are_taken():
    shape = Architecture(**{name: np.int64(value) for name, value in SHAPE.items()})
    assert shape == Architecture(**SHAPE) and type(shape.layers) is int


def test_what_is_open_takes_its_usual_value():
    shape = Architecture(**SHAPE)
    assert (shape.head_width, shape.attention_width, shape.kv_width, shape.feed_forward_width) == (16, 64, 64, 256)


def test_a_config_that_is_not_understood_is_refused():
    with pytest.raises(BadInput, match=r"'mamba'.*build an Architecture"):
        Architecture.from_config({"model_type": "mamba"})
    with pytest.raises(BadInput, match="intermediate_size is None"):
        Architecture.from_config(
            {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 1000}
        )
    with pytest.raises(BadInput, match="shared expert"):
        Architecture.from_config({"model_type": "qwen2_moe", "shared_expert_intermediate_size": 5632})


def test_kinds_of_n_of_a_tied_and_an_untied_model():
    untied, tied = (count_params(Architecture(**SHAPE, tied=tied)) for tied in (False, True))
    embedding = 1000 * 64
    assert untied.total - tied.total == embedding
    for counts in (untied, tied):
        assert counts.one_embedding == counts.without_head == counts.non_embedding + embedding
    with pytest.raises(UnknownName, match="Did you mean 'params_active'"):
        tied.count("params_activ")


def test_attention_needs_the_sequence_length():
    with pytest.raises(BadInput, match="give seq_len="):
        CONVENTIONS["deepseek_M"].flops_of(Architecture(**SHAPE), 1e9)
    with pytest.raises(BadInput, match="positive"):
        CONVENTIONS["deepseek_M"].flops_of(Architecture(**SHAPE), 1e9, seq_len=-1)


def test_a_convention_of_shapes_does_not_pass_for_6nd():
    for call in ("flops", "tokens", "params_for"):
        with pytest.raises(BadInput, match="needs the shape"):
            getattr(CONVENTIONS["chin_exact"], call)(1e9, 1e10)


def test_conventions_by_name_and_by_kind():
    assert convention("6N_total") is counting_for("params")
    with pytest.raises(UnknownName, match="Did you mean 'chin_exact'"):
        convention("chin_exakt")
    with pytest.raises(UnknownName):
        counting_for("params_one_embedding")


def test_units_refuse_what_they_cannot_know():
    with pytest.raises(UnknownName, match="Did you mean 'nats/token'"):
        convert_loss(3.0, "nats/tokens", "bits")
    with pytest.raises(BadInput, match="converting bits to bpb needs bytes_per_token="):
        convert_loss(3.0, "bits", "bpb")
    with pytest.raises(BadInput, match="must be positive, got 0"):
        convert_loss(3.0, "bits", "bpb", bytes_per_token=0)


def test_a_loss_converts_elementwise():
    ratios = np.array([4.2, 3.15])
    np.testing.assert_allclose(
        convert_loss([1.8, 1.35], "nats", "bpb", bytes_per_token=ratios), [0.6183, 0.6183], atol=5e-5
    )


def test_embeddings_that_matter_are_found():
    assert not check_embeddings([1e9], [0.95e9])
    (found,) = check_embeddings([1e9, 1e8], [0.95e9, 0.8e8])
    assert found.code == "PARAMS_EMBEDDINGS" and "1 of 2 runs (up to 20%)" in found.message


def test_pearce_and_song_take_positive_numbers():
    with pytest.raises(BadInput, match="params must be positive, got -1"):
        without_embeddings([1e9, -1])
    with pytest.raises(BadInput, match="gamma"):
        with_embeddings(1e9, gamma=0)
