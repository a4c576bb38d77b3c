"""What trainers log, under the names they give it, becomes the quantities of the vocabulary."""

import pytest

from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.importers._parsing.presets import PRESETS, is_secret, metric_columns, preset_of, setting_columns

LOGS = {
    "Levanter and Marin": {
        "train/loss": "train_loss", "eval/loss": "loss", "eval/macro_loss": "loss@macro", "eval/bpb": "bpb",
        "eval/paloma/c4_en/bpb": "bpb@paloma/c4_en", "eval/paloma/c4_en/loss": "loss@paloma/c4_en",
        "eval/paloma/micro_loss": "loss@paloma/micro", "throughput/total_tokens": "tokens",
        "throughput/total_gflops": "gflops", "optim/learning_rate": "lr_now",
        "lm_eval/arc_easy/acc": "score@arc_easy:acc",
    },
    "OLMo": {
        "train/CrossEntropyLoss": "train_loss", "eval/c4_en-validation/CrossEntropyLoss": "loss@c4_en-validation",
        "throughput/total_tokens": "tokens", "optim/learning_rate_group0": "lr_now",
        "eval/downstream/arc_easy (accuracy)": "score@arc_easy",
        "eval/downstream/arc_challenge (length-normalized accuracy)": "score@arc_challenge:len_norm",
        "eval/downstream/arc_easy_rc_5shot_bpb (BPB v2)": "bpb@arc_easy_rc_5shot",
    },
    "torchtitan": {
        "loss_metrics/global_avg_loss": "train_loss", "validation_metrics/loss": "loss", "n_tokens_seen": "tokens",
        "lr": "lr_now",
    },
    "litgpt": {"loss": "train_loss", "val_loss": "loss", "total_tokens": "tokens", "learning_rate": "lr_now"},
    "Hugging Face Trainer": {
        "train/loss": "train_loss", "eval/loss": "loss", "eval/wiki_loss": "loss@wiki", "train/global_step": "steps",
        "train/num_input_tokens_seen": "tokens", "train/learning_rate": "lr_now", "train/epoch": "epochs",
        "eval/samples_per_second": "", "train/train_loss": "",
    },
    "nanoGPT": {"iter": "steps", "train/loss": "train_loss", "val/loss": "loss", "lr": "lr_now"},
}  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_a_trainer_is_known_by_its_names(name):
    found = preset_of(LOGS[name])
    assert found is not None and found.name == name
    assert metric_columns([*LOGS[name], "grad_norm"]) == LOGS[name]


def test_every_preset_is_tested():
    assert {preset.name for preset in PRESETS} == set(LOGS)


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["loss"], {"loss": "loss"}),
        (["loss", "val_loss"], {"loss": "train_loss", "val_loss": "loss"}),
        (["val/loss", "test/loss"], {"val/loss": "loss", "test/loss": "loss@test"}),
        (["valid/bits_per_byte", "train/tokens"], {"valid/bits_per_byte": "bpb", "train/tokens": "tokens"}),
        (["eval/tokens", "grad/loss_scale", "perplexity"], {}),
    ],
)
def test_names_of_no_known_trainer(names, columns):
    assert metric_columns(names) == columns


def test_settings_by_their_last_word_the_shallowest_first():
    config = {"n_params": 7, "draft.n_params": 1, "model.d": 8, "optim/lr": 1e-3, "max_iters": 10, "train.tokens": 5}
    assert setting_columns(config) == (
        {"n_params": "params", "optim/lr": "lr", "max_iters": "planned_steps", "train.tokens": "planned_tokens"}, [],
    )  # fmt: skip


def test_two_settings_for_one_quantity_are_left_open():
    found, notes = setting_columns({"teacher.n_params": 7, "student.n_params": 1})
    assert found == {}
    assert notes == ["the settings teacher.n_params and student.n_params may both be params; none is used"]


@pytest.mark.parametrize("key", ["api_key", "wandb.API-Key", "hub_token", "env.AWS_SECRET", "db.password", "auth.user"])
def test_secrets_are_known_by_name(key):
    assert is_secret(key) and setting_columns({key: 1}) == ({}, [])


@pytest.mark.parametrize("key", ["tokenizer", "max_tokens", "model.n_tokens", "keyboard"])
def test_tokens_are_no_secret(key):
    assert not is_secret(key)


