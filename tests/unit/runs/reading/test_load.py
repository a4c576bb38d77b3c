"""Loading what people have: formats, names, units, derived columns, and every bad input in one line."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from scalelaw.core.errors import BadFormula, BadInput, BadTable, NeedsAnswer, UnknownName
from scalelaw.runs.reading.load import load_runs

ROWS = [
    {"run": "a", "params": 7e7, "tokens": 1.4e9, "loss": 3.6},
    {"run": "b", "params": 4.1e8, "tokens": 8.2e9, "loss": 2.7},
    {"run": "c", "params": 7e9, "tokens": 3e11, "loss": 2.1},
]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def table(**columns):
    """Three plain runs with some columns replaced, added, or left out by None."""
    return {name: cells for name, cells in {**COLUMNS, **columns}.items() if cells is not None}


def assert_is_rows(runs):
    assert runs.read == len(runs) == 3
    assert runs.runs["run"].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(runs.runs["params"], COLUMNS["params"])
    np.testing.assert_array_equal(runs.runs["tokens"], COLUMNS["tokens"])
    np.testing.assert_array_equal(runs.evals["value"], COLUMNS["loss"])
    assert runs.targets == ("loss",)


def _write(folder, name):
    path, frame = folder / name, pl.DataFrame(ROWS)
    match name.rpartition(".")[2]:
        case "csv" | "txt":
            frame.write_csv(path)
        case "tsv":
            frame.write_csv(path, separator="\t")
        case "json":
            path.write_text(json.dumps(ROWS, indent=1))
        case "jsonl" | "log":
            path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")
        case "parquet" | "unknown":
            frame.write_parquet(path)
        case "dat":
            path.write_text(json.dumps(COLUMNS))
    return path


@pytest.mark.parametrize(
    "name", ["r.csv", "r.txt", "r.tsv", "r.json", "r.jsonl", "r.log", "r.parquet", "r.unknown", "r.dat"]
)
def test_reads_files_by_name_or_content(tmp_path, name):
    path = _write(tmp_path, name)
    assert_is_rows(load_runs(path))
    assert_is_rows(load_runs(str(path)))


class Stream:
    """Something that only knows how to stream arrow data."""

    def __arrow_c_stream__(self, requested_schema=None):
        return pl.DataFrame(ROWS).__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "source",
    [ROWS, COLUMNS, pd.DataFrame(ROWS), pl.DataFrame(ROWS), pl.LazyFrame(ROWS), pa.Table.from_pylist(ROWS), Stream()],
    ids=["records", "columns", "pandas", "polars", "lazy", "arrow", "stream"],
)
def test_reads_containers(source):
    assert_is_rows(load_runs(source))


def test_passes_a_table_through():
    runs = load_runs(ROWS)
    assert load_runs(runs) is runs
    with pytest.raises(BadInput, match="already"):
        load_runs(runs, units={"tokens": "B"})


def test_reads_bom_utf16_and_windows_line_ends(tmp_path):
    text = "run,params,tokens,loss\r\na,7e7,1.4e9,3.6\r\nb,4.1e8,8.2e9,2.7\r\nc,7e9,3e11,2.1\r\n"
    for encoding in ("utf-8-sig", "utf-16"):
        path = tmp_path / "r.csv"
        path.write_bytes(text.encode(encoding))
        assert_is_rows(load_runs(path))


def test_reads_decimal_commas_and_says_so(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("run;params;tokens;loss\na;70.000.000;1,4e9;3,6\n;;;\n\nb;410.000.000;8,2e9;2,7\nc;7e9;3e11;2,1\n")
    runs = load_runs(path)
    assert_is_rows(runs)
    assert any("comma" in note for note in runs.notes) and any("2 blank rows" in note for note in runs.notes)


def test_text_that_appears_late_in_a_column_is_read(tmp_path):
    path = tmp_path / "r.csv"
    lines = [f"{1_000_000 + row},1e9,3.0" for row in range(12_000)] + ["7B,1e9,2.0"]
    path.write_text("params,tokens,loss\n" + "\n".join(lines))
    assert load_runs(path).runs["params"][-1] == 7e9


BAD_FILES = {
    "empty": ("r.csv", b"", "is empty"),
    "blank": ("r.csv", b"\n \n", "is empty"),
    "header only": ("r.csv", b"params,tokens,loss\n", "no rows"),
    "separators only": ("r.csv", b"params,tokens,loss\n,,\n", "no rows"),
    "binary": ("r.csv", b"\x89PNG\x00\x00\x01", "binary"),
    "latin-1": ("r.csv", "params,tokens,loss,µ\n1,2,3,é\n".encode("latin-1"), "UTF-8"),
    "long row": ("r.csv", b"params,tokens,loss\n1e7,1e9,3,4\n", "line 2 has 4 cells, but the header has 3"),
    "short row": ("r.csv", b"params,tokens,loss\n1e7,1e9,3\n1e7,1e9\n", "line 3 has 2 cells"),
    "open quote": ("r.csv", b'params,tokens,loss\n1e7,1e9,"3\n', "r.csv"),
    "column twice": ("r.csv", b"params,loss,loss\n1e7,3,3\n", "'loss' appears 2 times"),
    "no header": ("r.csv", b"1e7,1e9,3\n1e8,1e10,2\n", "no column is recognised"),
    "bad JSON": ("r.json", b'[{"params": 1', "not valid JSON"),
    "JSON number": ("r.json", b"3", "no table"),
    "JSON of numbers": ("r.json", b"[1, 2]", "not a record"),
    "JSON nested": ("r.json", b"[" * 100_000, "not valid JSON"),
    "JSON ragged": ("r.json", b'{"params": [1, 2], "loss": [1]}', "differ in length"),
    "JSON empty": ("r.json", b"[]", "is empty"),
    "torn JSONL": ("r.jsonl", b'{"params": 1e7, "loss": 3}\n{"par', "line 2"),
    "not Parquet": ("r.parquet", b"params,loss", "Parquet"),
    "torn Parquet": ("r.parquet", b"PAR1\x00\x01\x02PAR1", "Parquet"),
}


@pytest.mark.parametrize(("name", "content", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadTable, match=said) as caught:
        load_runs(path)
    assert "\n" not in str(caught.value)


def test_absent_file_and_directory(tmp_path):
    (tmp_path / "runs.tsv").write_text("x")
    with pytest.raises(BadInput, match=r"the file .*the folder has runs\.tsv"):
        load_runs(tmp_path / "runs.csv")
    with pytest.raises(BadInput, match="nor does the folder"):
        load_runs(tmp_path / "no" / "runs.csv")
    with pytest.raises(BadInput, match="directory"):
        load_runs(tmp_path)


@pytest.mark.parametrize("source", [3, None, object(), b"params"])
def test_what_cannot_hold_runs(source):
    with pytest.raises(BadInput, match="cannot read runs from"):
        load_runs(source)


def test_containers_that_hold_no_table():
    for source in ({}, [], pl.DataFrame(), {"params": [], "loss": []}):
        with pytest.raises(BadTable, match=r"empty|no rows"):
            load_runs(source)
    with pytest.raises(BadTable, match="not a column"):
        load_runs({"params": 3.0, "loss": [1.0]})


def test_frames_with_odd_column_names():
    with pytest.raises(BadTable, match="dataframe cannot be read"):
        load_runs(pd.DataFrame([[1e8, 1e9, 3.0]], columns=["params", "params", "loss"]))
    with pytest.raises(BadTable, match="the columns are 0, 1"):
        load_runs(pd.DataFrame({0: [1], 1: [2]}))


@pytest.mark.parametrize("option", [{"columns": ["params"]}, {"derive": {"tokens": 20}}, {"units": {"loss": None}}])
def test_options_are_dicts_of_text(option):
    with pytest.raises(BadInput, match="give a dict"):
        load_runs(ROWS, **option)


def test_columns_without_a_value_are_named():
    with pytest.raises(BadTable, match=r"no column is recognised as a loss.*\(loss: no usable value\)"):
        load_runs(table(loss=[None] * 3))
    with pytest.raises(BadTable, match=r"params must be numbers.* holds lists .*RUNS_ALL_TEXT"):
        load_runs({"params": [[1, 2], [3]], "loss": [1.0, 2.0]})


def test_a_column_that_is_not_what_its_name_says_is_left_out():
    runs = load_runs(table(lr=["auto"] * 3))
    assert "lr" not in runs.runs and any("'lr' is not used" in note for note in runs.notes)
    assert runs.endpoints().domain().keys() == {"params", "tokens", "flops"}


def test_no_recognisable_column_names_what_there_is():
    with pytest.raises(BadTable, match=r"recognised as a loss.*the columns are foo, bar; name them with columns="):
        load_runs({"foo": [1.0], "bar": [2.0]})
    with pytest.raises(BadTable, match="recognised as params, tokens or flops"):
        load_runs({"foo": [1.0], "loss": [2.0]})


def test_columns_names_what_is_not_recognised():
    runs = load_runs(table(params=None, mine=COLUMNS["params"]), columns={"params": "mine"})
    assert_is_rows(runs)
    assert runs.origins["params"] == "mine"


def test_columns_goes_from_quantity_to_column():
    with pytest.raises(BadInput, match=r"columns=\{'params': 'mine'\}"):
        load_runs(table(params=None, mine=COLUMNS["params"]), columns={"mine": "params"})


def test_columns_refuses_what_is_not_there():
    with pytest.raises(UnknownName, match="Did you mean 'tokens'"):
        load_runs(ROWS, columns={"tokenz": "tokens"})
    with pytest.raises(UnknownName, match="Did you mean 'params'"):
        load_runs(ROWS, columns={"params": "param"})
    with pytest.raises(BadInput, match="give it to one"):
        load_runs(ROWS, columns={"params": "params", "params_active": "params"})


def test_columns_leaves_out_with_none():
    runs = load_runs(table(flops=[1.0, 2.0, 3.0]), columns={"flops": None})
    assert runs.runs["flops"][2] == 6 * 7e9 * 3e11


def test_two_columns_for_one_quantity_ask():
    both = table(loss=None, val_loss=[3.0, 2.0, 1.0], eval_loss=[3.1, 2.1, 1.1])
    with pytest.raises(NeedsAnswer, match=r"'val_loss' and 'eval_loss' may both be loss.*RUNS_TWO_COLUMNS"):
        load_runs(both)
    assert load_runs(both, columns={"loss": "eval_loss"}).evals["value"][0] == 3.1


def test_the_canonical_name_wins_and_this_is_said():
    runs = load_runs(table(n_params=[1.0, 2.0, 3.0]))
    assert_is_rows(runs)
    assert any("'n_params'" in note and "exactly that name" in note for note in runs.notes)


def test_the_same_values_twice_are_no_question():
    runs = load_runs(table(loss=None, val_loss=COLUMNS["loss"], eval_loss=COLUMNS["loss"]))
    assert any("same values" in note for note in runs.notes)


def test_batch_and_size_are_not_guessed():
    runs = load_runs(table(batch=[8.0] * 3, size=[1.0] * 3))
    assert {"batch", "size"} <= set(runs.runs) and not {"batch", "size"} & set(runs.quantities())


def test_colour_is_not_compute():
    assert "c" in load_runs(table(c=["red", "green", "blue"])).runs


def test_numbers_as_text_anywhere():
    runs = load_runs(
        table(params=["70M", "410_000_000", "7B params"], tokens=["1,400,000,000", "8.2 billion", "300B tokens"])
    )
    assert_is_rows(runs)


def test_unreadable_cells_are_counted_with_an_example():
    runs = load_runs(table(params=["70M", "12L-768d", "7B"], tokens=["tbd", "8.2B", "300B"]))
    assert [f.code for f in runs.findings] == ["RUNS_UNREADABLE", "RUNS_UNREADABLE"]
    assert "12L-768d" in str(runs)
    fitted = runs.endpoints().complete(["params", "tokens"])
    assert {(gone.reason, gone.n) for gone in fitted.set_aside} == {("unreadable params", 1), ("unreadable tokens", 1)}
    assert len(fitted) == 1


def test_a_column_of_text_where_numbers_belong_refuses():
    with pytest.raises(BadTable, match=r"params must be numbers.*'small'.*RUNS_ALL_TEXT"):
        load_runs(table(params=["small", "medium", "large"]))
    assert "lr" not in load_runs(table(lr=["auto"] * 3)).quantities()


def test_tokens_follow_from_compute_and_this_is_said():
    runs = load_runs({"Model Size": [7e9], "Training FLOP": [6 * 7e9 * 3e11], "loss": [2.0]})
    assert runs.runs["tokens"][0] == pytest.approx(3e11)
    assert any("tokens = " in note and "6N_total" in note for note in runs.notes)


def test_params_follow_from_compute_and_tokens():
    runs = load_runs({"flops": [6 * 7e9 * 3e11], "tokens": [3e11], "loss": [2.0]})
    assert runs.runs["params"][0] == pytest.approx(7e9)


@pytest.mark.parametrize(
    ("kind", "convention"),
    [("params_non_embedding", "6N_nonemb"), ("params_active", "6N_active"), ("params", "6N_total")],
)
def test_compute_is_counted_with_the_kind_of_n_there_is(kind, convention):
    runs = load_runs({kind: [7e9], "tokens": [3e11], "loss": [2.0]})
    assert any(convention in note for note in runs.notes)


def test_whole_numbers_do_not_overflow():
    whole = {"params": np.array([7_000_000_000]), "tokens": np.array([15_000_000_000_000]), "loss": [1.9]}
    for source in (whole, pl.DataFrame(whole), pd.DataFrame(whole)):
        assert load_runs(source).runs["flops"][0] == pytest.approx(6.3e23)


def test_units_of_bare_numbers():
    runs = load_runs(
        table(params=[70.0, 410.0, 7000.0], tokens=["1.4", "8.2B", "300"]), units={"params": "M", "tokens": "B"}
    )
    np.testing.assert_allclose(runs.runs["params"], COLUMNS["params"])
    np.testing.assert_allclose(runs.runs["tokens"], COLUMNS["tokens"])


@pytest.mark.parametrize(("unit", "written"), [("bits", 3 / np.log(2)), ("perplexity", np.exp(3)), ("nats", 3.0)])
def test_units_of_a_loss(unit, written):
    runs = load_runs(table(loss=[written] * 3), units={"loss": unit})
    np.testing.assert_allclose(runs.evals["value"], 3.0)


def test_units_in_a_header_and_in_a_column():
    runs = load_runs({"params (M)": [70.0], "tokens [B]": [1.4], "Loss (bits/token)": [3 / np.log(2)]})
    assert (runs.runs["params"][0], runs.runs["tokens"][0]) == (7e7, 1.4e9)
    assert runs.evals["value"][0] == pytest.approx(3)
    runs = load_runs(table(loss=[3.0, 3 / np.log(2), np.exp(3)], loss_unit=["nats", "bits/token", "ppl"]))
    np.testing.assert_allclose(runs.evals["value"], 3.0)
    assert any("2 of 3 rows converted" in note for note in runs.notes)


def test_a_unit_column_with_gaps_asks():
    gaps = table(loss_unit=["nats", None, "furlongs"])
    with pytest.raises(NeedsAnswer, match=r"missing in 2 rows \(b, c\).*RUNS_LOSS_UNIT"):
        load_runs(gaps)
    answered = load_runs(table(loss_unit=["nats", None, "nats"]), units={"loss": "bits"})
    np.testing.assert_allclose(answered.evals["value"], [3.6, 2.7 * np.log(2), 2.1])


def test_units_refuses_what_it_does_not_know():
    for units in ({"tokens": "furlongs"}, {"loss": "B"}, {"params": "B tokens"}):
        with pytest.raises(BadInput, match="not a unit of"):
            load_runs(ROWS, units=units)
    with pytest.raises(UnknownName, match="lr"):
        load_runs(ROWS, units={"lr": "K"})
    with pytest.raises(UnknownName):
        load_runs(ROWS, units={"tokenz": "B"})


def test_derive_by_columns_and_by_quantities():
    source = {
        "N": [7e7, 7e7],
        "global_step": [100.0, 200.0],
        "Batch": [512, 512],
        "seq_len": [1024, 1024],
        "loss": [4, 3],
    }
    for formula in ("global_step * batch * seq_len", "steps * Batch * 1024"):
        runs = load_runs(source, derive={"tokens": formula})
        assert runs.runs["tokens"].tolist() == [100.0 * 512 * 1024, 200.0 * 512 * 1024]
        assert any(formula in note for note in runs.notes)


def test_derive_is_chained_and_missing_stays_missing():
    source = {"layers": [12, 24], "width": [768, None], "tokens": [1e9, 1e9], "loss": [4, 3]}
    runs = load_runs(source, derive={"params": "12 * layers * width^2", "batch_tokens": "params / 2"})
    assert runs.runs["params"][0] == 12 * 12 * 768**2 and np.isnan(runs.runs["params"][1])
    assert runs.runs["batch_tokens"][0] == runs.runs["params"][0] / 2


def test_derive_refuses():
    with pytest.raises(BadFormula):
        load_runs(ROWS, derive={"tokens": "__import__('os')"})
    with pytest.raises(UnknownName, match="Did you mean 'params'"):
        load_runs(ROWS, derive={"tokens": "20 * parms"})
    with pytest.raises(BadFormula, match="has no numbers"):
        load_runs(ROWS, derive={"tokens": "20 * run"})
    with pytest.raises(BadInput, match="text"):
        load_runs(ROWS, derive={"dataset": "params"})
    with pytest.raises(UnknownName):
        load_runs(ROWS, derive={"nonsense": "params"})


def test_wide_losses_become_targets():
    wide = {"params": [7e9], "tokens": [3e11], "loss_c4_val": [2.5], "loss@pile": [2.2], "acc_mmlu": [0.4]}
    wide |= {"loss_lo95_c4_val": [2.4], "loss_hi95_c4_val": [2.6], "loss_se_c4_val": [0.01], "loss_train": [2.0]}
    runs = load_runs(wide)
    assert runs.targets == ("loss@c4_val", "loss@pile", "score@mmlu")
    assert runs.evals["se"].tolist()[0] == 0.01 and np.isnan(runs.evals["se"][1])
    assert any("loss_c4_val -> loss@c4_val" in note for note in runs.notes)
    assert {"loss_lo95_c4_val", "loss_train"} <= set(runs.runs)


def test_an_all_empty_metric_is_no_target():
    assert load_runs(table(bpb=[None, None, None])).targets == ("loss",)


@pytest.mark.data
def test_chinchilla_points(data_dir):
    runs = load_runs(data_dir / "chinchilla_epoch" / "svg_extracted_data.csv")
    fitted = runs.exclude_top(loss=5, reason="as published").endpoints().complete(["params", "tokens"])
    assert (runs.read, len(fitted)) == (245, 240)
    assert [(gone.reason, gone.n) for gone in fitted.set_aside] == [("5 highest loss: as published", 5)]
    assert runs.findings == ()


@pytest.mark.data
def test_gadre_has_eight_losses_and_48_errors(data_dir):
    runs = load_runs(data_dir / "gadre_overtraining" / "gadre_104models.csv", strict=True)
    metrics = [target.partition("@")[0] for target in runs.targets]
    assert metrics.count("loss") == 8 and metrics.count("error") == 48 == len(metrics) - 8
    assert "loss@c4_val" in runs.targets and "error@mmlu_zeroshot" in runs.targets
    assert set(runs.endpoints("error@siqa").columns["chance"]) == {0.5}, "LLM Foundry asks with two choices"
    assert len(runs.where(dataset="c4_original").endpoints("loss@c4_val")) == 34
    assert not any("lo95" in target for target in runs.targets)


@pytest.mark.data
def test_gemstones_are_22_runs_of_10_checkpoints(data_dir):
    path = data_dir / "gemstones" / "gemstones_hot.jsonl"
    runs = load_runs(path, columns={"params": "params_active_precise"})
    assert (runs.read, len(runs), len(runs.endpoints()), len(runs.curves())) == (220, 22, 22, 220)
    assert runs.curves().clustered and not runs.endpoints().clustered
    with pytest.raises(BadTable, match="params_active_precise"):
        load_runs(path).endpoints().complete(["params"])


@pytest.mark.data
def test_datablations(data_dir):
    runs = load_runs(data_dir / "datablations" / "datablations_all_runs.csv")
    assert len(runs.where(in_fit182=True).endpoints()) == 182
    assert len(runs.where(epochs=(None, 2.5)).endpoints()) < 296
