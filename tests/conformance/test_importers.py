"""The importer conformance suite, on every importer found, each with a log made by the real package."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from scalelaw.runs import importers
from scalelaw.runs.importers.wandb_api import WandbApi
from scalelaw.testing.importer_checks import IMPORTER_CHECKS, RecordedLog

DATA = Path(__file__).parents[1] / "data"
PRINTED = ("llm_c", "megatron", "modded_nanogpt", "nanogpt")
LOGS = {
    "wandb_csv": DATA / "messy" / "01_wandb_wide",
    "wandb_offline": DATA / "importers" / "wandb_offline",
    "mlflow_sqlite": DATA / "importers" / "mlflow_sqlite" / "mlflow.db",
    "mlflow_folder": DATA / "importers" / "mlflow_folder",
    "tensorboard": DATA / "importers" / "tensorboard",
    "hf_trainer": DATA / "importers" / "hf_trainer",
    "lm_eval": DATA / "importers" / "lm_eval",
    "olmes": DATA / "importers" / "olmes",
    "trackio": DATA / "importers" / "trackio" / "ladder.db",
    "wandb_api": "wandb://lab/ladder",
    **{name: DATA / "importers" / "printed" / name for name in PRINTED},
}
FILES = {
    "wandb_csv": DATA / "messy" / "01_wandb_wide" / "history.csv",
    "wandb_offline": DATA / "importers" / "wandb_offline" / "run-ladder-1m.wandb",
    "tensorboard": DATA / "importers" / "tensorboard" / "ladder-1m" / "events.out.tfevents.1700000000.host",
    "hf_trainer": DATA / "importers" / "hf_trainer" / "tiny-16" / "trainer_state.json",
    "lm_eval": next((DATA / "importers" / "lm_eval").rglob("*.json")),
    "olmes": DATA / "importers" / "olmes" / "tiny-60m" / "metrics-all.jsonl",
    **{name: DATA / "importers" / "printed" / name / "width-256.log" for name in PRINTED},
}
SECRET = "sk-not-a-real-key-0123456789"


def service():
    """Stand in for the service: one run, with a secret among its settings."""
    rows = [{"_step": step, "val/loss": 5 - step / 10, "tokens": 1e6 * step} for step in (1, 2)]
    run = SimpleNamespace(
        name="r", id="abc", state="finished", created_at="2024-01-01T00:00:00", summary={},
        config={"n_params": 1e6, "api_key": SECRET, "_wandb": {}}, scan_history=lambda: iter(rows),
    )  # fmt: skip
    return SimpleNamespace(runs=lambda path: [run], run=lambda path: run)


def samples():
    for name in importers.names():
        foreign = tuple(str(path) for other, path in {**LOGS, **FILES}.items() if other != name)
        importer = WandbApi(service) if name == "wandb_api" else importers.get(name)
        yield pytest.param(RecordedLog(importer, str(LOGS[name]), SECRET, foreign), id=name)
        if name in FILES:
            yield pytest.param(RecordedLog(importer, str(FILES[name]), SECRET, foreign), id=f"{name} file")


@pytest.mark.parametrize("check", IMPORTER_CHECKS)
@pytest.mark.parametrize("sample", list(samples()))
def test_importer(sample: RecordedLog, check: str) -> None:
    IMPORTER_CHECKS[check](sample)


def test_an_importer_is_named_after_its_file() -> None:
    assert [importers.get(name).name for name in importers.names()] == list(importers.names())


@pytest.mark.parametrize("name", [name for name in LOGS if name != "wandb_api"])
def test_its_log_is_found_without_naming_it(name: str) -> None:
    found = importers.find(str(LOGS[name]))
    assert found is not None and found.name == name
