"""Checks of every forecaster: fits, published laws and third-party forecasters."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster, Kind
from scalelaw.core.types import Array, Inputs

Check = Callable[[Forecaster, Inputs], None]


def check_protocol(forecaster: Forecaster, x: Inputs) -> None:
    """The object is a Forecaster with inputs, a target and a stable digest."""
    assert isinstance(forecaster, Forecaster)
    assert set(forecaster.inputs) <= set(x), "pass points with all inputs"
    assert forecaster.target and forecaster.label
    assert forecaster.digest == forecaster.digest


def check_shapes(forecaster: Forecaster, x: Inputs) -> None:
    """There are n predictions for n points, and draws of shape (b, n)."""
    n = len(next(iter(x.values())))
    prediction = forecaster.predict(x, 0.9)
    assert prediction.mean.shape == (n,) and prediction.outside_domain.shape == (n,)
    draws = forecaster.sample(x)
    assert draws is None or (draws.ndim == 2 and draws.shape[1] == n)


def check_unknown_spread(forecaster: Forecaster, x: Inputs) -> None:
    """There is an interval, of positive width, if and only if there are draws."""
    prediction = forecaster.predict(x, 0.9)
    if forecaster.sample(x) is None:
        assert prediction.lo is None and prediction.hi is None
    else:
        lo, hi = _ends(forecaster, x, 0.9)
        assert np.all(lo < hi), "an interval of zero width"


def check_nested(forecaster: Forecaster, x: Inputs) -> None:
    """A higher level gives a wider interval that contains the lower one."""
    if forecaster.sample(x) is None:
        return
    (lo50, hi50), (lo90, hi90) = _ends(forecaster, x, 0.5), _ends(forecaster, x, 0.9)
    assert np.all(lo90 <= lo50) and np.all(hi50 <= hi90)


def check_new_run_is_wider(forecaster: Forecaster, x: Inputs) -> None:
    """Draws of a new run scatter more than draws of the mean."""
    mean, run = forecaster.sample(x, "mean"), forecaster.sample(x, "new_run")
    if mean is None or run is None:
        return
    assert np.median(run.std(axis=0)) > np.median(mean.std(axis=0))


def check_seeded(forecaster: Forecaster, x: Inputs) -> None:
    """Equal seeds give equal draws, different seeds different ones."""
    first, again, other = (forecaster.sample(x, "new_run", seed) for seed in (1, 1, 2))
    if first is None or again is None or other is None:
        return
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def check_level_is_a_share(forecaster: Forecaster, x: Inputs) -> None:
    """Half of the draws outside an interval lie below it and half above, and their share is one minus its level."""
    kinds: tuple[Kind, ...] = ("mean", "new_run")
    for kind in kinds:
        draws = forecaster.sample(x, kind, 3)
        if draws is None:
            return
        for level in (0.5, 0.8):
            found = forecaster.predict(x, level, kind)
            assert found.lo is not None and found.hi is not None and found.level == level
            tail = (1 - level) / 2
            slack = 4 * np.sqrt(tail * (1 - tail) / len(draws)) + 1 / len(draws)
            for outside in (np.mean(draws < found.lo, axis=0), np.mean(draws > found.hi, axis=0)):
                assert np.all(np.abs(outside - tail) < slack), f"not a {level} interval of the {kind}"


def check_level_refused(forecaster: Forecaster, x: Inputs) -> None:
    """A level that is not a probability is refused."""
    for level in (0.0, 1.0, 90.0):
        try:
            forecaster.predict(x, level)
        except BadInput:
            continue
        raise AssertionError(f"level {level} was accepted")


def check_domain(forecaster: Forecaster, x: Inputs) -> None:
    """Points far outside the fitted range are flagged."""
    known = [name for name in forecaster.inputs if name in forecaster.domain]
    if not known:
        return
    far = {name: np.asarray(values) * 0 + 10 * forecaster.domain[name][1] if name in known else values
           for name, values in x.items()}  # fmt: skip
    assert np.all(forecaster.predict(far).outside_domain)


def check_forms(forecaster: Forecaster, x: Inputs) -> None:
    """Keywords, mappings of lists or of text, and dataframes give the same predictions as arrays."""
    from importlib import import_module
    from importlib.util import find_spec

    plain = {name: values for name, values in x.items() if name in forecaster.inputs and np.ndim(values) == 1}
    if set(plain) < set(forecaster.inputs):  # a vector: as arrays only
        return
    lists = {name: values.tolist() for name, values in plain.items()}
    texts = {name: [str(value) for value in values] for name, values in lists.items()}
    libraries = {"polars": "DataFrame", "pandas": "DataFrame", "pyarrow": "table"}
    frames = [getattr(import_module(each), make)(lists) for each, make in libraries.items() if find_spec(each)]
    wanted = forecaster.predict(plain, 0.8)
    for points, keywords in (*((form, {}) for form in (lists, texts, *frames)), (None, lists), (None, texts)):
        form = "points as " + ("keywords" if points is None else type(points).__name__)
        try:
            got = forecaster.predict(points, 0.8, **keywords)
        except TypeError as error:
            raise AssertionError(f"{form} are not taken; inherit core.forecaster.Predicting") from error
        for one, other in ((wanted.mean, got.mean), (wanted.lo, got.lo), (wanted.hi, got.hi)):
            assert (one is None) == (other is None), f"{form} change the interval"
            assert one is None or other is None or np.array_equal(one, other), f"{form} change the prediction"


def check_points_refused(forecaster: Forecaster, x: Inputs) -> None:
    """The forecaster refuses missing points, points given twice, a missing input and an unknown keyword."""
    one = {name: values[:1] for name, values in x.items() if name in forecaster.inputs}
    without = {name: values for name, values in one.items() if name != forecaster.inputs[0]}
    cases: tuple[tuple[Inputs | None, Inputs], ...] = (
        (None, {}), ({}, {}), (one, one), (without, {}), (None, {**one, "no_such_input": np.ones(1)}),
    )  # fmt: skip
    for points, keywords in cases:
        try:
            forecaster.predict(points, 0.9, **keywords)  # type: ignore[arg-type]
        except BadInput as error:
            assert "\n" not in str(error)
            continue
        except TypeError as error:
            raise AssertionError("predict takes no keywords; inherit core.forecaster.Predicting") from error
        raise AssertionError(f"points {points} and keywords {list(keywords)} were accepted")


def _ends(forecaster: Forecaster, x: Inputs, level: float) -> tuple[Array, Array]:
    prediction = forecaster.predict(x, level)
    assert prediction.lo is not None and prediction.hi is not None, "draws without an interval"
    return prediction.lo, prediction.hi


FORECASTER_CHECKS: MappingProxyType[str, Check] = MappingProxyType(
    {
        check.__name__.removeprefix("check_"): check
        for check in (
            check_protocol, check_shapes, check_unknown_spread, check_nested, check_new_run_is_wider, check_seeded,
            check_level_is_a_share, check_level_refused, check_domain, check_forms, check_points_refused,
        )
    }
)  # fmt: skip
"""Name -> check, each taking a forecaster and points it can predict at."""