def test_nanogpt_counts_tokens_by_its_settings():
    run = LoggedRun("r", config={"gradient_accumulation_steps": 40, "batch_size": 12, "block_size": 1024})
    for call, step in enumerate((0, 250, 500)):
        run.log("iter", call, step)
        run.log("val/loss", call, 4.0 - call)
    table = tabulate([run], "nano")
    assert table.columns["steps"].values.tolist() == [0, 250, 500]
    assert table.columns["tokens"].values.tolist() == [0, 250 * 40 * 12 * 1024, 500 * 40 * 12 * 1024]
    assert "batch_tokens = gradient_accumulation_steps x batch_size x block_size, from the settings" in table.notes


def test_gigaflops_of_levanter_are_flops():
    run = LoggedRun("r")
    for metric, value in {"eval/loss": 3.0, "throughput/total_gflops": 5e9, "throughput/total_tokens": 1e9}.items():
        run.log(metric, 10, value)
    assert tabulate([run], "levanter").columns["flops"].values.tolist() == [5e18]


def test_a_count_logged_between_evaluations_is_in_proportion():
    run = LoggedRun("r")
    for step in (100, 200):
        run.log("tokens", step, step * 10.0)
        run.log("lr", step, 1 / step)
    for step in (50, 150, 220):
        run.log("val/loss", step, 3.0)
    table = tabulate([run], "x")
    assert table.columns["tokens"].values.tolist() == [500, 1500, 2200]
    assert table.columns["lr_now"].missing.tolist() == [True, False, False]
    assert table.columns["lr_now"].values[1:].tolist() == [0.01, 0.005]


def test_without_a_held_out_loss_the_training_loss_is_kept_and_not_taken():
    run = LoggedRun("r", config={"n_params": 1e6})
    for step in (1, 2):
        run.log("train/loss", step, 3.0 - step)
    table = tabulate([run], "x")
    assert table.columns["train_loss"].values.tolist() == [2.0, 1.0]
    assert not any(name.startswith("loss") for name in table.columns)
    assert "columns={'loss': 'train_loss'}" in " ".join(table.notes)


def test_a_run_that_measured_nothing_is_still_counted():
    with_loss, without = LoggedRun("a"), LoggedRun("b", columns={"state": "failed"})
    with_loss.log("val/loss", 10, 3.0)
    without.log("train/loss", 5, 4.0)
    table = tabulate([with_loss, without], "x")
    assert table.columns["run"].values.tolist() == ["a", "b"]
    assert table.columns["loss"].missing.tolist() == [False, True]


def test_runs_of_one_name_are_told_apart_and_share_a_label():
    runs = [LoggedRun("same", "id1"), LoggedRun("same", "id2"), LoggedRun("other", "id3")]
    for run in runs:
        run.log("val/loss", 1, 3.0)
    table = tabulate(runs, "x")
    assert table.columns["run"].values.tolist() == ["same (id1)", "same (id2)", "other"]
    assert table.columns["label"].values.tolist() == ["same", "same", "other"]


def test_settings_that_differ_are_kept_and_the_rest_is_not():
    runs = [LoggedRun(str(i), config={"mixture": f"m{i}", "same": 1, "api_key": f"k{i}"}) for i in range(2)]
    for run in runs:
        run.log("val/loss", 1, 3.0)
    columns = tabulate(runs, "x").columns
    assert "mixture" in columns and "config.same" not in columns and "config.api_key" not in columns


@pytest.mark.parametrize("batch", [None, 512])
def test_tokens_that_were_logged_are_kept_whatever_the_settings_say(batch):
    """Steps x batch_tokens is for runs that logged none: a batch that grew would be counted wrong."""
    run = LoggedRun("r", config={} if batch is None else {"batch_tokens": batch})
    for step in (10, 20, 30):
        run.log("tokens", step, 1000.0 * step + 7)
        run.log("val/loss", step, 4 - step / 100)
    without = LoggedRun("s", config={} if batch is None else {"batch_tokens": batch})
    without.log("val/loss", 10, 3.0)
    table = tabulate([run, without], "x")
    assert table.columns["tokens"].values.tolist()[:3] == [10_007, 20_007, 30_007]
    assert table.columns["tokens"].missing.tolist() == [False, False, False, batch is None]
    if batch is not None:
        assert table.columns["tokens"].values.tolist()[3] == 5120
    assert ("tokens = steps x batch_tokens, from the settings" in table.notes) == (batch is not None)
