"""Makes the recorded logs of this folder with the real packages; see README.md for how to run it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BATCH_TOKENS = 524_288
RUNS = (("ladder-1m", 1_000_000, 500), ("ladder-3m", 3_000_000, 1500), ("ladder-9m", 9_000_000, 4500))
SECRET = "sk-not-a-real-key-0123456789"
"""A setting called api_key, in every log that takes settings; no importer may let it out."""


def loss(params: float, tokens: float) -> float:
    """The law behind the made-up values, in nats per token."""
    return 1.8 + 480 / params**0.35 + 2085 / tokens**0.366


def settings(params: int, steps: int) -> dict[str, Any]:
    """Return what each made-up run was started with."""
    return {
        "model": {"n_params": params}, "optim": {"lr": 1e-3, "total_steps": steps},
        "data": {"tokens_per_step": BATCH_TOKENS}, "seed": 0, "api_key": SECRET,
    }  # fmt: skip


def history(params: int, steps: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield what each run logs: training loss ten times, held-out loss five times."""
    for part in range(1, 11):
        step = steps * part // 10
        tokens = step * BATCH_TOKENS
        row = {"train/loss": loss(params, tokens) * 1.01, "lr": 1e-3 * (1 - part / 10), "tokens": float(tokens)}
        yield step, row | ({"val/loss": loss(params, tokens)} if part % 2 == 0 else {})


def fresh(name: str) -> Path:
    """Return an empty folder of this name beside this file."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def make_wandb() -> None:
    """Two finished runs and one that is killed, in offline mode."""
    import tempfile
    import time

    target = fresh("wandb_offline")
    program = "import make, sys; make.wandb_run(*sys.argv[1:])"
    for name, _, _ in RUNS:
        with tempfile.TemporaryDirectory() as scratch:
            environment = {**os.environ, "PYTHONPATH": str(HERE)}
            subprocess.run([sys.executable, "-c", program, name, scratch], env=environment, cwd=scratch, check=False)
            time.sleep(5)
            for path in Path(scratch).glob("wandb/offline-run-*/run-*.wandb"):
                shutil.copy(path, target / f"run-{name}.wandb")


def wandb_run(name: str, scratch: str) -> None:
    """Log one run; the last of them dies at three fifths of its way, with one step still unwritten."""
    import signal
    import time

    import wandb

    params, steps = next((n, s) for each, n, s in RUNS if each == name)
    quiet = wandb.Settings(
        mode="offline", console="off", x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True,
        disable_git=True, save_code=False, host="host", program="train.py", username="user",
    )  # fmt: skip
    run = wandb.init(project="ladder", name=name, id=name, config=settings(params, steps), dir=scratch, settings=quiet)
    for step, row in history(params, steps):
        run.log(row, step=step)
        if name == RUNS[-1][0] and step >= 0.6 * steps:
            time.sleep(20)  # until the writer has passed it on
            os.kill(os.getpid(), signal.SIGKILL)
    run.finish()


def make_tensorboard() -> None:
    """Scalars of both generations and hyperparameters, by three writers."""
    import time

    import tensorboardX
    from tensorboard.compat.proto import event_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util
    from torch.utils.tensorboard import SummaryWriter

    folder = fresh("tensorboard")
    name, params, steps = RUNS[0]
    writer = tensorboardX.SummaryWriter(str(folder / name))
    for step, row in history(params, steps):
        for tag, value in row.items():
            writer.add_scalar(tag, value, step)
    writer.close()
    name, params, steps = RUNS[1]
    events = EventFileWriter(str(folder / name))
    for step, row in history(params, steps):
        for tag, value in row.items():
            event = event_pb2.Event(wall_time=time.time(), step=step)
            made = event.summary.value.add(tag=tag, tensor=tensor_util.make_tensor_proto(value, dtype="float32"))
            made.metadata.plugin_data.plugin_name = "scalars"
            events.add_event(event)
    events.close()
    name, params, steps = RUNS[2]
    torch_writer = SummaryWriter(str(folder / name))
    for step, row in history(params, steps):
        for tag, value in row.items():
            torch_writer.add_scalar(tag, value, step)
    torch_writer.add_hparams({"n_params": params, "max_steps": steps, "lr": 1e-3, "api_key": SECRET}, {}, run_name=".")
    torch_writer.close()
    for number, path in enumerate(sorted(folder.rglob("*tfevents*"))):
        path.rename(path.with_name(f"events.out.tfevents.{1700000000 + number}.host"))


def make_mlflow() -> None:
    """The SQLite store, and the old folder store where the package still writes it."""
    import tempfile

    import mlflow

    with tempfile.TemporaryDirectory() as scratch:
        for target, address in (("sqlite", f"sqlite:///{scratch}/mlflow.db"), ("folder", f"file://{scratch}/mlruns")):
            os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
            mlflow.set_tracking_uri(address)
            for number, (name, params, steps) in enumerate(RUNS):
                with mlflow.start_run(run_name=name) as run:
                    flat = {"n_params": params, "lr": 1e-3, "max_steps": steps, "api_key": SECRET}
                    mlflow.log_params(flat | {"tokens_per_step": BATCH_TOKENS})
                    for step, row in history(params, steps):
                        mlflow.log_metrics(row, step=step)
                    if number == 1:
                        mlflow.log_metric("val/loss", float("nan"), step=steps // 4)
                if number == 2:
                    mlflow.tracking.MlflowClient().delete_run(run.info.run_id)
            if target == "sqlite":
                database = fresh("mlflow_sqlite") / "mlflow.db"
                shutil.copy(f"{scratch}/mlflow.db", database)
                _shrink(database, ("runs", "metrics", "params", "tags", "experiments", "alembic_version"))
            else:
                shutil.rmtree(HERE / "mlflow_folder", ignore_errors=True)
                shutil.copytree(f"{scratch}/mlruns", HERE / "mlflow_folder" / "mlruns")
                for tag in (HERE / "mlflow_folder").rglob("tags/mlflow.*"):
                    if tag.name != "mlflow.runName":
                        tag.unlink()
                for meta in (HERE / "mlflow_folder").rglob("meta.yaml"):
                    meta.write_text(
                        meta.read_text().replace(scratch, "/data").replace("user_id: root", "user_id: user")
                    )


def _shrink(path: Path, keep: tuple[str, ...]) -> None:
    """Drop the tables that hold nothing of a run, and the paths, so that the file may be committed."""
    database = sqlite3.connect(path)
    database.execute("pragma foreign_keys = off")
    names = database.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (name,) in names:
        if name not in keep and not name.startswith("sqlite_"):
            database.execute(f'drop table "{name}"')
    for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location"), ("runs", "source_name")):
        if "runs" in keep:
            database.execute(f"update {table} set {column} = ''")
    if "tags" in keep:
        database.execute("delete from tags where key != 'mlflow.runName'")
        database.execute("update runs set user_id = 'user'")
    database.commit()
    database.execute("pragma page_size = 512")
    database.execute("vacuum")
    database.close()


def make_trackio() -> None:
    """One project of three runs."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TRACKIO_DIR"] = scratch
        import trackio

        for name, params, steps in RUNS:
            trackio.init(project="ladder", name=name, config=settings(params, steps), embed=False)
            for step, row in history(params, steps):
                trackio.log(row, step=step)
            trackio.finish()
        target = fresh("trackio") / "ladder.db"
        with sqlite3.connect(next(Path(scratch).glob("ladder*.db"))) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        database = sqlite3.connect(target)
        database.execute("pragma journal_mode = delete")
        names = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in names:
            if name not in ("metrics", "configs") and not name.startswith("sqlite_"):
                database.execute(f'drop table "{name}"')
        database.execute("update configs set config = json_remove(config, '$._Username', '$._hostname')")
        database.commit()
        database.execute("pragma page_size = 512")
        database.execute("vacuum")
        database.close()


