"""Starting a law: two files or none, and a start that was killed between them is completed."""

from pathlib import Path

import pytest

from scalelaw.core.errors import BadInput
from scalelaw.laws._scaffold import new_law


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "src" / "scalelaw" / "laws" / "language").mkdir(parents=True)
    (tmp_path / "src" / "scalelaw" / "laws" / "language" / "__init__.py").touch()
    (tmp_path / "tests" / "golden").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("lost", ["law", "golden"])
def test_a_start_that_was_killed_between_its_files_is_completed(checkout: Path, lost: str) -> None:
    begun = new_law("invented", root=checkout)
    before = {path: path.read_bytes() for path in (begun.law, begun.golden)}
    with pytest.raises(BadInput, match=r"invented\.py exists; nothing was written"):
        new_law("invented", root=checkout)
    getattr(begun, lost).unlink()
    new_law("invented", root=checkout)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("edited", ["law", "golden"])
def test_a_file_that_was_edited_is_not_taken_for_a_start(checkout: Path, edited: str) -> None:
    begun = new_law("invented", root=checkout)
    for each in ("law", "golden"):
        getattr(begun, each).unlink()
    path = getattr(begun, edited)
    path.write_text("mine")
    with pytest.raises(BadInput, match="exists; nothing was written"):
        new_law("invented", root=checkout)
    assert path.read_text() == "mine"
    assert not any(getattr(begun, each).exists() for each in ("law", "golden") if each != edited)
