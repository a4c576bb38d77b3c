"""The messy files: what each gives, from its README, counts, reasons, grades and coefficients."""

import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer, ScalelawWarning
from scalelaw.core.findings import Grade
from scalelaw.runs.reducing.pooling import check_pooling

MESSY = Path(__file__).parents[1] / "data" / "messy"
ACTIVE = "chinchilla[n=params_active]"
IN_BYTES = "chinchilla[d=bytes]"
OF_THE_DATA = {"FIT_NOT_CERTIFIED"}
"""Says that the rows determine no optimum: the README itself gives E = 0 where this is let pass."""


def right(n: Any, d: Any) -> Any:
    """The truth behind the files."""
    return 1.80 + 480 / n**0.35 + 2085 / d**0.366


@dataclass(frozen=True)
class Case:
    """One line of the README's table.

    Attributes:
        file: the file.
        read: rows read.
        evals: values of the target before anything is set aside.
        runs: distinct runs.
        aside: reason, as the README names it -> runs set aside.
        fitted: rows a fit sees.
        coef: E, alpha, beta with the ± the README gives them; a fit is within three of it.
        law: what is fitted.
        target: which target, where there are several.
        load: options of ``load_runs``.
        prepare: what is done to the table before the fit.
        fit: options of ``fit``.
        warns: codes of every warning.
        truth: the law the rows follow, None where it is not that of the other files.
    """

    file: str
    read: int
    evals: int
    runs: int
    aside: dict[str, int]
    fitted: int
    coef: tuple[tuple[float, float], ...] = ()
    law: str = "chinchilla"
    target: str | None = None
    load: dict[str, Any] = field(default_factory=dict)
    prepare: Any = None
    fit: dict[str, Any] = field(default_factory=dict)
    warns: frozenset[str] = frozenset()
    truth: Any = right

    def table(self) -> Any:
        """Load, and prepare as a user would."""
        loaded = sl.load_runs(MESSY / self.file, **self.load)
        return self.prepare(loaded) if self.prepare else loaded


def case(name: str, *numbers: Any, **options: Any) -> Any:
    return pytest.param(Case(*numbers, **options), id=name)


