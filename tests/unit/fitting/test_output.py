"""A law's output against the target, and measured columns as inputs of a law."""

import warnings

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, NeedsAnswer
from scalelaw.fitting.fit import fit
from scalelaw.fitting.observe import observe
from scalelaw.laws import get
from scalelaw.runs.reading.load import load_runs

N = np.geomspace(1e8, 1e10, 12)
D = N * np.tile([10.0, 60.0], 6)
LOSS = 1.7 + 400 / N**0.34 + 1000 / D**0.3
SCORE = 0.25 + 0.75 / (1 + np.exp(3 * (LOSS - 2.3)))
BOTH = {
    "params": N, "tokens": D, "loss@c4": LOSS, "loss@pile": LOSS + 0.2, "bpb@mmlu": 0.4 * LOSS, "mmlu": SCORE,
    "mmlu_stderr": np.full(12, 0.004),
}  # fmt: skip


@pytest.mark.parametrize("law", ["chinchilla", "power", "power[input=flops]", "joint_power"])
@pytest.mark.parametrize("target", ["score@mmlu", "error@mmlu"])
def test_a_law_of_a_loss_is_refused_on_a_share_with_laws_that_fit(law, target):
    table = BOTH if target.startswith("score") else {**BOTH, "error@mmlu": 1 - SCORE}
    with pytest.raises(BadInput, match="FIT_LAW_OUTPUT") as refused:
        observe(law, table, target=target)
    named = str(refused.value).partition(": ")[2].partition(" (CLI")[0].split(", ")
    assert len(named) > 1 and all(get(name).output in ("score", "error") for name in named)


@pytest.mark.parametrize("law", ["accuracy_power", "task_sigmoid", "error_from_loss"])
def test_a_law_of_a_share_is_refused_on_a_loss(law):
    with pytest.raises(BadInput, match="FIT_LAW_OUTPUT"):
        observe(law, BOTH, target="loss@c4", x="loss@pile" if law == "error_from_loss" else None)


def test_an_error_is_one_minus_a_score_and_the_notes_say_so():
    law, observed = observe("error_from_loss", BOTH, target="score@mmlu", x="loss@c4", use="endpoints")
    assert observed.target == "error@mmlu" and observed.y == pytest.approx(1 - SCORE)
    assert any("read as the error 1 - score" in note for note in observed.notes)
    errors = {name: values for name, values in BOTH.items() if name != "mmlu"} | {"err_mmlu": 1 - SCORE}
    law, observed = observe("accuracy_joint_power", errors)
    assert observed.target == "score@mmlu" and observed.y == pytest.approx(SCORE) and law.chance == 0.25


def test_a_table_of_a_loss_and_an_error_fits_the_error_from_the_loss():
    _, observed = observe("error_from_loss", {"params": N, "tokens": D, "loss": LOSS, "error": 1 - SCORE})
    assert observed.y == pytest.approx(1 - SCORE) and observed.columns["loss"] == pytest.approx(LOSS)


def test_the_law_picks_the_only_target_it_can_give():
    assert observe("accuracy_power", BOTH)[1].target == "score@mmlu"
    assert observe("chinchilla", {"params": N, "tokens": D, "loss": LOSS, "mmlu": SCORE})[1].target == "loss"
    with pytest.raises(NeedsAnswer, match="RUNS_WHICH_TARGET"):
        observe("chinchilla", BOTH)


def test_a_measured_input_comes_from_the_same_evaluation_set_or_is_asked_for():
    _, observed = observe("task_sigmoid", BOTH, use="endpoints")
    assert observed.columns["bpb"] == pytest.approx(0.4 * LOSS)
    with pytest.raises(NeedsAnswer, match=r"--from loss@c4\) \[FIT_WHICH_INPUT\]"):
        observe("task_sigmoid[input=loss]", BOTH, use="endpoints")


@pytest.mark.parametrize("source", ["loss@c4", "loss@pile"])
def test_x_names_the_measured_input(source):
    for law in ("task_sigmoid", "accuracy_logistic", "score_from_loss"):
        taken, observed = observe(law, BOTH, target="score@mmlu", x=source, use="endpoints")
        assert taken.inputs == ("loss",) and observed.columns["loss"] == pytest.approx(np.asarray(BOTH[source]))
    with pytest.raises(BadInput, match="accuracy_joint_power takes params, tokens"):
        observe("accuracy_joint_power", BOTH, target="score@mmlu", x=source)
    with pytest.raises(BadInput, match="pass the table"):
        observe("score_from_loss", load_runs(BOTH).endpoints("score@mmlu"), x=source)


def test_a_formula_fits_any_target_and_says_what_it_does_not_know():
    _, observed = observe("E - A/params**a", BOTH, target="score@mmlu")
    assert any("between guessing and 1" in note for note in observed.notes)


def test_a_log_probability_is_fitted_as_its_negative():
    _, observed = observe("chinchilla", {"params": N, "tokens": D, "logprob@gsm8k": -LOSS})
    assert observed.target == "loss@gsm8k" and observed.y == pytest.approx(LOSS)


def test_scores_with_unknown_items_warn_in_a_fit():
    table = {name: values for name, values in BOTH.items() if name != "mmlu_stderr"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = fit("accuracy_power", table, draws=0, starts=4)
    assert "RUNS_NO_ITEMS" in [found.code for found in fitted.findings]
    assert any("RUNS_NO_ITEMS" in str(each.message) for each in caught)
