"""Every writer, killed at random moments, on a full disk and on a read-only one: the old file or the new, no litter."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kills.writers import WRITERS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "scalelaw"
QUICK = ("pack", "unpack", "record", "law", "sqlite", "report.html")
NEEDS = {"corpus": "torch", "checkpoint": "torch", "runs.parquet": "polars", "figure.png": "matplotlib",
         "figure.svg": "matplotlib", "figure.pdf": "matplotlib"}  # fmt: skip
CALLS = {"write_whole", "whole_file", "whole_folder", "append_line", "open_journal", "scratch_folder"}


def found(name: str, how: str, *before: str) -> dict[str, Any]:
    """Return what a writer left behind."""
    pytest.importorskip(NEEDS.get(name, "scalelaw"))
    command = [*before, sys.executable, "-m", "kills", name, how]
    done = subprocess.run(command, cwd=ROOT / "benchmarks", capture_output=True, encoding="utf-8", check=False)
    assert not done.returncode, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("name", "kills"),
    [*((name, 3) for name in QUICK), *(pytest.param(name, 50, marks=pytest.mark.slow) for name in WRITERS)],
)
def test_a_killed_writer_leaves_the_old_file_or_the_new_and_the_next_one_cleans_up(name: str, kills: int) -> None:
    result = found(name, str(kills))
    assert not result["faults"]
    assert result["attempts"] == kills == result["old"] + result["new"]
    assert kills < 10 or result["ended"] < 0.7 * kills, "the kills come too late to show anything"


@pytest.mark.parametrize("name", [*QUICK[:2], *(pytest.param(each, marks=pytest.mark.slow) for each in WRITERS)])
def test_a_disk_that_is_full_or_read_only_leaves_the_old_file(name: str) -> None:
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    result = found(name, "disk", "unshare", "-rm")
    assert not result["faults"]
    assert result["attempts"] > 2 and result["attempts"] == result["old"] + result["new"]


def test_every_module_that_writes_is_killed() -> None:
    calling = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if names & CALLS:
            calling.add(path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."))
    others = {
        "core.files",
        "core.owners.lock",  # killed with the registry and the runs
        "cli.benchmark",  # minutes of fits before one call of write_whole
        "workflows.demo.demo",  # minutes of training before two calls of write_whole
        "testing.readers",  # writes examples for the conformance suite
    }
    killed = {module for writer in WRITERS.values() for module in writer.modules}
    assert calling >= others
    assert calling - others <= killed, "a new writer: add it to benchmarks/kills/writers.py"