UNITS = {"units": {"params": "M", "tokens": "B"}}
CASES = [
    case("02", "02_wandb_long.csv", 809, 180, 31, {"unfinished": 3, "diverged": 2, "superseded": 2}, 24,
         ((1.810, 0.049), (0.356, 0.017), (0.357, 0.007))),
    case("03 best", "03_lr_batch_sweep.csv", 90, 90, 90, {"diverged": 1, "not best of their cell": 83}, 6,
         fit={"use": "best", "over": ("lr", "batch_tokens")}, truth=None,
         warns=frozenset({"RUNS_EDGE_OPTIMUM", "DESIGN_FEW_ROWS", "FIT_NOT_CERTIFIED"})),
    case("03 endpoints", "03_lr_batch_sweep.csv", 90, 90, 90, {"diverged": 1}, 89, truth=None,
         warns=frozenset({"RUNS_SWEPT", "FIT_NOT_CERTIFIED"})),
    case("04", "04_cosine_checkpoints.csv", 126, 126, 16, {"undecayed": 1}, 15,
         ((1.773, 0.021), (0.334, 0.012), (0.366, 0.007))),
    case("05", "05_wsd_branches.csv", 102, 102, 26, {"undecayed": 6}, 20,
         ((1.789, 0.034), (0.336, 0.014), (0.377, 0.008))),
    case("06", "06_steps_batch_seq.csv", 25, 25, 25, {"no tokens": 1, "unfinished": 1}, 23,
         ((1.815, 0.032), (0.356, 0.014), (0.368, 0.006))),
    case("07", "07_numbers_as_text.csv", 29, 28, 29, {"unreadable": 3, "no loss": 1}, 25,
         ((1.807, 0.007), (0.349, 0.006), (0.372, 0.007))),
    case("08", "08_loss_units.csv", 24, 24, 24, {}, 24, ((1.779, 0.021), (0.332, 0.009), (0.371, 0.004))),
    case("08b bits", "08b_loss_units_missing.csv", 24, 24, 24, {}, 24, ((1.779, 0.021), (0.332, 0.009), (0.371, 0.004)),
         load={"units": {"loss": "bits"}}),
    case("08b drop", "08b_loss_units_missing.csv", 24, 21, 24, {"unreadable": 3}, 21,
         ((1.777, 0.021), (0.333, 0.009), (0.369, 0.004)), load={"units": {"loss": "drop"}}),
    case("08b nats", "08b_loss_units_missing.csv", 24, 24, 24, {}, 24, load={"units": {"loss": "nats"}}, truth=None),
    case("09 in bytes", "09_two_tokenizers.csv", 32, 32, 32, {}, 32, ((0.618, 0.009), (0.348, 0.012), (0.371, 0.004)),
         law=IN_BYTES, prepare=lambda table: table.per_byte(), truth=None),
    case("09 one", "09_two_tokenizers.csv", 32, 16, 16, {}, 16, ((1.770, 0.048), (0.342, 0.020), (0.366, 0.006)),
         prepare=lambda table: table.where(tokenizer="bpe-32k")),
    case("10 active", "10_moe.csv", 28, 28, 28, {"impossible": 2}, 26, ((1.775, 0.038), (0.340, 0.015), (0.368, 0.008)),
         law=ACTIVE),
    case("10 total", "10_moe.csv", 28, 28, 28, {"impossible": 2}, 26, law="chinchilla[n=params]", truth=None,
         warns=frozenset({"DESIGN_OTHER_FLOPS", "FIT_NOT_CERTIFIED", "FIT_MISFIT"})),
    case("11 c4", "11_three_evals_wide.csv", 20, 20, 20, {}, 20, ((1.828, 0.020), (0.361, 0.012), (0.371, 0.006)),
         target="loss@c4"),
    case("11 pile", "11_three_evals_wide.csv", 20, 19, 20, {"no loss@pile": 1}, 19,
         ((1.584, 0.022), (0.342, 0.013), (0.364, 0.006)), target="loss@pile",
         truth=lambda n, d: right(n, d) - 0.2),
    case("13", "13_european.csv", 24, 24, 24, {}, 24, ((1.803, 0.020), (0.349, 0.010), (0.368, 0.005))),
    case("14", "14_unsaid_units.csv", 20, 20, 20, {}, 20, ((1.801, 0.020), (0.355, 0.012), (0.365, 0.006)), load=UNITS),
    case("17", "17_typed.parquet", 30, 28, 30, {"no loss": 2, "diverged": 1, "no params": 1, "undecayed": 2}, 24,
         ((1.822, 0.020), (0.364, 0.009), (0.365, 0.005))),
    case("18 both", "18_recipe_changes.csv", 28, 28, 28, {}, 28, warns=frozenset({"DESIGN_RECIPE_WITH_SIZE"}),
         truth=None),
    case("18 v1", "18_recipe_changes.csv", 28, 16, 16, {}, 16, ((1.73, 0.19), (0.336, 0.057), (0.358, 0.008)),
         prepare=lambda table: table.where(recipe="v1")),
]  # fmt: skip


def reason(text: str) -> str:
    """Return a reason in the README's word for it."""
    word = text.partition(":")[0]
    return "unreadable" if word.startswith("unreadable") else word


def fitted(case: Case) -> tuple[Any, Any]:
    """Return the table and its fit, every warning recorded in the fit's findings as well."""
    table = case.table()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = sl.fit(case.law, table, target=case.target, draws=0, **case.fit)
    codes = {re.findall(r"\[(\w+)\]$", str(each.message))[0] for each in caught}
    assert codes == {finding.code for finding in fit.findings if finding.grade is Grade.WARN}
    return table, fit


@pytest.mark.parametrize("case", CASES)
def test_counts_reasons_grades_and_coefficients(case: Case) -> None:
    table, fit = fitted(case)
    target = table.target(case.target)
    assert (table.read, len(table), len(fit.rows.y)) == (case.read, case.runs, case.fitted)
    assert int(np.sum(table.evals["target"] == target)) == case.evals
    aside: Counter[str] = Counter()
    for part in fit.rows.set_aside:
        aside[reason(part.reason)] += part.n
    where = sum(part.n for part in table.set_aside)
    told = {name: count for name, count in aside.items() if not name.endswith((" bpe-32k", " v1"))}
    assert told == case.aside
    assert case.runs + where == case.fitted + sum(aside.values())
    assert {finding.code for finding in fit.findings if finding.grade is not Grade.SET_ASIDE} == case.warns
    for name, (value, spread) in zip(("E", "alpha", "beta"), case.coef, strict=False):
        found = fit.coefficients()[name]["value"]
        assert abs(found - value) < 3 * spread, f"{name} = {found:.4g}, the README has {value} ± {spread}"
    if case.truth is not None:
        n, d = (fit.rows.x[name] for name in fit.inputs)
        np.testing.assert_allclose(fit.rows.y, case.truth(n, d), rtol=0.0101)


