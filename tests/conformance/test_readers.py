"""The fuzzing suite of readers: each reader of a format of ours, and each importer that reads files, by being there."""

from pathlib import Path

import pytest

from scalelaw.runs import importers
from scalelaw.testing.reader_checks import Reader, check_reader
from scalelaw.testing.readers import importer_reader, own_readers

DATA = Path(__file__).parents[1] / "data"
PRINTED = ("llm_c", "megatron", "modded_nanogpt", "nanogpt")
LOGS = {
    "wandb_csv": DATA / "messy" / "01_wandb_wide",
    "mlflow_sqlite": DATA / "importers" / "mlflow_sqlite" / "mlflow.db",
    "trackio": DATA / "importers" / "trackio" / "ladder.db",
    **{
        name: DATA / "importers" / name
        for name in ("wandb_offline", "mlflow_folder", "tensorboard", "hf_trainer", "lm_eval", "olmes")
    },
    **{name: DATA / "importers" / "printed" / name for name in PRINTED},
}
ADDRESSES = {"wandb_api"}
"""Importers of addresses, which read no file."""
SCORES_ALONE = {"olmes"}
"""Importers of scores, whose models' sizes stand in another table."""
OWN = (
    "table.csv", "table.tsv", "table.json", "table.jsonl", "table.parquet", "words.csv", "nested.json", "live.csv",
    "live.jsonl", "store", "lock", "pack", "fit", "forecast", "registry", "calibration", "ladder", "protocol",
    "project",
)  # fmt: skip
SHORT, LONG = 8, 2_000


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    own = {reader.name: reader for reader in own_readers(tmp_path_factory.mktemp("whole"))}
    return own | {
        name: importer_reader(importers.get(name), path, table=name not in SCORES_ALONE) for name, path in LOGS.items()
    }


def test_every_reader_is_here(readers: dict[str, Reader]) -> None:
    assert set(LOGS) | ADDRESSES == set(importers.names())
    assert set(readers) == {*OWN, *LOGS}


@pytest.mark.parametrize("name", [*OWN, *LOGS])
def test_damage_ends_in_one_line(readers: dict[str, Reader], name: str) -> None:
    check_reader(readers[name], SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OWN, *LOGS])
def test_much_damage_ends_in_one_line(readers: dict[str, Reader], name: str) -> None:
    check_reader(readers[name], LONG)
