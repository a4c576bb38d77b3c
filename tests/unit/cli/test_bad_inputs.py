"""Bad files, tables and options: unusable rows are counted and shown, everything else is refused in one line."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from scalelaw import datasets
from scalelaw.cli.main import app
from scalelaw.core.errors import FitFailed

LADDER = Path(str(datasets.path("synthetic-ladder")))
ROWS = [line.split(",") for line in LADDER.read_text().split()]
QUICK = ("--draws", "0")


def scalelaw(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def csv(folder: Path, change: Callable[[list[dict[str, Any]]], Any], header: Sequence[str] = ()) -> str:
    """Write the shipped ladder with some rows changed, or what the change returns in their place."""
    names = list(header or ROWS[0])
    rows = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
    rows = change(rows) or rows
    path = folder / "runs.csv"
    path.write_text("\n".join([",".join(names), *(",".join(str(v) for v in row.values()) for row in rows)]) + "\n")
    return str(path)


def put(at: int, **values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[at].update(values)


def said(result: Result) -> str:
    """Return the one line a refusal prints; nothing is on stdout and nothing but an exit was raised."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("scalelaw: ")
    return lines[0]


SET_ASIDE = {
    "one NaN loss": (put(3, loss="nan"), "1 excluded: diverged: loss is NaN"),
    "one missing loss": (put(3, loss=""), "1 excluded: no loss"),
    "one negative loss": (put(3, loss="-1"), "1 excluded: impossible: loss is not positive"),
    "one loss of zero": (put(3, loss="0"), "1 excluded: impossible: loss is not positive"),
    "one infinite loss": (put(3, loss="inf"), "1 excluded: diverged: loss is infinite"),
    "N of zero": (put(3, params="0", flops="0"), "1 excluded: impossible: params is not positive"),
    "N negative": (put(3, params="-4e7"), "1 excluded: impossible: params is not positive"),
    "D of zero": (put(3, tokens="0", flops="0"), "1 excluded: unfinished: not trained on any tokens"),
    "D infinite": (put(3, tokens="inf"), "1 excluded: tokens is infinite"),
    "text for a loss": (put(3, loss="oops"), "1 excluded: unreadable loss"),
    "text for N": (put(3, params="12L-768d"), "1 excluded: unreadable params"),
}


@pytest.mark.parametrize("name", SET_ASIDE)
def test_an_unusable_row_is_counted_and_shown(name: str, tmp_path: Path) -> None:
    change, reason = SET_ASIDE[name]
    file = csv(tmp_path, change)
    result = scalelaw("fit", file, *QUICK)
    assert result.exit_code == 0, result.output
    assert "42 read, 41 fitted" in result.stdout
    assert reason in result.stdout
    summary = json.loads(scalelaw("fit", file, *QUICK, "--json").stdout)
    assert summary["rows"]["fitted"] == 41
    assert [part["n"] for part in summary["rows"]["set_aside"]] == [1]
    assert all(math.isfinite(c["value"]) for c in summary["coefficients"].values())
    assert scalelaw("fit", file, *QUICK, "--strict").exit_code == 2


def test_one_compute_that_is_not_positive_does_not_stop_a_fit_over_params_and_tokens(tmp_path: Path) -> None:
    result = scalelaw("fit", csv(tmp_path, put(3, flops="-1")), *QUICK)
    assert result.exit_code == 0, result.output
    assert "42 fitted" in result.stdout


def test_compute_that_is_not_positive_is_set_aside_where_the_law_takes_it(tmp_path: Path) -> None:
    result = scalelaw("fit", csv(tmp_path, put(3, flops="-1")), "--law", "power", *QUICK)
    assert "1 excluded: impossible: flops is not positive" in result.stdout


def test_columns_of_one_letter_simply_work(tmp_path: Path) -> None:
    bare = csv(tmp_path, lambda rows: [{k: row[k] for k in ("params", "tokens", "loss")} for row in rows], "NDL")
    (tmp_path / "runs.csv").write_text(Path(bare).read_text().replace("N,D,L", "N,D,loss"))
    named = scalelaw("fit", bare, *QUICK, "--json")
    usual = scalelaw("fit", str(LADDER), *QUICK, "--json")
    assert json.loads(named.stdout)["coefficients"] == json.loads(usual.stdout)["coefficients"]