def load(name: str, **options: Any) -> Any:
    return sl.load_runs(next(MESSY.glob(f"{name}_*")), **options)


def test_02_says_what_was_logged_twice_and_keeps_both_seeds() -> None:
    table = load("02")
    notes = "; ".join(table.notes)
    assert "27 rows of w8qtpngp repeat others exactly (6 of loss)" in notes
    assert "loss was logged again once at the same step of 0appa1kn" in notes
    ends = table.endpoints()
    kept = dict(zip(ends.columns["run"], ends.columns["seed"], strict=True))
    assert kept["qhdp806r"] == 0 and kept["ep9b1nca"] == 1 and sum(kept.values()) == 1
    by_reason = {"superseded": {"yj1dlctt", "hid1h4yf"}, "unfinished": {"f9my2nq3", "g2cdccno", "7qpym1fy"}}
    assert not (by_reason["superseded"] | by_reason["unfinished"] | {"zr9dmnr2", "qefhxmiw"}) & set(kept)
    assert len(table.curves()) == 180 - 6 - 1 - len({"NaN"}) * 3 - sum(
        int(np.sum(table.runs["run"][table.evals["run"]] == run)) for run in ("qefhxmiw", "yj1dlctt", "hid1h4yf")
    )


BEST = {
    (17_858_560, 178_585_600): (1e-3, 5.16846), (17_858_560, 1_071_513_600): (1e-3, 4.20218),
    (41_943_040, 629_145_600): (1e-3, 4.10086), (41_943_040, 3_355_443_200): (4e-3, 3.57036),
    (110_100_480, 1_321_205_760): (1e-3, 3.48917), (110_100_480, 4_404_019_200): (2.5e-4, 3.18558),
}  # fmt: skip


def test_03_best_of_each_cell_and_its_edges() -> None:
    best = load("03").best(over=("lr", "batch_tokens"))
    rows = zip(*(best.columns[name] for name in ("params", "tokens", "lr", "batch_tokens")), best.y, strict=True)
    assert {(n, d): (lr, y) for n, d, lr, _, y in rows} == BEST
    assert set(best.columns["batch_tokens"]) == {131072}
    (edge,) = [finding for finding in best.findings if finding.code == "RUNS_EDGE_OPTIMUM"]
    assert edge.rows == 2 and "batch" not in edge.message
    assert "params 41.94M, tokens 3.355B: highest lr 0.004" in edge.message
    assert "params 110.1M, tokens 4.404B: lowest lr 0.00025" in edge.message
    inside = best.keep(~np.isin(best.columns["lr"], [4e-3, 2.5e-4]), "edge")
    with pytest.raises(BadTable, match="4 rows for 5 coefficients"):
        sl.fit("chinchilla", inside)


def test_04_curves_see_every_row_and_endpoints_say_what_they_leave() -> None:
    table = load("04")
    assert len(table.curves()) == 126
    assert any("15 end points are used; the other 111 are earlier" in note for note in table.endpoints().notes)
    with pytest.raises(NeedsAnswer, match="FIT_CHECKPOINTS"):
        sl.fit("chinchilla", table.curves())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        assert len(sl.fit("chinchilla", table.curves(), use="curves", draws=0).rows.y) == 126


def test_06_multiplies_in_words() -> None:
    table = load("06")
    assert "tokens = steps x batch_sequences x seq_len" in table.notes
    kept = table.endpoints().complete(["params", "tokens"])
    assert (kept.columns["tokens"].min(), kept.columns["tokens"].max()) == (92_274_688, 46_976_204_800)


def test_07_shows_what_it_could_not_read_and_absent_compute_is_absent() -> None:
    table = load("07")
    shown = str(table)
    assert all(repr(text) in shown for text in ("12L-768d", "tbd", "7-8B"))
    at = table.runs["run"].tolist()
    assert np.isnan(table.runs["flops"][at.index("rowX2")]) and table.runs["params"][at.index("rowS1")] == 1e6


def test_08_says_how_many_rows_it_converted() -> None:
    assert any("13 of 24 rows converted" in note for note in load("08").notes)


def test_08b_asks_for_three_rows_by_name() -> None:
    with pytest.raises(NeedsAnswer, match=r"3 rows \(u01, u07, u16\).*RUNS_LOSS_UNIT"):
        load("08b")
    wrong = load("08b", units={"loss": "nats"}).endpoints()
    off = wrong.y / right(wrong.columns["params"], wrong.columns["tokens"]) - 1
    assert np.sqrt(np.mean(off**2)) == pytest.approx(0.128, abs=0.03)


