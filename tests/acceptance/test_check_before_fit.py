"""`runs check` never passes a table without a remark where `fit` refuses it: every table of a user at hand."""

import json
import os
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app

HERE = Path(__file__).parents[1] / "data"
ELSEWHERE = Path(os.environ["SCALELAW_DATA"]).parent if os.environ.get("SCALELAW_DATA") else None
SUFFIXES = {".csv", ".json", ".jsonl", ".parquet", ".tsv", ".gz"}
REMARKS = {"refuse", "ask", "warn"}


def tables(folder: Path) -> list[Path]:
    """Return the tables and the folders of logs under a folder."""
    found = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.suffix in SUFFIXES]
    deep = [path for each in found if each.is_dir() for path in sorted(each.rglob("*")) if path.suffix in SUFFIXES]
    return [path for path in [*found, *deep] if not path.name.startswith("fit_")]


OURS = [*tables(HERE / "messy"), *tables(HERE / "trials")]
THEIRS = [
    path
    for name in ("attack/inputs", "trials")
    if ELSEWHERE is not None and (ELSEWHERE / name).is_dir()
    for path in tables(ELSEWHERE / name)
]


def _agree(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check = CliRunner().invoke(app, ["runs", "check", str(path), "--json"])
        fit = CliRunner().invoke(app, ["fit", str(path), "--draws", "0", "--starts", "2"])
    assert check.exit_code in (0, 2) and fit.exit_code in (0, 1, 2), (check.exception, fit.exception)
    if fit.exit_code == 2 and check.exit_code == 0:
        found = json.loads(check.stdout)["findings"]
        assert {each["grade"] for each in found} & REMARKS, fit.output
    if check.exit_code == 2:
        assert fit.exit_code == 2, check.output


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(HERE)))
def test_a_check_remarks_on_what_a_fit_refuses(path: Path) -> None:
    _agree(path)


@pytest.mark.data
@pytest.mark.skipif(not THEIRS, reason="the tables beside the published ones are absent")
@pytest.mark.parametrize("path", THEIRS, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_check_remarks_on_what_a_fit_refuses_elsewhere(path: Path) -> None:
    _agree(path)
