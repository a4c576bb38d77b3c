"""Checks of every store of runs.

Each check takes a function that opens the store. Every call returns a new handle on one store, as another process would
get it; the store is empty at first. Test your own store with

    @pytest.mark.parametrize("check", STORE_CHECKS)
    def test_my_store(check, tmp_path):
        STORE_CHECKS[check](lambda: MyStore(tmp_path / "runs.db"))
"""

import math
from collections.abc import Callable
from types import MappingProxyType

from scalelaw.core.errors import BadInput, RunLocked, UnknownName
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.storing.record import record
from scalelaw.runs.storing.run_spec import RunSpec
from scalelaw.runs.storing.store import RunWriter, Store, Values

OpenStore = Callable[[], Store]

SPEC = RunSpec.of(
    {"params": 124_000_000, "lr": 6e-4, "dataset": "größere Texte", "mixture": [0.25, 0.75], "note": None}
)


def check_protocol(open_store: OpenStore) -> None:
    """The object is a Store that starts empty, with RunWriters as writers."""
    store = open_store()
    assert isinstance(store, Store)
    assert store.runs() == ()
    writer = store.write(SPEC)
    assert isinstance(writer, RunWriter)
    assert open_store().runs() == (writer.run,)
    writer.close("finished")


def check_round_trip(open_store: OpenStore) -> None:
    """Settings and evaluations are read back bit-exact and in order."""
    values: list[Values] = [
        {"step": 0, "tokens": 0.1 + 0.2, "loss": 11.25, "loss@c4": 1 / 3, "phase": "Wärmlauf", "decayed": False},
        {"step": 1, "tokens": 9_007_199_254_740_993, "loss": 5e-324, "note": None},
        {"step": 2, "tokens": 1.5e12, "loss": math.inf},
        {"step": 3, "tokens": 1.6e12, "loss": -math.inf},
    ]
    writer = open_store().write(SPEC)
    for each in values:
        writer.append(each)
    writer.append({"step": 4, "loss": math.nan})
    writer.close("finished")
    found = open_store().read(writer.run)
    assert found.settings == SPEC.settings
    assert list(map(dict, found.evals[:4])) == values
    last = found.evals[4]["loss"]
    assert isinstance(last, float) and math.isnan(last), "a measured NaN must be kept"


def check_seen_at_once(open_store: OpenStore) -> None:
    """Other handles read appended values while the writer is open."""
    writer = open_store().write(SPEC)
    reader = open_store()
    for step in range(5):
        writer.append({"step": step, "loss": 3.0})
        found = reader.read(writer.run)
        assert len(found.evals) == step + 1 and found.state == "running"
    writer.close("finished")


def check_states(open_store: OpenStore) -> None:
    """A run is running until it is closed, then finished or crashed; closing it again has no effect."""
    for seed, state in enumerate(("finished", "crashed")):
        writer = open_store().write(RunSpec.of({"seed": seed}))
        assert open_store().read(writer.run).state == "running"
        writer.close(state)
        writer.close("crashed")
        assert open_store().read(writer.run).state == state


def check_closed(open_store: OpenStore) -> None:
    """A closed writer cannot append."""
    writer = open_store().write(SPEC)
    writer.close("finished")
    _refused(lambda: writer.append({"step": 1, "loss": 3.0}))
    assert open_store().read(writer.run).evals == ()


def check_one_writer(open_store: OpenStore) -> None:
    """A second writer of an open run is refused; other runs can be written."""
    first = open_store().write(SPEC)
    try:
        open_store().write(SPEC)
    except RunLocked as error:
        assert any(character.isdigit() for character in str(error)), "the message names the process that holds it"
    else:
        raise AssertionError("the store let two writers open the same run")
    other = open_store().write(RunSpec.of({"seed": 7}))
    first.append({"step": 1, "loss": 3.0})
    other.append({"step": 1, "loss": 4.0})
    first.close("finished")
    other.close("finished")
    assert len(open_store().read(first.run).evals) == len(open_store().read(other.run).evals) == 1


def check_not_repeated(open_store: OpenStore) -> None:
    """A finished run cannot be written again, so that a restarted sweep repeats nothing."""
    writer = open_store().write(SPEC)
    writer.close("finished")
    _refused(lambda: open_store().write(SPEC))


def check_resumed(open_store: OpenStore) -> None:
    """A crashed run can be resumed; repeated steps count once, with the last values."""
    writer = open_store().write(SPEC)
    for step in (10, 20, 30):
        writer.append({"step": step, "loss": 5.0})
    writer.close("crashed")
    again = open_store().write(SPEC)
    assert again.run == writer.run
    for step in (25, 35):
        again.append({"step": step, "loss": 4.0})
    again.close("finished")
    found = open_store().read(writer.run)
    assert [values["step"] for values in found.evals] == [10, 20, 25, 35]
    assert (found.state, found.superseded) == ("finished", 1)


def check_names(open_store: OpenStore) -> None:
    """Settings identify a run in any order; different settings are different runs; unknown names raise."""
    store = open_store()
    writer = store.write(RunSpec.of({"a": 1, "b": 2.0}))
    writer.close("crashed")
    same = open_store().write(RunSpec.of({"b": 2, "a": 1}))
    same.close("crashed")
    other = store.write(RunSpec.of({"a": 1, "b": 3}))
    other.close("crashed")
    assert same.run == writer.run != other.run
    assert store.runs() == tuple(sorted({writer.run, other.run}))
    try:
        store.read("nothing of this name")
    except UnknownName:
        return
    raise AssertionError("a run that does not exist was read")


def check_loaded(open_store: OpenStore) -> None:
    """``load_runs`` reads settings, state and last values of every run, including empty ones."""
    for seed, loss in enumerate((3.5, 3.25)):
        with record(open_store(), params=1e8 * (seed + 1), seed=seed) as run:
            run.log(step=1, tokens=1e9, loss=loss + 1)
            run.log(step=2, tokens=2e9, loss=loss)
    record(open_store(), params=3e8, seed=2).crash()
    table = load_runs(open_store())
    by_params = dict(zip(table.runs["params"].tolist(), table.runs["state"].tolist(), strict=True))
    assert by_params == {1e8: "finished", 2e8: "finished", 3e8: "crashed"}
    assert sorted(table.endpoints("loss").y.tolist()) == [3.25, 3.5]


def _refused(call: Callable[[], object]) -> None:
    try:
        call()
    except BadInput:
        return
    raise AssertionError("this must be refused")


STORE_CHECKS: MappingProxyType[str, Callable[[OpenStore], None]] = MappingProxyType(
    {
        check.__name__.removeprefix("check_"): check
        for check in (
            check_protocol, check_round_trip, check_seen_at_once, check_states, check_closed, check_one_writer,
            check_not_repeated, check_resumed, check_names, check_loaded,
        )
    }
)  # fmt: skip
"""Name -> check, each taking a function that opens the store."""
