"""Fit files: bit for bit there and back, and refused when edited, cut short, or from another time."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.core.reading import Allowance, is_fit
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get, parse

X = {"params": np.array([1e9, 7e10]), "tokens": np.array([2e10, 1.4e12])}


@pytest.fixture(scope="module")
def fitted(table: Any) -> FitResult:
    spec = FitSpec(noise=Noise(delta=2e-3), bounds={"alpha": (0.1, None)}, ties={"beta": "alpha"}, draws=15, starts=6,
                   intervals="pairs", seed=3, level=0.8)  # fmt: skip
    return fit_observations(get("chinchilla"), table(noise=0.01), spec)


@pytest.fixture
def saved(fitted: FitResult, tmp_path: Path) -> Path:
    path = tmp_path / "fit.json"
    fitted.save(str(path))
    return path


def _edit(path: Path, change: Any) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_everything_comes_back_bit_for_bit(fitted: FitResult, saved: Path) -> None:
    loaded = load_fit(saved)
    for one, other in ((fitted.coef, loaded.coef), (fitted.draws, loaded.draws), (fitted.rows.y, loaded.rows.y),
                       (fitted.rows.weight, loaded.rows.weight), (fitted.rows.cluster, loaded.rows.cluster),
                       (fitted.rows.x["params"], loaded.rows.x["params"]),
                       (fitted.rows.x["tokens"], loaded.rows.x["tokens"])):  # fmt: skip
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    for name in ("law", "objective", "status", "spec", "target", "domain", "findings", "notes", "version", "digest"):
        assert getattr(loaded, name) == getattr(fitted, name), name
    assert (loaded.rows.read, loaded.rows.set_aside) == (fitted.rows.read, fitted.rows.set_aside)
    assert loaded.to_dict() == fitted.to_dict() and str(loaded) == str(fitted)


def test_a_loaded_fit_predicts_the_same_bits(fitted: FitResult, saved: Path) -> None:
    one, other = fitted.predict(X), sl.load_fit(saved).predict(X)
    for name in ("mean", "lo", "hi", "outside_domain"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_saving_again_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    load_fit(saved).save(str(again))
    assert again.read_bytes() == saved.read_bytes()
    assert not list(tmp_path.glob("*.partial"))


def test_the_same_fit_made_twice_gives_the_same_bytes(
    fitted: FitResult, saved: Path, table: Any, tmp_path: Path
) -> None:
    again = tmp_path / "again.json"
    fit_observations(get("chinchilla"), table(noise=0.01), fitted.spec).save(str(again))
    assert again.read_bytes() == saved.read_bytes()


def test_a_fit_without_draws_stays_without(table: Any, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    fit_observations(get("chinchilla"), table(), FitSpec(draws=0, starts=4)).save(str(path))
    assert load_fit(path).draws is None and load_fit(path).predict(X).lo is None


@pytest.mark.parametrize("spelling", ["power[input=tokens,floor=no]", "E + A/params**a + B/D**b"])
def test_laws_with_a_shape_and_formulas_come_back(table: Any, tmp_path: Path, spelling: str) -> None:
    fit = fit_observations(parse(spelling)[0], table(), FitSpec(draws=3, starts=6))
    fit.save(str(tmp_path / "fit.json"))
    loaded = load_fit(tmp_path / "fit.json")
    assert loaded.law == fit.law
    np.testing.assert_array_equal(loaded.predict(X).hi, fit.predict(X).hi)  # type: ignore[arg-type]


def _one_digit(document: dict[str, Any], *keys: Any) -> None:
    for key in keys[:-1]:
        document = document[key]
    value = document[keys[-1]]
    text = list(json.dumps(value))
    at = next(i for i, sign in enumerate(text) if sign.isdigit() and (i + 1 == len(text) or sign != "0"))
    text[at] = "1" if text[at] != "1" else "2"
    document[keys[-1]] = json.loads("".join(text))


@pytest.mark.parametrize(
    "keys",
    [
        ("objective",), ("digest",), ("rows", "digest"), ("rows", "read"), ("rows", "cluster", 1), ("spec", "seed"),
        ("spec", "noise", "delta"), ("status", "agreeing"), ("status", "condition"), ("domain", "params", 1),
    ],
    ids=lambda keys: ".".join(map(str, keys)),
)  # fmt: skip
def test_one_edited_digit_is_refused(saved: Path, keys: tuple[Any, ...]) -> None:
    _edit(saved, lambda document: _one_digit(document, *keys))
    with pytest.raises(BadInput, match="was edited"):
        load_fit(saved)


@pytest.mark.parametrize("keys", [("coef",), ("draws",), ("rows", "y"), ("rows", "x", "params")], ids=".".join)
def test_swapped_numbers_are_refused(saved: Path, keys: tuple[str, ...]) -> None:
    """Arrays of another fit are well-formed; they are still not the ones that were written."""
    from scalelaw.fitting.files import _unpack
    from scalelaw.fitting.saving import _pack

    def change(document: dict[str, Any]) -> None:
        for key in keys[:-1]:
            document = document[key]
        values = _unpack(document[keys[-1]], Allowance("a test", 2**20))
        values.flat[0] *= 1 + 1e-15
        document[keys[-1]] = _pack(np.nextafter(values, 2 * values))

    _edit(saved, change)
    with pytest.raises(BadInput, match="was edited"):
        load_fit(saved)


def test_a_newer_schema_is_refused_and_says_so(saved: Path) -> None:
    _edit(saved, lambda document: document.update(schema="scalelaw.fit/3"))
    with pytest.raises(BadInput, match=r"schema scalelaw.fit/3; this version reads up to scalelaw.fit/2: upgrade"):
        load_fit(saved)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(saved: Path, keep: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(BadInput, match="is not JSON"):
        load_fit(saved)


@pytest.mark.parametrize("key", ["coef", "draws", "rows", "spec", "digest", "law", "revision", "status"])
def test_a_missing_part_is_refused(saved: Path, key: str) -> None:
    _edit(saved, lambda document: document.pop(key))
    with pytest.raises(BadInput, match=r"not a whole scalelaw\.fit/1 file|was edited"):
        load_fit(saved)


def test_damaged_arrays_are_refused(saved: Path) -> None:
    _edit(saved, lambda document: document["draws"].update(float64="bm90IHpsaWI="))
    with pytest.raises(BadInput, match=r"not a whole|was edited"):
        load_fit(saved)


@pytest.mark.parametrize("revision", [0, 2])
def test_a_fit_of_another_revision_of_the_law_is_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch, revision: int
) -> None:
    module = importlib.import_module("scalelaw.laws.language.chinchilla")
    monkeypatch.setattr(module.Chinchilla, "revision", revision)
    with pytest.raises(BadInput, match="chinchilla has changed since this fit was written"):
        load_fit(saved)


def test_other_files_are_refused_by_what_they_are(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    with pytest.raises(BadInput, match="cannot read"):
        load_fit(other)
    for text, message in (
        ("[1, 2]", "not a fit file"),
        ('{"schema": "x/1"}', "not a fit file"),
        ("a,b\n1,2", "not JSON"),
    ):
        other.write_text(text)
        with pytest.raises(BadInput, match=message):
            load_fit(other)
    other.write_bytes(b"\x80\x81\xff")
    with pytest.raises(BadInput, match="not JSON"):
        load_fit(other)


def test_is_fit_knows_fits_from_anything_else(saved: Path, tmp_path: Path) -> None:
    assert is_fit(saved) and not is_fit(tmp_path / "absent.json") and not is_fit(tmp_path)
    for name, content in (("a.json", b"[1]"), ("b.json", b'{"schema": "scalelaw.plan/1"}'), ("c.csv", b"\xff\xfe")):
        (tmp_path / name).write_bytes(content)
        assert not is_fit(tmp_path / name)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("rows", "cluster"), [[0]]), (("rows", "cluster"), [0]), (("rows", "cluster", 1), "x"),
        (("rows", "setting"), [{}]), (("rows", "read"), {}), (("domain", "params"), ["x", None]), (("target",), 5),
        (("notes",), 7), (("objective",), []), (("objective",), 10**400),
        (("domain", "params"), [1, 10**400]), (("status", "condition"), None), (("status", "spare"), "x"),
        (("rows", "y", "shape"), [10**9]), (("rows", "y", "float64"), "AAAA"), (("conditions",), []),
    ],
)  # fmt: skip
def test_what_no_fit_is_is_refused_in_one_line(saved: Path, keys: tuple[Any, ...], value: Any) -> None:
    from scalelaw.fitting.saving import _content

    document = json.loads(saved.read_text())
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    document["content"] = _content(document)
    saved.write_text(json.dumps(document))
    with pytest.raises(BadInput, match="fit the runs again") as refused:
        load_fit(saved)
    assert "\n" not in str(refused.value)
