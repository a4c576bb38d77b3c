"""Tables whose columns go by names nobody listed: what they are taken for, and that what is advised works."""

import re

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer, ScalelawWarning
from scalelaw.runs.reading.load import load_runs

N = np.array([1e7, 2e7, 4e7, 8e7, 1.6e8])
D = 20 * N
LOSS = 1.8 + 60 / N**0.27


def table(**columns):
    return {name: list(cells) for name, cells in {"params": N, "tokens": D, **columns}.items() if cells is not None}


def values(runs, target="loss"):
    return runs.values(target)


@pytest.mark.parametrize(
    "name", ["final_val_loss", "best_val_loss", "eval/paloma/macro_loss", "valLoss", "dev-nll", "arxiv_loss", "lm_loss"]
)
def test_a_lone_loss_is_the_loss_by_any_name(name):
    runs = load_runs(table(**{name: LOSS}))
    assert runs.targets == ("loss",)
    np.testing.assert_array_equal(values(runs), LOSS)
    assert any(repr(name) in note for note in runs.notes)


def test_held_out_is_preferred_and_what_is_left_out_is_named():
    runs = load_runs(table(**{"train/loss": LOSS - 0.1, "eval/macro_loss": LOSS}))
    np.testing.assert_array_equal(values(runs), LOSS)
    assert any("not used: 'train/loss'" in note for note in runs.notes)
    runs = load_runs(table(loss=LOSS - 0.1, val_loss=LOSS))
    np.testing.assert_array_equal(values(runs), LOSS)
    assert any("'loss' is taken for the training loss" in note for note in runs.notes)


def test_the_training_loss_stands_in_with_a_warning():
    with pytest.warns(ScalelawWarning, match="RUNS_TRAINING_LOSS"):
        runs = load_runs(table(**{"train/loss": LOSS}))
    assert [finding.code for finding in runs.findings] == ["RUNS_TRAINING_LOSS"]


def test_a_tie_is_asked_and_each_answer_loads():
    tied = table(val_ce=LOSS, eval_ce=LOSS + 0.1)
    with pytest.raises(NeedsAnswer, match=r"'val_ce' and 'eval_ce' may both be loss.*RUNS_TWO_COLUMNS") as caught:
        load_runs(tied)
    (finding,) = caught.value.findings
    for answer, shift in zip(finding.answers, (0, 0.1), strict=True):
        np.testing.assert_allclose(values(load_runs(tied, **answer.settings)), LOSS + shift)


def test_several_sets_are_targets():
    runs = load_runs(table(arxiv_loss=LOSS, book_loss=LOSS + 0.2, github_loss=LOSS - 0.3))
    assert runs.targets == ("loss@arxiv", "loss@book", "loss@github")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("perplexity", np.exp(LOSS)), ("val_ppl", np.exp(LOSS)), ("eval/wiki/ppl", np.exp(LOSS)),
        ("loss_bits", LOSS / np.log(2)), ("val_bits", LOSS / np.log(2)), ("bits_per_token", LOSS / np.log(2)),
        ("log_perplexity", LOSS), ("val_loss_nats", LOSS), ("val_loss_ppl", np.exp(LOSS)),
    ],
)  # fmt: skip
def test_the_name_decides_the_unit(name, written):
    for columns in (None, {"loss": name}):
        runs = load_runs(table(**{name: written}), columns=columns)
        np.testing.assert_allclose(values(runs), LOSS)
        assert not any("read as nats" in note for note in runs.notes)


@pytest.mark.parametrize("name", ["val_bpc", "test/bits_per_char", "bpc"])
def test_bits_per_character_ask_and_every_way_out_loads(name):
    source = table(**{name: LOSS})
    for columns in (None, {"loss": name}, {"bpb": name}):
        with pytest.raises(NeedsAnswer, match=r"bits per character.*--unit bpb=bits/char.*RUNS_LOSS_UNIT") as caught:
            load_runs(source, columns=columns)
        (finding,) = caught.value.findings
        assert len(finding.answers) == 2
        for answer in finding.answers:
            said = {**(columns or {}), **answer.settings["columns"]}
            runs = load_runs(source, columns=said, units=answer.settings["units"])
            assert runs.targets in (("bpb",), ("loss",))


def test_bits_per_byte_are_never_a_loss_by_silence():
    source = table(val_bpb=LOSS)
    assert load_runs(source).targets == ("bpb",)
    with pytest.raises(NeedsAnswer, match=r"bits per byte.*nats, bits or perplexity"):
        load_runs(source, columns={"loss": "val_bpb"})
    assert load_runs(source, columns={"loss": "val_bpb"}, units={"loss": "bits"}).targets == ("loss",)


