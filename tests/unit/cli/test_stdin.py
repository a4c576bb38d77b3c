"""``-`` reads what is piped in, in every format a file may have, and no message names the temporary file."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from scalelaw import datasets
from scalelaw.cli.main import app

LADDER = Path(str(datasets.path("synthetic-ladder")))


def piped(content: bytes, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), input=content, prog_name="scalelaw")


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return pl.read_csv(LADDER)


@pytest.fixture(scope="module")
def formats(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    parquet = tmp_path_factory.mktemp("piped") / "runs.parquet"
    table.write_parquet(parquet)
    return {
        "csv": LADDER.read_bytes(),
        "csv with a byte order mark": b"\xef\xbb\xbf" + LADDER.read_bytes(),
        "tsv": table.write_csv(separator="\t").encode(),
        "json": json.dumps(table.to_dicts()).encode(),
        "json lines": table.write_ndjson().encode(),
        "parquet": parquet.read_bytes(),
    }


def test_every_format_is_the_same_table(formats: dict[str, bytes]) -> None:
    fit = ("fit", "-", "--draws", "0", "--starts", "4", "--json")
    found = {name: json.loads(piped(content, *fit).stdout) for name, content in formats.items()}
    assert {each["rows"]["fitted"] for each in found.values()} == {42}
    assert len({each["objective"] for each in found.values()}) == 1


@pytest.mark.slow
def test_the_next_command_and_messages_name_the_file_as_the_user_did(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    texts = [
        piped(LADDER.read_bytes(), "study", "-", "--draws", "20").output,
        piped(LADDER.read_bytes(), "runs", "check", "-", "--json").output,
        piped(b"a,b\n1,2\n", "study", "-").output,
        piped(b"a,b\n1,2\n", "critical-batch", "-").output,
        piped(LADDER.read_bytes(), "registry", "score", "-", str(LADDER)).output,
        piped(LADDER.read_bytes(), "report", "-", "--draws", "20", "--to", str(page)).output,
        page.read_text(),
    ]
    assert "scalelaw robustness - " in texts[0] and "next" in texts[-1]
    assert not any("scalelaw-" in text.replace(str(tmp_path), "") for text in texts[:-1])
    assert "/tmp/scalelaw-" not in texts[-1]


def test_a_saved_fit_is_piped_in(tmp_path: Path) -> None:
    saved = tmp_path / "fit.json"
    assert piped(b"", "fit", str(LADDER), "--draws", "0", "--starts", "4", "--save", str(saved)).exit_code == 0
    plan = ("--flops", "1e22", "--json")
    assert piped(saved.read_bytes(), "plan", "-", *plan).stdout == piped(b"", "plan", str(saved), *plan).stdout


@pytest.mark.parametrize("words", [("fit", "-"), ("study", "-"), ("runs", "list", "-"), ("regime", "-")], ids=" ".join)
@pytest.mark.parametrize("content", [b"", b" \n\n"], ids=["nothing", "blank"])
def test_an_empty_pipe_is_refused(words: tuple[str, ...], content: bytes) -> None:
    refused = piped(content, *words)
    assert refused.exit_code == 2 and "stdin is empty; pipe a table in" in refused.stderr


def test_a_project_needs_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = piped(LADDER.read_bytes(), "init", "-")
    assert refused.exit_code == 2 and "scalelaw init FILE" in refused.stderr and not list(tmp_path.iterdir())
