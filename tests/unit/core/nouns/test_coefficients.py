"""Coefficients are an array that is read by name as well."""

import copy
import pickle

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import UnknownName
from scalelaw.core.nouns.coefficients import Coefficients, named_array


def made(rng: np.random.Generator, k: int) -> tuple[Coefficients, np.ndarray, list[str]]:
    values, names = rng.normal(size=k), [f"c{i}_{rng.integers(10**6)}" for i in range(k)]
    return named_array(values, names), values, names


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_a_name_and_its_place_give_the_same_bits(k: int, rng: np.random.Generator) -> None:
    coef, values, names = made(rng, k)
    for i, name in enumerate(names):
        assert coef[name] == coef[i] == values[i] and name in coef
    assert dict(coef) == dict(zip(names, values.tolist(), strict=True)) == dict(coef.items())
    assert coef.tobytes() == values.tobytes() and np.shares_memory(coef, values)


def test_copies_keep_names(rng: np.random.Generator) -> None:
    coef, values, names = made(rng, 4)
    for other in (copy.copy(coef), copy.deepcopy(coef), pickle.loads(pickle.dumps(coef)), coef.copy(), coef.view()):
        assert isinstance(other, Coefficients) and other[names[2]] == values[2] and other.names == tuple(names)


def test_arithmetic_and_slices_are_plain_arrays(rng: np.random.Generator) -> None:
    coef, values, _ = made(rng, 4)
    for plain in (coef * 2, np.exp(coef), coef[1:], coef[None], coef[..., 0:1], -coef, coef.mean(keepdims=True)):
        assert not isinstance(plain, Coefficients)
    assert isinstance(coef.sum(), np.float64) and np.array_equal(coef * 2, values * 2)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'alpha'"):
        named_array(np.ones(2), ("E", "alpha"))["alfa"]


def test_fits_and_published_laws_have_named_coefficients(tmp_path: object) -> None:
    fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=0)
    fit.save(f"{tmp_path}/fit.json")
    loaded = sl.load_fit(f"{tmp_path}/fit.json")
    for found in (fit, loaded, sl.published(sl.laws.get("chinchilla"), "besiroglu2024")):
        assert list(dict(found.coef)) == [c.name for c in found.law.coefs] and found.coef["beta"] == found.coef[4]
    assert loaded.coef.tobytes() == fit.coef.tobytes()
    assert {name: each["value"] for name, each in fit.coefficients().items()} == dict(fit.coef)