TABLES: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], str]] = {
    "three rows": (lambda rows: rows[:3], r"3 rows for 5 coefficients"),
    "constant N": (lambda rows: [{**row, "params": 1e8, "flops": 6e8 * float(row["tokens"])} for row in rows],
                   r"params is 100M in every row"),
    "constant D": (lambda rows: [{**row, "tokens": 1e9, "flops": 6e9 * float(row["params"])} for row in rows],
                   r"tokens is 1B in every row"),
    "tokens follow params": (lambda rows: [{**row, "tokens": 20 * float(row["params"]), "flops": ""} for row in rows],
                             r"tokens = 20 x params in every row"),
    "compute in the wrong unit": (lambda rows: [{**row, "flops": float(row["flops"]) / 1e3} for row in rows],
                                  r"flops are 1e-3 times 6 x params x tokens.*--unit"),
    "sizes too small to be counts": (lambda rows: [{**row, "params": float(row["params"]) / 1e9, "flops": ""}
                                                   for row in rows],
                                     r"the largest params is 2\.56, too small for a plain count.*--unit"),
    "every loss negative": (lambda rows: [{**row, "loss": -1} for row in rows], r"loss is not positive"),
    "every loss missing": (lambda rows: [{**row, "loss": ""} for row in rows], r"no usable value"),
    "text where numbers belong": (lambda rows: [{**row, "loss": "low"} for row in rows],
                                  r"loss must be numbers.*'low'.*--column loss=\.\.\."),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_fitted_is_refused(name: str, tmp_path: Path) -> None:
    change, message = TABLES[name]
    result = scalelaw("fit", csv(tmp_path, change), *QUICK)
    assert result.exit_code == 2
    assert re.search(message, said(result)), result.stderr


FILES: dict[str, tuple[str, bytes | None, str]] = {
    "absent": ("no.csv", None, r"the file '.*no\.csv' does not exist"),
    "empty": ("a.csv", b"", r"a\.csv is empty; it needs named columns"),
    "blank": ("a.csv", b" \n\n", r"a\.csv is empty"),
    "header only": ("a.csv", b"N,D,loss\n", r"column names \(N, D, loss\) but no rows"),
    "binary": ("a.csv", b"\0\x01\xff" * 400, r"a\.csv is a binary file; give CSV"),
    "not UTF-8": ("a.csv", b"N,D,loss\n1e9,2e10,\xe9\n", r"not utf-8 text \(byte \d+\); save it as UTF-8"),
    "no known column": ("a.csv", b"a,b\n1,2\n", r"no column is recognised as a loss.*columns are a, b;.*--column"),
    "ragged": ("a.csv", b"N,D,loss\n1e9,2e10,3\n1e9,2e10,3,4\n", r"line 3 has 4 cells, but the header has 3"),
    "a name twice": ("a.csv", b"N,N,loss\n1e9,2e10,3\n", r"the column 'N' appears 2 times"),
    "bad JSON": ("a.json", b'{"a": ', r"a\.json is not valid JSON"),
    "JSON without a table": ("a.json", b'"x"', r"a\.json has no table"),
    "JSON list of numbers": ("a.json", b"[1, 2]", r"entry 1 is '1', not a record"),
    "bad JSON line": ("a.jsonl", b'{"N": 1}\n{"N"', r"a\.jsonl: line 2 is not valid JSON"),
    "bad Parquet": ("a.parquet", b"xyz", r"a\.parquet is not a readable Parquet file"),
    "cut Parquet": ("a.parquet", b"PAR1" + b"\1" * 40, r"a\.parquet is not a readable Parquet file"),
    "directory": (".", None, r"is a folder that no importer recognises; name the file"),
}


@pytest.mark.parametrize("command", ["fit", "backtest", "study"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_runs_is_refused(name: str, command: str, tmp_path: Path) -> None:
    file, content, message = FILES[name]
    if content is not None:
        (tmp_path / file).write_bytes(content)
    result = scalelaw(command, str(tmp_path / file))
    assert result.exit_code == 2
    assert re.search(message, said(result)), result.stderr


FIT = ("fit", str(LADDER), "--draws", "0")
PLAN = ("plan", "chinchilla@besiroglu2024")
CURVES = ("extrapolate", str(LADDER))
INFLUENCE = ("influence", str(LADDER))
ISOFLOP = ("isoflop", str(LADDER))
KNOWN = ("registry", "freeze")
FREEZE = ("registry", "freeze", str(LADDER), "--law", "chinchilla", "--draws", "0")
STUDY = ("study", str(LADDER), "--draws", "0")
OPTIONS: list[tuple[tuple[str, ...], str]] = [
    ((*FIT, "--column", "tokens=nosuch"), r"unknown column for tokens 'nosuch'\. Known: "),
    ((*FIT, "--column", "size=params"), r"unknown quantity in columns= 'size'"),
    ((*FIT, "--column", "tokens"), r"--column 'tokens': write it as NAME=VALUE"),
    ((*FIT, "--column", "loss=a", "--column", "loss=b"), r"--column gives loss twice, as 'a' and 'b'"),
    ((*FIT, "--unit", "params=parsec"), r"'parsec': not a unit of params; use 1, K, M, B, T"),
    ((*FIT, "--unit", "size=B"), r"unknown quantity in units= 'size'"),
    ((*FIT, "--derive", "tokens=__import__('os').system('x')"), r"is not allowed; use numbers, names"),
    ((*FIT, "--derive", "tokens=nosuch * 2"), r"unknown column in derive=.*'nosuch'"),
    ((*FIT, "--derive", "tokens=flops /"), r"'flops /' is not a formula"),
    ((*FIT, "--derive", "size=flops"), r"unknown quantity in derive= 'size'"),
    ((*FIT, "--target", "bpb"), r"unknown target 'bpb'\. Known: loss"),
    ((*FIT, "--law", "chincila"), r"unknown law 'chincila'\. Did you mean 'chinchilla'\?"),
    ((*FIT, "--law", "chinchilla[m=2]"), r"unknown shape of chinchilla 'm'\. Known: d, n"),
    ((*FIT, "--law", "chinchilla@besiroglu2024"), r"has published constants.*write 'chinchilla'"),
    ((*FIT, "--law", "E + A/params**"), r"is not a formula; write it like"),
    ((*FIT, "--law", "E + A"), r"has no input; use params, tokens or flops"),
    ((*FIT, "--law", "3*params"), r"has no coefficient to fit"),
    ((*FIT, "--law", "E + open(params)"), r"is not allowed; use numbers, names"),
    ((*FIT, "--law", ""), r"'' is not a formula"),
    ((*FIT, "--law", "kaplan_joint"), r"takes params_non_embedding, but the table has params.*\[n=params\]"),
    ((*FIT, "--law", "E + A/lr**a"), r"the law takes lr, and the table has"),
    ((*FIT, "--level", "90"), r"level must lie strictly between 0 and 1, got 90\.0; 0\.9 gives"),
    ((*FIT, "--level", "x"), r"--level.*'x' is not a number"),
    ((*FIT, "--draws", "-1"), r"draws must be 0 \(no intervals\) or 2 to 1000000, got -1"),
    ((*FIT, "--draws", "1"), r"2 to 1000000, got 1; 1000 is usual"),
    ((*FIT, "--draws", "2.5"), r"--draws.*'2\.5' is not a whole number"),
    ((*FIT, "--starts", "0"), r"starts must be 1 to 100000, got 0"),
    ((*FIT, "--seed", "-1"), r"seed must not be negative, got -1"),
    ((*FIT, "--delta", "0"), r"delta must be positive or 'auto', got 0\.0"),
    ((*FIT, "--scale", "flopz"), r"[Uu]nknown quantity 'flopz'"),
    ((*FIT, "--scale", "lr"), r"scale='lr' is not an input of the law; use params, tokens"),
    ((*FIT, "--scale", "se"), r"scale='se' needs standard errors"),
    ((*FIT, "--loss", "binomial"), r"the law takes n_items|needs n_items"),
    ((*FIT, "--intervals", "laplas"), r"Did you mean 'laplace'"),
    ((*FIT, "--delta", "nan"), r"--delta.*'nan' is not a number"),
    ((*FIT, "--loss", "hubber"), r"unknown loss function 'hubber'\. Did you mean 'huber'\?"),
    ((*FIT, "--on", "logs"), r"unknown residual scale 'logs'\. Did you mean 'log'\?"),
    ((*FIT, "--exclude-top", "loss=abc"), r"--exclude-top loss=abc: give a number of rows, like loss=5"),
    ((*FIT, "--exclude-top", "loss=9999"), r"loss=9999.*a whole number from 0 to 41"),
    ((*FIT, "--exclude-top", "nosuch=3"), r"unknown column 'nosuch'\. Known: "),
    ((*FIT, "--exclude-top", "loss"), r"--exclude-top 'loss': write it as NAME=VALUE"),
    ((*FIT, "--reason", "as published"), r"--reason explains an exclusion, but no rows are excluded"),
    ((*FIT, "--save", "/no/such/folder/fit.json"), r"--save .*: folder /no/such/folder does not exist"),
    ((*FIT, "--save", "."), r"--save \.: this is a folder; name a file in it"),
    ((*FIT, "--nosuch"), r"No such option: --nosuch.*\(see .*fit --help\)"),
    (("fit",), r"Missing argument 'FILE'.*fit --help"),
    (("fitt",), r"No such command 'fitt'.*'fit'"),
    (("study",), r"either a FILE of runs or --demo"),
    (("study", str(LADDER), "--demo"), r"either a FILE of runs or --demo"),
    (("study", "--demo", "--column", "params=N"), r"--column applies to a FILE"),
    (("report",), r"report needs either a FILE of runs or --demo"),
    (("report", "--demo", "--to", "/no/such/folder/report.html"), r"--to .*: folder /no/such/folder does not exist"),
    (("init",), r"Missing argument 'FILE'"),
    (("init", "no.csv"), r"the file 'no\.csv' does not exist"),
    (("init", str(LADDER), "--answer", "1", "--dry-run"), r"leaves no open question; omit --answer"),
    ((*STUDY, "--flops", "abc"), r"'abc' is not a number"),
    (("plan", str(LADDER), "--flops", "1e20", "--law", "power", "--draws", "0"), r"a plan needs a law over params"),
    ((*STUDY, "--out", str(LADDER)), r"is a file; name a folder"),
    ((*STUDY, "--out", str(LADDER / "figures")), r"is a file; name a folder"),
    ((*PLAN, "--flops", "abc"), r"'abc' is not a number; write it like 7B"),
    ((*PLAN, "--flops", "-1"), r"flops must be positive, got -1"),
    ((*PLAN, "--flops", "nan"), r"'nan' is not a number"),
    ((*PLAN, "--flops", "8B tokens"), r"'8B tokens' is in tokens, but should be flops"),
    (("plan", str(LADDER), "--flops", "1e22", "--params", "7B"), r"give exactly one of .*; got flops and params"),
    ((*PLAN, "--flops", "1e21", "--params", "1B"), r"got flops and params"),
    ((*PLAN, "--loss", "1.5"), r"at any budget: its irreducible loss is about 1\.8172"),
    ((*PLAN, "--params", "1B", "--max-tokens", "1T"), r"max_tokens cannot limit a plan for params="),
    ((*PLAN, "--flops", "1e21", "--draws", "9"), r"--draws applies to tables only"),
    ((*PLAN, "--flops", "1e21", "--exclude-top", "loss=5"), r"--exclude-top applies to tables only"),
    ((*PLAN, "--flops", "1e21", "--level", "90"), r"level must lie strictly between 0 and 1"),
    (("plan", "chinchilla@nobody2020", "--flops", "1e21"), r"unknown source of chinchilla 'nobody2020'\. Known: besir"),
    (("plan", "power@kaplan2020", "--flops", "1e21"), r"no constants from 'kaplan2020'; use power\[input="),
    (("plan", "no.csv", "--flops", "1e21"), r"file 'no\.csv' does not exist; published laws are written LAW@SOURCE"),
    ((*INFLUENCE, "--flops", "0"), r"flops must be positive, got 0"),
    ((*INFLUENCE, "--flops", "8B tokens"), r"is in tokens, but should be flops"),
    ((*INFLUENCE, "--quantity", "token"), r"unknown decision of chinchilla 'token'\. Did you mean 'tokens'"),
    ((*INFLUENCE, "--quantity", "beta", "--flops", "1e22"), r"beta is a coefficient and does not depend on a budget"),
    ((*INFLUENCE, "--flops", "1e22", "--law", "power"), r"only a law of loss over params and tokens splits a budget"),
    ((*INFLUENCE, "--flops", "1e22", "--rate", "5"), r"rate must lie strictly between 0 and 1, got 5"),
    ((*INFLUENCE, "--flops", "1e22", "--figure", "a.gif"), r"--figure a\.gif: figures are written as \.png"),
    ((*INFLUENCE, "--flops", "1e22", "--figure", "/no/such/a.png"), r"folder /no/such does not exist"),
    (("robustness", str(LADDER), "--flops", "-1"), r"flops must be positive, got -1"),
    (("robustness", str(LADDER), "--flops", "1e22", "--law", "power"), r"a plan needs a law over params"),
    ((*FIT, "--prior", "literatur"), r"unknown prior 'literatur'\. Did you mean 'literature'\?"),
    ((*FIT, "--prior", "literature", "--law", "E + A/N**a"), r"is not a registered sum of powers; leave out prior="),
    ((*FIT, "--prior", "literature", "--law", "power"), r"needs 3 published studies.*power has none"),
    ((*ISOFLOP, "--profile", "cubik"), r"unknown profile 'cubik'\. Did you mean 'cubic'\?"),
    ((*ISOFLOP, "--budgets", "1e18,x"), r"'x' is not a number; write it like 7B"),
    ((*ISOFLOP, "--budgets", "1e30"), r"no run is within 0\.1 of the budgets 1e\+30"),
    ((*ISOFLOP, "--tolerance", "0"), r"tolerance must lie above 0"),
    ((*ISOFLOP, "--window", "1"), r"window must be above 1"),
    ((*ISOFLOP, "--noise", "0"), r"noise must be positive"),
    ((*ISOFLOP, "--params-kind", "size"), r"unknown kind of params 'size'"),
    ((*ISOFLOP, "--figure", "/no/such/folder/a.png"), r"--figure .*: folder .* does not exist"),
    (ISOFLOP, r"30 runs at 10 budgets do not determine the 32 coefficients of the powers profile"),
    (("envelope", str(LADDER)), r"every run has one reading; an envelope needs curves"),
    (("approaches", str(LADDER), "--flops", "x"), r"'x' is not a number"),
    (("explain", str(LADDER)), r"no correction gives this table a compute-optimal exponent"),
    (("explain", str(LADDER), "--base", "params"), r"--base 'params': write it as NAME=VALUE"),
    (("explain", str(LADDER), "--step", "x"), r"--step 'x': write it as NAME:COLUMN=VALUE"),
    (("explain", str(LADDER), "--step", "x:params=1"), r"steps= change the runs that base= selects"),
    (("explain", str(LADDER), "--flops", "-1"), r"flops must be positive, got -1"),
    (("laws", "show", "chincila"), r"Did you mean 'chinchilla'\?"),
    (("laws", "show", "chinchilla@nobody2020"), r"unknown source of chinchilla 'nobody2020'"),
    (("calc", "8X", "15T"), r"'8X' ends in 'X', which is neither a suffix"),
    (("calc", "8B", "0"), r"tokens must be positive, got 0"),
    (("calc", "8B tokens", "15T"), r"is in tokens, but should be params"),
    (("calc", "1e400", "15T"), r"'1e400' is not a finite number"),
    (("calc", "8B", "15T", "--params-non-embedding", "9B"), r"exceeds params 8e\+09"),
    (("calc", "8B"), r"Missing argument 'TOKENS'"),
    ((*KNOWN, "kaplan_joint@kaplan2020", "--params", "7B", "--tokens", "1T"), r"missing params_non_embedding"),
    (
        (*KNOWN, "joint_experts@ludziejewski2025", "--params", "7B", "--tokens", "1T", "--at", "experts=8"),
        r"missing params_active.*; give params_active=",
    ),
    ((*KNOWN, "chinchilla@besiroglu2024", "--params", "7B", "--tokens", "1400"), r"1400 is far too small to be tokens"),
    ((*KNOWN, "optimal_batch@li2025", "--tokens", "100"), r"100 is far too small to be tokens"),
    (FREEZE, r"missing params and tokens.*\[FORECAST_POINT\]"),
    ((*FREEZE, "--params", "7B", "--tokens", "soon"), r"'soon' is not a number"),
    ((*FREEZE, "--params", "7B", "--tokens", "1T", "--at", "size=3"), r"unknown quantity 'size'"),
    ((*FREEZE, "--params", "7B", "--tokens", "1T", "--say", "colour=red"), r"a condition is one of dataset"),
    (
        (*FREEZE, "--params", "7B", "--tokens", "1T", "--to", "no/such/f.json"),
        r"--to .*: folder no/such does not exist",
    ),
    ((*FREEZE, "--params", "100M", "--tokens", "1B", "--at", "params=1"), r"params is given by both --params and --at"),
    (
        ("registry", "freeze", "chinchilla@besiroglu2024", "--params", "7B", "--law", "power"),
        r"--law applies to tables only",
    ),
    (("registry", "freeze", str(LADDER), "--params", "7B", "--starts", "8"), r"--starts applies to one law; name it"),
    (("registry", "list", "no.jsonl"), r"cannot read no\.jsonl: No such file"),
    (("registry", "verify", str(LADDER), "--head", "ab"), r"give 4 digits or more"),
    (("registry", "score", str(LADDER), str(LADDER)), r"is not a frozen forecast; make one with"),
    (("watch", str(LADDER), "--log", "run.jsonl", "--once"), r"is not a frozen forecast; make one with"),
    (("watch", str(LADDER), "--log", "run.jsonl", "--every", "0"), r"--every must be positive"),
    (("ladder", "design"), r"Missing option '--target'"),
    (("ladder", "design", "--target", "8B params"), r"--target.*'8B params' is in params, but should be flops"),
    (("ladder", "design", "--target", "1e14", "--half-width", "-2%"), r"half_width=-0\.02: give a share"),
    (("ladder", "design", "--target", "1e14", "--half-width", "wide"), r"--half-width: 'wide' is not a share"),
    (("ladder", "design", "--target", "1e14", "--half-width", "0.1%"), r"has a half-width of 0\.10%: the best of"),
    (("ladder", "design", "--target", "1e14", "--device", "h1000"), r"unknown device 'h1000'\. Did you mean 'h100'"),
    (("ladder", "design", "--target", "1e14", "--level", "90"), r"level must lie strictly between 0 and 1"),
    (("ladder", "design", "--target", "1e14", "--assume", "cpu-txt"), r"Did you mean 'cpu-text'"),
    (("ladder", "design", "--target", "1e14", "--assume", str(LADDER)), r"--assume .*: not a saved fit"),
    (("ladder", "design", "--target", "1e14", "--to", "/no/such/l.toml"), r"--to .*: folder /no/such does not exist"),
    (("ladder", "show", "no.toml"), r"no\.toml: No such file or directory; `scalelaw ladder design` writes one"),
    (("ladder", "recipes", "muon"), r"unknown recipe 'muon'\. Did you mean 'muon-cpu'"),
    ((*CURVES, "--at", "2"), r"at='2': give a share of the run between 0 and 1"),
    ((*CURVES, "--at", "1/3"), r"\[CURVES_NONE_LEFT\]"),
    ((*CURVES, "--at", "1/3", "--schedule", "cosin"), r"Did you mean 'cosine'"),
    ((*CURVES, "--end", "soon"), r"'soon' is not a number"),
    ((*CURVES, "--at", "1/3", "--figure", "no/such/a.png"), r"--figure .*: folder no/such does not exist"),
    ((*CURVES, "--at", "1/3", "--figure", "curves.gif"), r"figures are written as \.png, \.svg, \.pdf"),
]


@pytest.mark.parametrize(("arguments", "message"), OPTIONS, ids=lambda value: " ".join(value[:1] + value[-2:])[-60:])
def test_a_bad_option_is_refused(arguments: tuple[str, ...], message: str) -> None:
    result = scalelaw(*arguments)
    assert result.exit_code == 2
    assert re.search(message, said(result)), result.stderr


LADDERS = {
    "a wrong key": ('nmae = "x"', r"unknown key 'nmae'\. Did you mean 'name'"),
    "a wrong key of a part": (
        '[shape]\nlayer = 2\n[[rungs]]\nwidths = [16]\ntokens = ["1M"]', r"\[shape\]: unknown key 'layer'.*'layers'",
    ),
    "a shape that does not divide": (
        '[[rungs]]\nwidths = [50]\ntokens = ["1M"]', r"width 50 does not divide .* 48 and 54 do",
    ),
    "too few tokens": (
        '[data]\nunique_tokens = "0.5M"\n[[rungs]]\nwidths = [16, 32]\ntokens = ["1M"]',
        r"has 500,000 training tokens, and width 16 needs 1,000,448 in 1 epoch: .* epochs = 3",
    ),
    "no rungs": ('name = "x"', r"no \[\[rungs\]\]; add one with widths"),
    "no TOML": ("name = ", r"is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("command", ["show", "dry-run", "run"])
@pytest.mark.parametrize("name", LADDERS)
def test_a_bad_ladder_is_refused_in_one_line(name: str, command: str, tmp_path: Path) -> None:
    text, message = LADDERS[name]
    (tmp_path / "ladder.toml").write_text(text)
    result = scalelaw("ladder", command, str(tmp_path))
    assert result.exit_code == 2
    line = said(result)
    assert "ladder.toml: " in line or "is not TOML" in line
    assert re.search(message, line), line


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("saved") / "fit.json"
    assert scalelaw("fit", str(LADDER), "--draws", "20", "--save", str(path)).exit_code == 0
    document: dict[str, Any] = json.loads(path.read_text())
    return document


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "scalelaw.fit/99"}, r"has schema scalelaw\.fit/99; this version reads up to .*upgrade"),
        ({"target": "bpb"}, r"was edited since it was written; fit the runs again"),
        ({"objective": 0.0}, r"was edited since it was written"),
        ({"coef": None}, r"was edited since it was written"),
    ],
    ids=["newer", "another target", "another result", "broken"],
)
def test_a_fit_file_that_cannot_be_trusted_is_refused(
    change: dict[str, Any], message: str, saved: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "fit.json"
    path.write_text(json.dumps({**saved, **change}))
    result = scalelaw("plan", str(path), "--flops", "1e21")
    assert result.exit_code == 2
    assert re.search(message, said(result)), result.stderr


def test_a_fit_that_fails_leaves_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise FitFailed("no start gave chinchilla a finite objective on these rows; try another law")

    monkeypatch.setattr("scalelaw.fitting.fit.fit_observations", fail)
    result = scalelaw(*FIT)
    assert result.exit_code == 1
    assert "no start gave chinchilla" in said(result)


def test_an_error_that_is_not_ours_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("scalelaw.laws.gallery", broken)
    result = scalelaw("laws")
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_missing_extra_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(
        sys.modules["scalelaw.workflows.study.study"], "fit_observations", lambda *_: pytest.fail("it worked first")
    )
    result = scalelaw("study", "--demo", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert "pip install 'scalelaw[plot]'" in said(result)


def test_a_doubt_about_the_fit_stands_in_the_plan_once(tmp_path: Path) -> None:
    few = csv(tmp_path, lambda rows: [rows[at] for at in (0, 5, 12, 17, 24, 29, 41)])
    result = scalelaw("plan", few, "--flops", "1e22", "--draws", "20", "--law", "chinchilla", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["schema"] == "scalelaw.plan/1"
    assert result.stderr == ""
    assert json.loads(result.stdout)["assumptions"][0].startswith("CAUTION: 7 rows for 5 coefficients")


def program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from scalelaw.cli.main import app; app()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize("arguments", [("fit", "no.csv"), ("calc", "x", "1T"), ("fit", "--nosuch")])
def test_the_program_itself_refuses_in_one_line(arguments: tuple[str, ...]) -> None:
    result = program(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        command = [sys.executable, "-c", "from scalelaw.cli.main import app; app()", "laws"]
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.stderr == ""


def test_ctrl_c_leaves_quietly_with_130() -> None:
    warm = "import scalelaw as sl; sl.fit('chinchilla', sl.datasets.load('synthetic-ladder'), draws=2)"
    code = f"{warm}; from scalelaw.cli.main import app; print('ready', flush=True); app()"
    command = [sys.executable, "-c", code, "study", "--demo", "--draws", "400000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(1.5)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "")


def test_help_needs_no_numpy() -> None:
    tell = "import sys; from scalelaw.cli import main; print('numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
