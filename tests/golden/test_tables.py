"""The published tables load and reduce by benchmarks/tables.toml alone: rows read, and rows a fit may see."""

import tomllib
import warnings
from pathlib import Path

import pytest

from scalelaw.core.errors import ScalelawWarning
from scalelaw.fitting.observe import observe
from scalelaw.workflows.project.project import read_project

TABLES = tomllib.loads((Path(__file__).parents[2] / "benchmarks" / "tables.toml").read_text())
OURS = ("by", "split", "skip", "why")
READ_AND_FITTED = {
    "chinchilla": (245, 240),
    "gadre": (104, 104),
    "datablations": (296, 36),
    "gemstones_hot": (220, 220),
    "gemstones_cool_begin": (199, 199),
    "gemstones_cool_end": (199, 199),
    "gemstones_slim": (28, 28),
    "steplaw": (1911, 17),
}


@pytest.mark.data
@pytest.mark.parametrize("name", READ_AND_FITTED)
def test_a_table_is_read_and_reduced_as_described(name: str, data_dir: Path) -> None:
    said = {key: value for key, value in TABLES[name].items() if key not in OURS}
    project = read_project(said, data_dir)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        law, rows = observe(
            project.law or "chinchilla", project.table, target=project.target, use=project.use, over=project.over
        )
    assert (project.table.read, len(rows.complete(law.inputs))) == READ_AND_FITTED[name]


def test_every_table_says_how_it_is_fitted_or_why_not() -> None:
    fitted = {name for name, how in TABLES.items() if "skip" not in how}
    assert fitted == {*READ_AND_FITTED, "porian"}
    assert all(len(how["skip"].split()) > 4 for name, how in TABLES.items() if name not in fitted)
