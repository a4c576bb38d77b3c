"""The tables fitted in these tests: drawn from a known law, small enough to reason about."""

from collections.abc import Callable

import numpy as np
import pytest

from scalelaw.core.types import AnyArray, Array
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations

Make = Callable[..., Observations]


@pytest.fixture(scope="session")
def table() -> Make:
    """Return a maker of tables: params by tokens per param, log-normal noise on the loss of a published law."""

    def make(
        spelling: str = "chinchilla@besiroglu2024",
        *,
        noise: float = 0.005,
        seed: int = 0,
        sizes: int = 6,
        ratios: tuple[float, ...] = (5, 20, 80, 200),
        coef: Array | None = None,
    ) -> Observations:
        law, source = parse(spelling)
        if coef is None:
            assert source is not None
            coef = law.vector(law.published[source].coef)
        kind = next((name for name in law.inputs if name.startswith("params")), "params")
        params, ratio = (a.ravel() for a in np.meshgrid(np.geomspace(2e7, 6e9, sizes), ratios, indexing="ij"))
        columns = {kind: params, "tokens": params * ratio, "flops": 6 * params**2 * ratio}
        y = law.predict(coef, columns) * np.exp(np.random.default_rng(seed).normal(0, noise, len(params)))
        return observe(columns, y)

    return make


@pytest.fixture(scope="session")
def rows() -> Make:
    """Return the maker of observations from plain columns."""
    return observe


def observe(
    columns: dict[str, AnyArray], y: Array, cluster: AnyArray | None = None, weight: Array | None = None
) -> Observations:
    """Return observations of ``loss``, each row its own run and of weight one unless said."""
    n = len(y)
    return Observations(
        target="loss",
        columns={name: np.asarray(values, float) for name, values in columns.items()},
        y=np.asarray(y, float),
        cluster=np.arange(n) if cluster is None else cluster,
        weight=np.ones(n) if weight is None else np.asarray(weight, float),
        read=n,
    )
