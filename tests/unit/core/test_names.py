"""Names read word by word: spellings nobody listed, in every case and with every separator."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import mark

from scalelaw.core.names import HELD_OUT, TRAINING, read_name, words

HELD = ["val", "valid", "validation", "eval", "dev", "held-out"]
LATE = ["", "final", "best", "last", "mean"]
LOSS = ["loss", "ce_loss", "cross_entropy", "nll", "lm_loss"]
SETS = ["", "paloma", "c4", "wikitext103", "dclm"]


def joined(parts, separator):
    """Return the parts as one name; an empty separator is camel case."""
    parts = [word for part in parts for word in part.replace("-", "_").split("_") if word]
    if separator:
        return separator.join(parts)
    return parts[0] + "".join(part.capitalize() for part in parts[1:])


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(HELD), st.sampled_from(LATE), st.sampled_from(LOSS), st.sampled_from(SETS),
    st.sampled_from(["_", "/", ".", "-", " ", ""]), st.booleans(),
)  # fmt: skip
def test_a_held_out_loss_in_any_spelling(held, late, loss, of, separator, late_first):
    order = [late, held, of, loss] if late_first else [held, of, late, loss]
    found = read_name(joined(order, separator))
    assert found is not None and (found.quantity, found.split, found.eval_set) == ("loss", HELD_OUT, of)
    assert found.unit is None


@mark.parametrize(
    ("name", "quantity", "unit"),
    [
        ("val_ppl", "loss", "perplexity"), ("eval/perplexity", "loss", "perplexity"),
        ("Perplexity", "loss", "perplexity"),
        ("loss_bits", "loss", "bits"), ("val_bits", "loss", "bits"), ("bits_per_token", "loss", "bits"),
        ("log_ppl", "loss", "nats"), ("nats_per_token", "loss", "nats"), ("eval/bits_per_byte", "bpb", None),
        ("val_bpc", "bpc", "bits/char"), ("bits per character", "bpc", "bits/char"), ("testBPB", "bpb", None),
        ("n_params_m", "params", "M"), ("paramsB", "params", "B"), ("model_size_b", "params", "B"),
        ("params_total", "params", None), ("trainable_params", "params", None), ("activeParams", "params_active", None),
        ("non-embedding params", "params_non_embedding", None), ("N_nonembed", "params_non_embedding", None),
        ("tokens_trained", "tokens", None), ("throughput/total_tokens", "tokens", None),
        ("numTokensSeen", "tokens", None),
        ("train_tokens_billions", "tokens", "B"), ("consumed_tokens", "tokens", None),
        ("token_budget", "planned_tokens", None), ("trainer/global_step", "steps", None),
    ],
)  # fmt: skip
def test_quantity_and_unit(name, quantity, unit):
    found = read_name(name)
    assert found is not None and (found.quantity, found.unit) == (quantity, unit)


@mark.parametrize("name", ["train/loss", "trainLoss", "training_ce_loss", "loss_metrics/global_avg_loss"])
def test_a_training_loss_is_one(name):
    found = read_name(name)
    assert found is not None and found.split == TRAINING


@mark.parametrize(
    "name",
    [
        "tokens_per_second", "tokens_per_param", "unique_tokens", "embedding_params", "params_matmul", "loss_scale",
        "aux_loss", "router_z_loss", "val_loss_std", "loss_fn", "warmup_steps", "steps_per_sec", "bits", "lr", "budget",
        "vocab_params", "loss_ratio", "predicted_loss", "grad_norm", "achieved_tflops", "expert_params",
    ],
)  # fmt: skip
def test_what_only_holds_the_word_is_another_thing(name):
    assert read_name(name) is None


def test_final_is_likelier_than_best():
    final, best = read_name("final_val_loss"), read_name("best_val_loss")
    assert final is not None and best is not None and final.rank > best.rank


def test_words_split_at_case_and_marks():
    assert words("eval/c4_en/CrossEntropyLoss") == ["eval", "c4", "en", "xent", "loss"]
    assert words("nTokensSeen") == ["n", "tokens", "seen"]
