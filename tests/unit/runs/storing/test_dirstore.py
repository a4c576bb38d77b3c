"""Recording runs in folders: crashes, torn lines, stale locks, second writers, and reading while writing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, RunLocked, ScalelawWarning, UnknownName
from scalelaw.core.owners import lock
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.journal import open_journal, read_journal
from scalelaw.runs.storing.run_spec import RunSpec

SETTINGS = {"params": 124e6, "seed": 0}

WRITER = """
import sys
from pathlib import Path
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.record import record

store = DirStore(Path(sys.argv[1]), beat_s=0.05, missed=4)
run = record(store, params=124e6, seed=0)
step = len(store.read(run.run).evals)
while True:
    run.log(step=step, tokens=step * 1000, loss=10 / (step + 1))
    print(step, flush=True)
    step += 1
"""


@pytest.fixture
def write(tmp_path):
    """Start a process that logs steps as fast as it can, and says each one it has logged in the file ``said``."""
    started = []

    def start():
        command = [sys.executable, "-W", "ignore", "-c", WRITER, str(tmp_path / "runs")]
        with (tmp_path / "said").open("w") as said, (tmp_path / "error").open("w") as error:
            process = subprocess.Popen(command, stdout=said, stderr=error)
        started.append(process)
        until(lambda: (tmp_path / "said").stat().st_size or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "error").read_text()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def only(folder):
    """Return the one run of a store."""
    store = DirStore(Path(folder))
    (run,) = store.runs()
    return store.read(run)


@pytest.mark.parametrize("moments", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_loses_at_most_the_line_in_flight(moments, write, tmp_path):
    rng = random.Random(1)
    seen = 0
    for _ in range(moments):
        process = write()
        time.sleep(rng.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        last = int((tmp_path / "said").read_text().split("\n")[-2])
        found = only(tmp_path / "runs")
        steps = [values["step"] for values in found.evals]
        assert steps == list(range(len(steps))), "no gap, nothing twice"
        assert len(steps) in (last + 1, last + 2), "what was logged is there; one more may be that it could not say"
        assert found.state == "crashed" and found.torn <= 1 and found.superseded == 0
        assert all(values["loss"] == 10 / (values["step"] + 1) for values in found.evals)
        seen = last
    assert seen > moments


def test_a_store_is_read_while_it_is_written(write, tmp_path):
    process = write()
    counts = []
    for _ in range(20):
        table = sl.load_runs(tmp_path / "runs")
        assert table.runs["state"].tolist() == ["running"]
        counts.append(table.read)
        assert table.curves().y[-1] == 10 / table.read
    assert counts == sorted(counts) and counts[-1] > counts[0]
    process.kill()


def test_a_second_process_is_refused_and_told_who_holds_the_run(write, tmp_path):
    process = write()
    with pytest.raises(RunLocked, match=rf"being written by process {process.pid} on .* since .*rank 0"):
        sl.record(tmp_path / "runs", **SETTINGS)


def test_a_silent_holder_is_taken_over_and_stops_when_it_wakes(write, tmp_path):
    process = write()
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    store, patient = (DirStore(tmp_path / "runs", beat_s=0.05, missed=missed) for missed in (4, 5))
    until(lambda: patient.read(patient.runs()[0]).state == "crashed")  # the clock of files is some milliseconds late
    with pytest.warns(ScalelawWarning, match=rf"took over from process {process.pid} .*silent for .*4 heartbeats"):
        run = sl.record(store, **SETTINGS)
    run.log(step=10**6, loss=1.0)
    process.send_signal(signal.SIGCONT)
    process.wait(timeout=20)
    error = (tmp_path / "error").read_text()
    assert "RunLocked" in error and f"was taken over by process {os.getpid()}" in error
    run.log(step=10**6 + 1, loss=1.0)
    run.finish()
    assert [values["step"] for values in only(store.root).evals[-2:]] == [10**6, 10**6 + 1]


def test_a_line_that_comes_after_the_take_over_does_not_count(tmp_path):
    """A writer may be stopped between its look at the lock and its line; it learns the truth one line later."""
    run = sl.record(tmp_path, **SETTINGS)
    run.log(step=1, loss=4.0)
    path = tmp_path / run.run
    foreign(path / "lock", age=100)
    with pytest.warns(ScalelawWarning, match="took over"):
        second = sl.record(tmp_path, **SETTINGS)
    second.log(step=2, loss=3.0)
    with (path / "evals.jsonl").open("a") as late:
        late.write('{"step": 2, "loss": 9.0}\n{"state": "crashed"}\n{"state": "running"}\n')
    second.log(step=3, loss=2.0)
    second.finish()
    found = only(tmp_path)
    assert [values["loss"] for values in found.evals] == [4.0, 3.0, 2.0]
    assert (found.state, found.superseded) == ("finished", 1)
    with pytest.raises(RunLocked, match="lock file was deleted"):
        run.log(step=9, loss=1.0)


def test_a_dead_holder_is_replaced_at_once(write, tmp_path):
    process = write()
    process.kill()
    process.wait()
    with pytest.warns(ScalelawWarning, match=rf"took over from process {process.pid} .*which has died"):
        sl.record(tmp_path / "runs", **SETTINGS).finish()


def foreign(path, *, age, **changes):
    """Leave a lock as another machine would, last touched ``age`` seconds ago."""
    holder = replace(lock._me(0.5), host="node7", machine="another", pid=1, birth="5", token="x", **changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(holder)))
    os.utime(path, (time.time() - age, time.time() - age))


def test_a_holder_elsewhere_is_judged_by_its_own_heartbeat(tmp_path):
    path = tmp_path / RunSpec.of(SETTINGS).digest / "lock"
    foreign(path, age=2)
    with pytest.raises(RunLocked, match="process 1 on node7"):
        sl.record(tmp_path, **SETTINGS)
    foreign(path, age=4)
    with pytest.warns(ScalelawWarning, match=r"node7 since .* silent for 4.* s \(6 heartbeats of 0.5 s missed\)"):
        sl.record(tmp_path, **SETTINGS).finish()


def test_a_process_number_used_again_is_another_process(tmp_path):
    path = tmp_path / RunSpec.of(SETTINGS).digest / "lock"
    path.parent.mkdir()
    path.write_text(json.dumps(asdict(replace(lock._me(10.0), birth="1"))))
    with pytest.warns(ScalelawWarning, match="died"):
        sl.record(tmp_path, **SETTINGS).finish()


def test_a_deleted_lock_stops_the_writer(tmp_path):
    run = sl.record(tmp_path, **SETTINGS)
    (tmp_path / run.run / "lock").unlink()
    with pytest.raises(RunLocked, match="lock file was deleted"):
        run.log(step=1, loss=3.0)
    assert only(tmp_path).state == "crashed"


def test_a_forked_child_does_not_write(tmp_path, monkeypatch):
    run = sl.record(tmp_path, **SETTINGS)
    with monkeypatch.context() as patch:
        patch.setattr(lock.os, "getpid", lambda: -1)
        with pytest.raises(RunLocked, match="forked from it"):
            run.log(step=1, loss=3.0)
    run.finish()


def test_a_torn_line_is_ignored_wherever_it_was_cut(tmp_path):
    journal = open_journal(tmp_path / "evals.jsonl")
    records = [{"step": step, "loss": 3.5, "phase": "größer"} for step in range(3)]
    for record in records:
        journal.append(record)
    journal.close()
    whole = (tmp_path / "evals.jsonl").read_bytes()
    for cut in range(len(whole)):
        path = tmp_path / "cut.jsonl"
        path.write_bytes(whole[:cut])
        found, torn = read_journal(path)
        complete = whole[:cut].count(b"\n")
        assert found == records[:complete]
        assert torn == (not whole[:cut].endswith(b"\n") and cut > 0)
        again = open_journal(path)
        again.append({"step": 9})
        again.close()
        # A cut just before the line end leaves a whole record, which the next writer's line end completes.
        ended = complete + (whole[cut : cut + 1] == b"\n")
        assert read_journal(path)[0] == [*records[:ended], {"step": 9}]


def test_zeros_after_a_power_cut_are_ignored(tmp_path):
    path = tmp_path / "evals.jsonl"
    path.write_bytes(b'{"step": 1}\n' + b"\0" * 50)
    journal = open_journal(path)
    journal.append({"step": 2})
    journal.close()
    assert read_journal(path) == ([{"step": 1}, {"step": 2}], 1)


def test_a_full_disk_tears_one_line_only(tmp_path, monkeypatch):
    journal = open_journal(tmp_path / "evals.jsonl")
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:5]))
        with pytest.raises(OSError, match="only 5 of"):
            journal.append({"step": 1})
    journal.append({"step": 2})
    journal.close()
    assert read_journal(tmp_path / "evals.jsonl") == ([{"step": 2}], 1)


def test_torn_lines_and_repeats_are_said(tmp_path):
    run = sl.record(tmp_path, **SETTINGS)
    run.log(step=1, tokens=1e9, loss=4.0)
    run.log(step=2, tokens=2e9, loss=3.5)
    run.crash()
    with (tmp_path / run.run / "evals.jsonl").open("a") as file:
        file.write('{"step": 3, "lo')
    with sl.record(tmp_path, **SETTINGS) as run:
        run.log(step=2, tokens=2e9, loss=3.25)
    table = sl.load_runs(tmp_path)
    assert table.endpoints().y.tolist() == [3.25]
    assert any("1 half-written line ignored" in note for note in table.notes)
    assert any("1 evaluation repeated" in note for note in table.notes)


def test_an_exception_is_a_crash_and_the_run_goes_on_later(tmp_path):
    with pytest.raises(ZeroDivisionError), sl.record(tmp_path, **SETTINGS) as run:
        run.log(step=1, loss=4.0)
        1 / 0  # noqa: B018
    assert only(tmp_path).state == "crashed"
    assert '"error": "ZeroDivisionError"' in (tmp_path / run.run / "evals.jsonl").read_text()
    with sl.record(tmp_path, **SETTINGS) as run:
        run.log(step=2, loss=3.0)
    assert only(tmp_path).state == "finished" and len(only(tmp_path).evals) == 2


def test_values_of_any_number_type_are_logged(tmp_path):
    with sl.record(tmp_path, params=np.int64(10**6), lr=np.float32(0.5), layers=[1, 2], tied=True) as run:
        run.log(step=np.int32(1), tokens=np.float64(1e9), loss=np.array(3.5), decayed=np.bool_(True))
    assert only(tmp_path).settings == {"params": 10**6, "lr": 0.5, "layers": [1, 2], "tied": True}
    assert only(tmp_path).evals == ({"step": 1, "tokens": 1e9, "loss": 3.5, "decayed": True},)


def test_what_cannot_be_recorded_is_said(tmp_path):
    for settings, said in (
        ({"model": object()}, "model=<object"),
        ({"lr": float("nan")}, "lr=nan: give a finite number"),
        ({"run": "baseline"}, "the store sets run itself"),
        ({"opt": {1: 2}}, "opt: the key 1 is not text"),
    ):
        with pytest.raises(BadInput, match=said):
            sl.record(tmp_path, **settings)
    run = sl.record(tmp_path, **SETTINGS, tokens=1e9, lr=6e-4)
    for values, said in (
        ({}, "needs values"),
        ({"loss": [1.0]}, "loss=.*list"),
        ({"loss": np.array([1.0, 2.0])}, "not one number"),
        ({"state": "fine"}, "sets state itself"),
        ({"lr": 1e-5}, "lr is a setting of this run.*lr_now"),
        ({"tokens": 5}, "planned_tokens"),
    ):
        with pytest.raises(BadInput, match=said):
            run.log(**values)
    run.finish()
    with pytest.raises(BadInput, match="closed"):
        run.log(step=1, loss=1.0)
    with pytest.raises(BadInput, match=r"has finished; change a setting \(e\.g\. seed=1\)"):
        sl.record(tmp_path, **SETTINGS, tokens=1e9, lr=6e-4)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written: Not a directory"):
        sl.record(tmp_path / "file", **SETTINGS)


def test_an_edited_run_is_noticed(tmp_path):
    sl.record(tmp_path, **SETTINGS).crash()
    (path,) = tmp_path.glob("*/run.json")
    path.write_text(path.read_text().replace("124000000", "125000000"))
    with pytest.raises(BadInput, match="was edited"):
        sl.record(tmp_path, **SETTINGS)
    path.write_text('{"schema": "scalelaw.run/2"}')
    with pytest.raises(BadTable, match=r"is scalelaw.run/2; this version reads scalelaw.run/1"):
        sl.load_runs(tmp_path)
    path.write_text("{")
    with pytest.raises(BadTable, match="not valid JSON"):
        sl.load_runs(tmp_path)


def test_a_folder_of_runs_one_run_or_no_run(tmp_path):
    for seed in range(3):
        with sl.record(tmp_path / "runs", params=1e8, seed=seed, planned_tokens=2e9, opt={"b2": 0.95}) as run:
            run.log(step=1, tokens=1e9, loss=4.0 - seed)
    table = sl.load_runs(tmp_path / "runs")
    assert len(table) == 3 and table.runs["opt.b2"].tolist() == [0.95] * 3
    assert table.runs["planned_tokens"].tolist() == [2e9] * 3
    assert sl.load_runs(str(tmp_path / "runs" / run.run)).evals["value"].tolist() == [2.0]
    with pytest.raises(BadInput, match="is a folder"):
        sl.load_runs(tmp_path)
    with pytest.raises(BadTable, match="has no run yet"):
        sl.load_runs(DirStore(tmp_path / "none"))
    with pytest.raises(UnknownName):
        DirStore(tmp_path / "runs").read("x")


def test_files_are_for_grep_and_git(tmp_path):
    with sl.record(tmp_path, **SETTINGS) as run:
        run.log(step=1, loss=3.5)
    assert sorted(path.name for path in (tmp_path / run.run).iterdir()) == ["evals.jsonl", "run.json"]
    assert '"params": 124000000' in (tmp_path / run.run / "run.json").read_text()
    lines = (tmp_path / run.run / "evals.jsonl").read_text().splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [
        ["state", "time"],
        ["loss", "step", "time"],
        ["state", "time"],
    ]


def test_a_training_loop_records_itself_in_three_lines(tmp_path):
    """A bigram model in NumPy, trained by gradient descent as small scripts do it."""
    rng = np.random.default_rng(0)
    vocab, batch, block = 8, 16, 32
    chain = rng.dirichlet(np.full(vocab, 0.3), size=vocab)
    text = [0]
    for _ in range(4000):
        text.append(rng.choice(vocab, p=chain[text[-1]]))
    train, held_out = np.array(text[:3200]), np.array(text[3200:])

    def loss_and_gradient(logits, x, y):
        shifted = logits[x] - logits[x].max(axis=-1, keepdims=True)
        p = np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        gradient = np.zeros_like(logits)
        np.add.at(gradient, x, p / len(y))
        return loss, gradient

    logits = np.zeros((vocab, vocab))
    read = []
    run = sl.record(tmp_path, params=logits.size, lr=5.0, seed=0, planned_tokens=60 * batch * block)  # line 1
    for step in range(1, 61):
        at = rng.integers(0, len(train) - block - 1, batch)
        x, y = (np.concatenate([train[a + shift : a + shift + block] for a in at]) for shift in (0, 1))
        _, gradient = loss_and_gradient(logits, x, y)
        logits -= 5.0 * gradient
        if step % 10 == 0:
            loss, _ = loss_and_gradient(logits, held_out[:-1], held_out[1:])
            run.log(step=step, tokens=step * batch * block, loss=loss)  # line 2
            table = sl.load_runs(tmp_path)
            read.append(float(table.curves().y[-1]))
            assert table.runs["state"].tolist() == ["running"] and read[-1] == loss
    run.finish()  # line 3
    assert len(read) == 6 and read[-1] < read[0]
    done = sl.load_runs(tmp_path)
    assert done.runs["state"].tolist() == ["finished"]
    assert done.runs["tokens"].tolist() == done.runs["planned_tokens"].tolist()