def test_no_perplexity_is_below_one():
    with pytest.raises(NeedsAnswer, match=r"below 1.*--unit loss=nats"):
        load_runs(table(ppl=LOSS - 2))
    np.testing.assert_array_equal(values(load_runs(table(ppl=LOSS - 2), units={"loss": "nats"})), LOSS - 2)


@pytest.mark.parametrize(
    ("names", "scale"),
    [
        (("n_params_m", "tokens_b"), (1e6, 1e9)), (("paramsB", "tokens_trained"), (1e9, 1)),
        (("model_size_M", "trainTokensBillions"), (1e6, 1e9)), (("params_total", "throughput/total_tokens"), (1, 1)),
        (("trainable_params", "consumed_tokens"), (1, 1)), (("nParams_m", "num_tokens_seen"), (1, 1)),
    ],
)  # fmt: skip
def test_counts_with_and_without_a_unit_in_the_name(names, scale):
    source = {names[0]: (N / scale[0]).tolist(), names[1]: (D / scale[1]).tolist(), "loss": LOSS.tolist()}
    runs = load_runs(source)
    np.testing.assert_allclose(runs.runs["params"], N)
    np.testing.assert_allclose(runs.runs["tokens"], D)


@pytest.mark.parametrize("columns", [("planned_flops", "tokens"), ("compute_budget", "params"), ("C", "tokens")])
def test_n_and_d_follow_from_compute_and_this_is_said(columns):
    flops = 6 * N * D
    known = {"tokens": D, "params": N}
    source = {columns[0]: flops.tolist(), columns[1]: known[columns[1]].tolist(), "loss": LOSS.tolist()}
    runs = load_runs(source)
    np.testing.assert_allclose(runs.runs["params"], N)
    np.testing.assert_allclose(runs.runs["tokens"], D)
    assert any("counting convention" in note for note in runs.notes)


@pytest.mark.parametrize("seed", range(8))
def test_a_refusal_proposes_the_column_and_its_option_works(seed):
    rng = np.random.default_rng(seed)
    secret = "".join(rng.choice(list("qwxzkj"), 5))
    extra = {
        "warmup": rng.integers(10, 99, 5),
        "mfu": rng.uniform(0.2, 0.5, 5),
        secret: LOSS,
        "hours": rng.uniform(1, 9, 5),
    }
    names = list(extra)
    rng.shuffle(names)
    source = table(**{name: extra[name] for name in names})
    with pytest.raises(BadTable, match=f"--column loss={secret}") as caught:
        load_runs(source)
    (finding,) = caught.value.findings
    np.testing.assert_array_equal(values(load_runs(source, **finding.answers[0].settings)), LOSS)
    (said,) = re.findall(r"--column loss=(\w+)", str(caught.value))
    assert load_runs(source, columns={"loss": said}).targets == ("loss",)


def test_a_refusal_names_every_unit():
    with pytest.raises(BadTable, match=r"nats, bits or perplexity .*bits per byte are bpb"):
        load_runs(table(quality=[5, 4, 3, 2, 1]))


def test_a_column_called_bits_may_be_the_loss():
    source = table(bits=LOSS / np.log(2))
    with pytest.raises(BadTable, match="--column loss=bits"):
        load_runs(source)
    np.testing.assert_allclose(values(load_runs(source, columns={"loss": "bits"})), LOSS)


@pytest.mark.parametrize("name", ["unigram_loss", "Lossu", "unigram_normalized_loss"])
def test_a_table_of_another_target_needs_no_loss(name, tmp_path):
    below = LOSS - 8
    source = {"vocab_size": [1e3, 2e3, 4e3, 8e3, 1.6e4], "params": N.tolist(), name: below.tolist()}
    path = tmp_path / "r.csv"
    path.write_text(
        "\n".join([",".join(source), *(",".join(map(repr, row)) for row in zip(*source.values(), strict=True))])
    )
    for runs in (load_runs(source), load_runs(path)):
        assert runs.targets == ("unigram_loss",) and runs.findings == ()
        np.testing.assert_allclose(runs.endpoints().y, below)


def test_an_option_that_names_a_word_of_a_column_is_understood():
    with pytest.raises(BadInput, match="Did you mean 'planned_flops'"):
        load_runs(table(planned_flops=6 * N * D, loss=LOSS), columns={"flops": "flops"})
