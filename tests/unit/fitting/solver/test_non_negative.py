"""Non-negative least squares: as near to the target as SciPy's, whatever the columns."""

import numpy as np
import pytest
from scipy.optimize import nnls

from scalelaw.fitting.solver.non_negative import non_negative


@pytest.mark.parametrize("seed", range(8))
def test_it_is_as_near_as_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(50):
        rows, k = rng.integers(2, 60), rng.integers(1, 9)
        columns = rng.standard_normal((rows, k)) + rng.uniform(0, 2)
        columns /= np.linalg.norm(columns, axis=0)
        if rng.random() < 0.3:
            columns = np.hstack([columns, -columns[:, :2]])  # an unknown of either sign
        target = 1 + rng.uniform(0, 1) * rng.standard_normal(rows)
        found = non_negative(columns, target)
        assert found.min() >= 0
        missed = np.linalg.norm(columns @ found - target)
        np.testing.assert_allclose(missed, nnls(columns, target)[1], rtol=0, atol=1e-10 * np.linalg.norm(target))


def test_exact_unknowns_are_found(rng: np.random.Generator) -> None:
    columns = rng.uniform(0.1, 1, (30, 4))
    unknowns = np.array([2.0, 0.0, 0.5, 0.0])
    np.testing.assert_allclose(non_negative(columns, columns @ unknowns), unknowns, atol=1e-12)


def test_nothing_but_zero_where_every_column_leads_away() -> None:
    np.testing.assert_array_equal(non_negative(np.ones((5, 2)), -np.ones(5)), [0.0, 0.0])
    np.testing.assert_array_equal(non_negative(np.zeros((5, 2)), np.ones(5)), [0.0, 0.0])
    columns = np.ones((5, 3))  # equal columns: one of them is enough
    np.testing.assert_allclose(non_negative(columns, np.ones(5)).sum(), 1.0)
