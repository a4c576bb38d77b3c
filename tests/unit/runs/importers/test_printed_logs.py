"""Printed logs of four trainers: fresh ones each, with prefixes, progress bars, restarts and broken last lines."""

from dataclasses import dataclass

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, ScalelawWarning
from scalelaw.runs import importers
from scalelaw.runs.review import review_runs

KINDS = ("nanogpt", "llm_c", "modded_nanogpt", "megatron")
STATED = ("nanogpt", "llm_c", "megatron")
SEEDS = range(5)


@dataclass(frozen=True)
class Made:
    """A run as it is printed: its losses at the steps of evaluations, and what its log states."""

    kind: str
    params: int
    batch: int
    steps: int
    every: int
    seed: int = 0

    def loss(self, step, *, train=False):
        curve = 1.7 + 400 / self.params**0.34 + 400 / max(step * self.batch, self.batch) ** 0.28
        return curve * (0.99 if train else 1.0)

    @property
    def evals(self):
        return range(self.every, self.steps + 1, self.every)


def drawn(kind, seed):
    rng = np.random.default_rng(seed)
    every = int(rng.integers(2, 6)) * 10
    seq = int(2 ** rng.integers(8, 12))
    return Made(kind, int(10 ** rng.uniform(7, 9)), seq * int(2 ** rng.integers(5, 9)), every * 5, every, seed)


def head(made, *, states=True):
    """Return what is printed before the first step."""
    seq = 256
    if not states:
        return []
    return {
        "nanogpt": [
            f"tokens per iteration will be: {made.batch:,}", "Initializing a new model from scratch",
            f"number of parameters: {made.params / 1e6:.2f}M",
            f"num decayed parameter tensors: 50, with {made.params - 1000:,} parameters",
            "num non-decayed parameter tensors: 98, with 1,000 parameters", "compiling the model... (takes a ~minute)",
        ],
        "llm_c": [
            "+-----------------------+----------------------------------------------------+",
            f"| total batch size      | {made.batch:<50} |", f"| num_parameters        | {made.params:<50} |",
            f"num_parameters: {made.params} => bytes: {2 * made.params}",
        ],
        "modded_nanogpt": [
            'print0(f"step:{step}/{train_steps} val_loss:{val_loss:.4f} train_time:{t:.0f}ms")', "=" * 80,
            "Running PyTorch 2.6.0 compiled for CUDA 12.4",
        ],
        "megatron": [
            "------------------------ arguments ------------------------",
            f"  global_batch_size ............................... {made.batch // seq}",
            f"  seq_length ...................................... {seq}",
            f" > number of parameters on (tensor, pipeline) model parallel rank (0, 0): {made.params}",
        ],
    }[made.kind]  # fmt: skip


def body(made, start=0, end=None):
    """Return the lines of the steps after ``start``."""
    lines = []
    for step in range(start + 10, (end or made.steps) + 1, 10):
        train, val, samples = made.loss(step, train=True), made.loss(step), step * made.batch // 256
        evaluated = step in made.evals
        if made.kind == "nanogpt":
            lines += [f"step {step}: train loss {train:.4f}, val loss {val:.4f}"] * evaluated
            lines.append(f"iter {step}: loss {train:.4f}, time 10.34ms, mfu 15.34%")
        elif made.kind == "llm_c":
            lines.append(
                f"step {step:4d}/{made.steps} | loss {train:7.6f} (+0.10z)| norm 0.3000 (-0.2z)| lr 6.00e-04 "
                "| 123.45 ms | 50.1% bf16 MFU | 425123 tok/s"
            )
            lines += [f"val loss {val:.6f}"] * evaluated
        elif made.kind == "modded_nanogpt":
            held_out = f"step:{step}/{made.steps} val_loss:{val:.4f} train_time:{step * 40}ms step_avg:40.10ms"
            lines += [held_out] * evaluated
            lines.append(f"step:{step}/{made.steps} train_time:{step * 40}ms step_avg:40.10ms")
        else:
            lines.append(
                f" iteration {step:8d}/{made.steps:8d} | consumed samples: {samples:12d} | elapsed time per iteration "
                f"(ms): 139.4 | learning rate: 1.500E-04 | global batch size: {made.batch // 256:5d} "
                f"| lm loss: {train:.6E} | grad norm: 0.811 | number of nan iterations:   0 |"
            )
            lines += ["-" * 60] * evaluated
            held_out = f" validation loss at iteration {step} | lm loss value: {val:.6E} | lm loss PPL: 1.0E+01 | "
            lines += [held_out] * evaluated
    return lines


def log(made, *, states=True):
    return [*head(made, states=states), *body(made)]


