"""The layers of DESIGN hold: an upper one may import a lower one, never the reverse."""

from pathlib import Path

from importlinter.cli import lint_imports


def test_every_import_contract_holds() -> None:
    assert lint_imports(config_filename=str(Path(__file__).parents[2] / "pyproject.toml"), no_cache=True) == 0
