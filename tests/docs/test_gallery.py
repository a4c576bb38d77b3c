"""The gallery has every figure of the package, and its lines are few."""

import ast
from pathlib import Path

import gallery
import pytest

import scalelaw

FIGURES = {
    path.stem
    for path in (Path(scalelaw.__file__).parent / "viz").glob("*.py")
    if any(isinstance(node, ast.FunctionDef) and node.name == "draw" for node in ast.parse(path.read_text()).body)
}


def test_the_gallery_has_every_figure() -> None:
    assert {path.stem for path in gallery.scripts()} == FIGURES


@pytest.mark.parametrize("path", gallery.scripts(), ids=lambda path: path.stem)
def test_a_script_is_a_caption_and_few_lines(path: Path) -> None:
    tree = ast.parse(path.read_text())
    title, _, caption = (ast.get_docstring(tree) or "").partition("\n\n")
    assert title.endswith(".") and caption.endswith(".")
    lines = [node for node in tree.body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(lines) <= 7
    assert f'"{path.stem}.svg"' in path.read_text()


@pytest.mark.parametrize("name", ["published_laws", "residuals"])
def test_a_script_saves_its_figure(name: str, tmp_path: Path) -> None:
    gallery.run((gallery.SCRIPTS / f"{name}.py").read_text(), name, tmp_path)
    assert (tmp_path / f"{name}.svg").stat().st_size > 1000