def test_09_refuses_to_pool_tokens_of_two_tokenizers() -> None:
    table = load("09")
    assert table.findings == ()
    with pytest.raises(BadTable, match=r"bpe-32k, bpe-4k\).*where\(tokenizer=.*per_byte\(\).*DESIGN_TOKENIZERS"):
        sl.fit("chinchilla", table)
    with pytest.warns(ScalelawWarning, match="DESIGN_BYTES_UNSAID"):
        sl.fit("chinchilla", table.per_byte(), draws=0)
    bpb = table.per_byte().endpoints()
    truth = 0.6183 + 164.88 / bpb.columns["params"] ** 0.35 + 1210.99 / bpb.columns["bytes"] ** 0.366
    np.testing.assert_allclose(bpb.y, truth, rtol=0.0101)


def test_10_asks_which_n_and_total_disagrees_with_compute() -> None:
    table = load("10")
    with pytest.raises(NeedsAnswer, match=r"20 rows.*n=params_active.*DESIGN_WHICH_N"):
        sl.fit("chinchilla", table)
    with pytest.raises(NeedsAnswer, match="DESIGN_WHICH_N"):
        sl.fit("E + A/N**a + B/D**b", table)
    (other,) = check_pooling(table.endpoints(), ("params", "tokens"))
    assert other.code == "DESIGN_OTHER_FLOPS" and "1.83 to 5.22 times flops in 20 rows" in other.message
    assert check_pooling(table.endpoints(), ("params_active", "tokens")) == []
    kept = table.endpoints()
    ratio = 6 * kept.columns["params_active"] * kept.columns["tokens"] / kept.columns["flops"]
    np.testing.assert_allclose(ratio, 1, rtol=1e-4)
    dense = np.isnan(kept.columns["experts"])
    assert dense.sum() == 6 and np.isnan(kept.columns["top_k"][dense]).all()


def test_11_asks_which_target_and_keeps_the_items_of_the_score() -> None:
    table = load("11")
    with pytest.raises(NeedsAnswer, match=r"3 targets .*RUNS_WHICH_TARGET"):
        sl.fit("chinchilla", table)
    score = table.endpoints("score@mmlu").complete(["params", "tokens"])
    assert len(score) == 16 and set(score.columns["n_items"]) == {14042}
    assert {(part.reason, part.n) for part in score.set_aside} == {
        ("no score@mmlu", 3),
        ("impossible: score@mmlu is outside [0, 1]", 1),
    }
    assert any("wide columns are targets" in note for note in table.notes)


def test_12_refuses_with_both_reasons_and_one_term_alone_warns() -> None:
    table = load("12")
    assert table.findings == () and len(table.endpoints()) == 4
    with pytest.raises(BadTable, match=r"4 rows for 5 coefficients.*tokens = 20 x params in every row"):
        sl.fit("chinchilla", table)
    with pytest.warns(ScalelawWarning, match="DESIGN_FEW_ROWS"):
        sl.fit("E + A/N**a", table, draws=0)


def test_13_keeps_its_bytes_and_reads_them() -> None:
    content = (MESSY / "13_european.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") > 24
    table = load("13")
    assert "run" in table.runs and "lauf_06; zweiter Versuch" in table.runs["run"].tolist()
    assert table.runs["params"][0] == 11_534_336 and table.runs["tokens"][0] == 92_000_000
    assert table.evals["value"][0] == 5.9831
    for said in ("separated by ';'", "comma is the decimal sign", "blank rows ignored"):
        assert any(said in note for note in table.notes)


def test_14_asks_with_the_factor_and_doubts_a_wrong_answer() -> None:
    with pytest.raises(NeedsAnswer, match=r"1e15 times .*millions of params and billions.*RUNS_UNIT_SLIP"):
        load("14")
    with pytest.warns(ScalelawWarning, match="RUNS_UNIT_SLIP"):
        load("14", units={"params": "B", "tokens": "B"})


def test_17_keeps_unknown_decay_and_takes_no_empty_column_for_a_target() -> None:
    table = load("17")
    assert table.targets == ("loss",)
    kept = set(table.endpoints().complete(["params", "tokens"]).columns["run"])
    assert {"pq01", "pq19"} <= kept and not {"pq04", "pq17", "pq22", "pq11", "pq06", "pq26"} & kept


@pytest.mark.parametrize("name", ["02", "03", "04", "05", "06", "07", "10", "11", "17"])
def test_strict_refuses_what_would_be_set_aside(name: str) -> None:
    with pytest.raises(BadInput, match="RUNS_"):
        load(name, strict=True)