def write(path, lines, end="\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


def loaded(path, made, **options):
    if made.kind == "modded_nanogpt":
        options = {"derive": {"params": str(made.params), "tokens": f"steps * {made.batch}"}, **options}
    return sl.load_runs(path, **options)


def check(table, made, row=0, *, last=None):
    """Check N, D and the losses of a run, training apart from held out."""
    last = last or made.evals[-1]
    assert table.targets == ("loss",)
    assert table.runs["params"][row] == pytest.approx(made.params)
    assert table.runs["tokens"][row] == pytest.approx(last * made.batch)
    mine = table.evals["run"] == row
    losses = dict(zip(table.evals["steps"][mine], table.evals["value"][mine], strict=True))
    assert sorted(losses) == [step for step in made.evals if step <= last]
    assert all(value == pytest.approx(made.loss(step), abs=6e-5) for step, value in losses.items())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_log(tmp_path, kind, seed):
    made = drawn(kind, seed)
    for name in ("a.log", "slurm-123.out", "train.log.1", "stdout", "a.csv"):
        path = write(tmp_path / name, log(made))
        found = importers.find(str(path))
        assert found is not None and found.name == kind
        check(loaded(path, made), made)
    assert len(loaded(path, made).endpoints()) == 1


DRESS = {
    "ranks": lambda rng, line: f"[rank0]: {line}",
    "srun": lambda rng, line: f"0: {line}",
    "torchrun": lambda rng, line: f"[default0]:{line}",
    "times": lambda rng, line: f"[2026-01-02 03:04:05,678] [INFO] {line}",
    "stamps": lambda rng, line: f"2026-01-02T03:04:05.678Z worker-a1b2 {line}",
    "colours": lambda rng, line: f"\x1b[32m{line}\x1b[0m",
    "progress": lambda rng, line: f" 45%|███▌    | 45/100 [00:10<00:12,  4.20it/s]{line}",
    "bars above": lambda rng, line: f"  1%|  | 1/100\r 45%|███▌ | 45/100 [00:10<00:12,  4.20it/s]\r{line}",
    "carriage returns": lambda rng, line: f"{line}\r",
    "other ranks": lambda rng, line: f"[rank0]: {line}\n[rank1]: {line.replace('.', '.9')}",
}


@pytest.mark.parametrize("dress", DRESS)
@pytest.mark.parametrize("kind", KINDS)
def test_prefixes_bars_and_colours(tmp_path, kind, dress):
    made = drawn(kind, 11)
    rng = np.random.default_rng(1)
    path = write(tmp_path / "a.out", [DRESS[dress](rng, line) for line in log(made)])
    check(loaded(path, made), made)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_keeps_the_later_values(tmp_path, kind, seed):
    made = drawn(kind, seed)
    off = Made(made.kind, made.params // 3, made.batch, made.steps, made.every)
    back = made.every * 2
    first = [*head(made), *body(made, 0, back), *body(off, back, back + made.every + 10), "Traceback: out of memory"]
    path = write(tmp_path / "a.log", [*first, *head(made), *body(made, back)])
    table = loaded(path, made)
    check(table, made)
    assert any("was resumed 1 time" in note for note in table.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_that_breaks_off_anywhere(tmp_path, kind):
    made = drawn(kind, 3)
    text = "\n".join(log(made))
    start = len("\n".join([*head(made), *body(made, 0, made.every * 2)]))
    for place in range(start, len(text), max(1, (len(text) - start) // 60)):
        path = tmp_path / "a.log"
        path.write_text(text[:place])
        table = loaded(path, made)
        check(table, made, last=int(table.evals["steps"].max()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_logs_is_several_runs(tmp_path, kind):
    runs = [drawn(kind, seed) for seed in range(4)]
    for number, made in enumerate(runs):
        write(tmp_path / "logs" / f"width-{number}.log", log(made))
        write(tmp_path / "folders" / f"width-{number}" / "main.log", log(made))
    options = {}
    if kind == "modded_nanogpt":
        options = {"derive": {"params": "1e8", "tokens": "steps * 524288"}}
    for folder in ("logs", "folders"):
        (tmp_path / folder / "notes.txt").write_text("lr was too high in the first one\n")
        table = sl.load_runs(tmp_path / folder, **options)
        assert table.runs["run"].tolist() == [f"width-{number}" for number in range(4)]
        if kind in STATED:
            assert table.runs["params"].tolist() == pytest.approx([made.params for made in runs])


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_log_does_not_state_is_asked_with_options_that_work(tmp_path, kind):
    made = drawn(kind, 5)
    path = write(tmp_path / "a.log", log(made, states=False))
    table = sl.load_runs(path)
    said = [note for note in table.notes if note.startswith("no column is ")]
    assert len(said) == 2 and "params" not in table.runs
    with pytest.raises(BadTable, match=r"--derive params="):
        sl.fit("chinchilla", table)
    derive = {}
    for note in said:
        name, formula = note.split('derive={"')[1].split('"}')[0].split('": "')
        derive[name] = formula
    table = sl.load_runs(path, derive=derive)
    assert table.runs["params"].tolist() == [124e6] and table.runs["tokens"][0] > 0
    assert review_runs(path).stopped


def test_sizes_in_the_names_of_logs_are_offered(tmp_path):
    for size in ("124M", "350M", "1.3B"):
        write(tmp_path / f"gpt2-{size}.log", log(drawn("modded_nanogpt", 1)))
    assert any("params=size_in_name" in note for note in sl.load_runs(tmp_path).notes)
    table = sl.load_runs(tmp_path, derive={"params": "size_in_name", "tokens": "steps * 524288"})
    assert sorted(table.runs["params"]) == [124e6, 350e6, 1.3e9]


def test_main_log_of_llm_c(tmp_path):
    lines = [f"s:{step} trl:{5 - step / 100:.4f} lr:{6e-4 * (1 - step / 101):.6f} norm:0.30" for step in range(101)]
    lines[50:50] = ["s:50 tel:4.6000", "s:50 eval:0.2877"]
    path = write(tmp_path / "main.log", [*lines, "s:100 tel:4.1000", "s:100 eval:0.2950"])
    table = sl.load_runs(path, derive={"params": "124e6", "tokens": "steps * 524288"})
    assert set(table.targets) == {"loss", "score@hellaswag"}
    assert table.endpoints("loss").y.tolist() == [4.1]


def test_llm_c_on_a_cpu(tmp_path):
    lines = ["num_parameters: 124475904", "val loss 5.3251"]
    lines += [f"step {step}: train loss {5 - step / 100:.6f} (took 1932.1 ms)" for step in range(20)]
    lines.append("val loss 4.9000")
    table = sl.load_runs(write(tmp_path / "a.log", lines))
    assert table.evals["steps"].tolist() == [0, 20] and table.evals["value"].tolist() == [5.3251, 4.9]


def test_megatron_in_parallel_counts_every_rank_and_leaves_the_test_set_apart(tmp_path):
    made = drawn("megatron", 2)
    lines = [line for line in log(made) if "number of parameters" not in line]
    ranks = [
        f" > number of parameters on (tensor, pipeline) model parallel rank ({t}, {p}): {1000 + t + p}"
        for t in (0, 1) for p in (0, 1)
    ]  # fmt: skip
    last = f" validation loss at iteration {made.steps} on test set | lm loss value: 9.0E+00 | lm loss PPL: 8E+03 | "
    table = sl.load_runs(write(tmp_path / "a.log", [*ranks, *lines, last]), units={"params": "1"})
    assert table.runs["params"].tolist() == [4004] and table.targets == ("loss",)
    assert table.endpoints().y[0] == pytest.approx(made.loss(made.steps), abs=1e-5)


def test_a_run_that_never_evaluates_says_so(tmp_path):
    lines = [f"iter {step}: loss {5 - step / 100:.4f}, time 10.34ms, mfu 15.34%" for step in range(0, 100, 10)]
    with pytest.warns(ScalelawWarning, match="RUNS_TRAINING_LOSS"):
        table = sl.load_runs(write(tmp_path / "a.log", lines), derive={"params": "124e6", "tokens": "steps * 524288"})
    assert table.endpoints().y.tolist() == [4.1]


UNKNOWN = {
    "Lightning": ["GPU available: True", "Epoch 0:  10%|█ | 1/10 [00:01<00:09, v_num=3, train_loss=4.20]"] * 3,
    "the Hugging Face Trainer": [f"{{'loss': {4 - at / 10}, 'epoch': {at}}}" for at in range(9)],
    "torchtitan": [f"[titan] INFO - step: {at}  loss:  7.6  memory: 13.7GiB(43%)  tps: 1,023" for at in range(9)],
    "an unknown trainer": [f"Epoch {at} | train loss {4 - at / 10} | valid loss 4.5" for at in range(9)],
}


@pytest.mark.parametrize("suffix", [".log", ".txt", ".csv", ".out"])
@pytest.mark.parametrize("trainer", UNKNOWN)
def test_an_unknown_log_is_refused_by_name(tmp_path, trainer, suffix):
    path = write(tmp_path / f"b{suffix}", UNKNOWN[trainer])
    with pytest.raises(BadInput, match=rf"b{suffix} is a printed log, not a table; it looks like {trainer} .*nanoGPT"):
        sl.load_runs(path)


def test_a_table_called_a_log_is_a_table(tmp_path):
    for separator in ",;\t|":
        rows = [("params", "tokens", "val_loss"), ("1e7", "1e9", "3.5"), ("4e7", "2e9", "3.1")]
        path = write(tmp_path / "t.log", [separator.join(row) for row in rows])
        assert len(sl.load_runs(path)) == 2
