"""The ratio of tokens to params: runs and literature count by the inverse of their variance."""

import numpy as np
import pytest

from scalelaw.planning.ratio import combined, literature, split_at


def test_the_literature_is_that_of_the_registry() -> None:
    known = literature()
    assert {"hoffmann2022", "besiroglu2024", "muennighoff2023", "gadre2024"} <= set(known.studies)
    assert 15 < np.exp(known.mean) < 25 and 2 < np.exp(known.sd) < 4


def test_clear_runs_speak_for_themselves(rng: np.random.Generator) -> None:
    found = combined(rng.normal(5.0, 0.01, 2000), 1.0)
    assert found is not None
    assert found.centre == pytest.approx(5.0, abs=0.01) and found.share < 0.001
    assert found.draws.std() == pytest.approx(0.01, rel=0.1)


def test_runs_that_tell_nothing_leave_the_literature(rng: np.random.Generator) -> None:
    found, known = combined(rng.normal(0.0, 50.0, 4000), 1.0), literature()
    assert found is not None
    assert found.centre == pytest.approx(known.mean, abs=0.05) and found.share > 0.99
    assert found.draws.std() == pytest.approx(known.sd, rel=0.1)


def test_both_count_by_the_inverse_of_their_variance(rng: np.random.Generator) -> None:
    known = literature()
    drawn = known.mean + 3.0 + known.sd / 2 * rng.standard_normal(20000)
    found = combined(drawn, 2.0)
    assert found is not None
    assert found.share == pytest.approx(0.5, abs=0.02)
    assert found.centre == pytest.approx(known.mean + 1.5, abs=0.05)
    assert found.draws.std() == pytest.approx(known.sd / np.sqrt(2), rel=0.05)


def test_draws_without_an_optimum_are_left_out() -> None:
    assert combined(np.array([np.nan, 3.0]), 1.0) is None
    found = combined(np.array([3.0, 3.1, np.nan, 2.9]), 1.0)
    assert found is not None and np.isnan(found.draws[2]) and np.isfinite(found.draws[[0, 1, 3]]).all()


def test_product_and_ratio_are_kept() -> None:
    points = split_at(np.array([1e20, 4e20]), np.log([4.0, 100.0]))
    np.testing.assert_allclose(points.params * points.tokens, [1e20, 4e20])
    np.testing.assert_allclose(points.tokens / points.params, [4.0, 100.0])
