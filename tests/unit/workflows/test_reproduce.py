"""Published figures beside ours, and a law begun."""

from pathlib import Path

import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.laws._scaffold import new_law
from scalelaw.workflows.reproduce import Reproduced, figures, reproduce
from scalelaw.workflows.reproductions._figure import Figure


def figure(side: str = "near", digits: float = 0.05) -> Figure:
    return Figure("one", "a figure", 1.0, lambda _: 1.0, digits, "someone", side=side, why="rounding")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("side", "ours", "holds", "why"),
    [("near", 1.04, True, ""), ("near", 0.9, False, "rounding"), ("below", 0.9, True, "rounding"),
     ("below", 1.1, False, "rounding"), ("above", 1.1, True, "rounding"), ("above", 0.9, False, "rounding")],
)  # fmt: skip
def test_a_figure_holds_to_its_digits_or_below(side: str, ours: float, holds: bool, why: str) -> None:
    row = Reproduced(figure(side), ours)
    assert row.holds is holds and row.why == why and row.difference == pytest.approx(ours - 1)


def test_without_its_tables_a_figure_is_not_measured(tmp_path: Path) -> None:
    row = reproduce(["clip-printed"], data=tmp_path).rows[0]
    assert row.ours is None and row.holds is None and "openclip_laion is not in" in row.why
    assert "0 of 0 measured; 1 not measured" in str(reproduce(["clip-printed"], data=tmp_path))
    assert reproduce(["clip-printed"], data=tmp_path).to_dict()["figures"][0]["ours"] is None


def test_names_are_found_by_how_they_begin(tmp_path: Path) -> None:
    names = [row.figure.name for row in reproduce(["clark-cutoff"], data=tmp_path).rows]
    assert names == ["clark-cutoff-sbase", "clark-cutoff-rlr", "clark-cutoff-hash"]
    with pytest.raises(UnknownName, match="nothing"):
        reproduce(["nothing"])
    with pytest.raises(BadInput, match="does not exist"):
        reproduce(data=tmp_path / "absent")


def test_every_figure_says_who_printed_it() -> None:
    known = figures()
    assert len(known) > 15 and all(each.source and each.what and each.digits > 0 for each in known.values())


def checkout(root: Path) -> Path:
    folder = root / "src" / "scalelaw" / "laws" / "data"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (root / "tests" / "golden").mkdir(parents=True)
    return root


def test_a_law_begun_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file conforms as written, and its golden value is the one worked out by hand."""
    import importlib

    import numpy as np

    from scalelaw.testing.law_checks import LAW_CHECKS

    begun = new_law("begun_today", folder="data", root=checkout(tmp_path))
    monkeypatch.syspath_prepend(begun.law.parent)
    law = importlib.import_module("begun_today").LAW
    for check in LAW_CHECKS.values():
        check(law)
    assert law.predict(np.array([1.5, 100.0, 0.25]), {"params": np.array([1e8])}) == pytest.approx(2.5)
    assert "approx(2.5)" in begun.golden.read_text()
    with pytest.raises(BadInput, match="nothing was written"):
        new_law("begun_today", folder="data", root=tmp_path)


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [("chinchilla", "data", "exists"), ("Not-a-name", "data", "lower-case"), ("fine", "nowhere", "use one of data")],
)
def test_a_law_that_cannot_be_begun(tmp_path: Path, name: str, folder: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        new_law(name, folder=folder, root=checkout(tmp_path))


def test_outside_a_checkout_no_law_is_begun(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a checkout"):
        new_law("fine", root=tmp_path)