def make_hf_trainer() -> None:
    """Two tiny Llamas trained for some steps by the Trainer; only states and configurations are kept."""
    import tempfile

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    target = fresh("hf_trainer")
    for name, width, planned in (("tiny-16", 16, 20), ("tiny-32", 32, 20)):
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=64, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, max_position_embeddings=32, tie_word_embeddings=name == "tiny-32",
        )  # fmt: skip
        model = LlamaForCausalLM(config)
        (target / name).mkdir()
        (target / name / "expected.json").write_text(json.dumps({"params": model.num_parameters()}))
        texts = torch.randint(0, 64, (64, 16))
        data = [{"input_ids": text, "labels": text} for text in texts]
        with tempfile.TemporaryDirectory() as scratch:
            arguments = TrainingArguments(
                scratch, max_steps=planned, per_device_train_batch_size=4, eval_strategy="steps", eval_steps=5,
                logging_steps=5, save_steps=10, include_num_input_tokens_seen="all", report_to=[], use_cpu=True,
                disable_tqdm=True, learning_rate=1e-2,
            )  # fmt: skip
            trainer = Trainer(model, arguments, train_dataset=data, eval_dataset=data[:8])
            trainer.train()
            trainer.save_state()
            for state in Path(scratch).rglob("trainer_state.json"):
                kept = target / name / state.parent.relative_to(scratch)
                kept.mkdir(exist_ok=True)
                shutil.copy(state, kept)
                config.save_pretrained(kept)


def make_lm_eval() -> None:
    """A tiny model at a relative path, on a task of six made-up questions."""
    import tempfile

    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    task = {
        "task": "made_up", "dataset_path": "json", "test_split": "test", "output_type": "multiple_choice",
        "dataset_kwargs": {"data_files": {"test": "questions.jsonl"}},
        "doc_to_text": "{{question}}", "doc_to_target": "{{answer}}", "doc_to_choice": "{{choices}}",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        words = {word: number for number, word in enumerate(["<unk>", "one", "two", "three", "four", "plus", "is"])}
        tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<unk>", unk_token="<unk>")
        fast.save_pretrained("x")
        torch.manual_seed(0)
        shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        LlamaForCausalLM(LlamaConfig(vocab_size=8, eos_token_id=0, bos_token_id=0, **shape)).save_pretrained("x")
        questions = [{"question": "one plus one is", "choices": ["two", "three"], "answer": 0} for _ in range(6)]
        Path("questions.jsonl").write_text("\n".join(map(json.dumps, questions)))
        Path("made_up.yaml").write_text(json.dumps(task))
        command = [sys.executable, "-m", "lm_eval", "--model", "hf", "--model_args", "pretrained=./x", "--tasks"]
        subprocess.run(
            [*command, "made_up", "--include_path", ".", "--device", "cpu", "--output_path", "out"], check=True
        )
        target = fresh("lm_eval")
        for path in Path("out").rglob("results_*.json"):
            content = json.loads(path.read_text())
            for private in ("pretty_env_info", "git_hash", "upper_git_hash", "lm_eval_version"):
                content.pop(private, None)
            kept = target / path.parent.name
            kept.mkdir()
            text = json.dumps(content, indent=1).replace(scratch, "/data")
            (kept / path.name.replace(":", "-")).write_text(text)
        os.chdir(HERE)


MAKERS = (make_wandb, make_tensorboard, make_mlflow, make_trackio, make_hf_trainer, make_lm_eval)

if __name__ == "__main__":
    for maker in MAKERS:
        if not sys.argv[1:] or maker.__name__.removeprefix("make_") in sys.argv[1:]:
            print(maker.__name__)
            maker()
