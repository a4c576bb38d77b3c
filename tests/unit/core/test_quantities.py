"""The one vocabulary: no name means two things, and names met in the wild are known."""

from collections import Counter

import pytest

from scalelaw.core.errors import UnknownName
from scalelaw.core.quantities import FORMULA_SYMBOLS, METRICS, QUANTITIES, quantity, recognise, spelling


def test_no_spelling_means_two_quantities():
    words = [{spelling(word) for word in (q.name, *q.synonyms)} for q in QUANTITIES.values()]
    counts = Counter(word for own in words for word in own)
    assert [word for word, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("N", "params"),
        ("Model Size", "params"),
        ("N_no_embed", "params_non_embedding"),
        ("Training FLOP", "flops"),
        ("D_tokens", "tokens"),
        ("val/loss", "loss"),
        ("num_input_tokens_seen", "tokens"),
        ("_step", "steps"),
        ("run_name", "run"),
        *(
            (f"{group}{dot}{word}", "lr")
            for group in ("optim", "optimizer", "Optimiser", "training_args", "hparam")
            for dot in "./"
            for word in ("lr", "learning_rate", "peak_lr")
        ),
    ],
)
def test_recognises(column, name):
    assert recognise(column) == name


@pytest.mark.parametrize(
    "column",
    [
        "size",
        "batch",
        "batch_size",
        "hex_color",
        "train_loss",
        "name",
        "config.data.path",
        "summary.loss_fn",
        "optim.name",
        "optimizer/loss",
    ],
)
def test_does_not_guess(column):
    assert recognise(column) is None


def test_metrics_and_symbols_are_quantities():
    assert set(METRICS) | set(FORMULA_SYMBOLS.values()) <= set(QUANTITIES)


def test_unknown_name_names_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'tokens'"):
        quantity("tokenz")


def test_label_has_unit():
    assert quantity("loss").label == "held-out loss (nats/token)"
    assert quantity("lr").label == "peak learning rate"
