"""Approach 1 on curves of a known law: the exponent, what is left out, and the warning it always carries."""

import numpy as np
import pytest

from scalelaw.allocation.lower_envelope import envelope, envelope_observations
from scalelaw.core.errors import BadInput, BadTable, ScalelawWarning
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

SIZES = 24


def curves(noise: float = 0.0, sizes: int = SIZES, largest: float = 2e10) -> Observations:
    law = get("chinchilla")
    coef = law.vector(law.published["besiroglu2024"].coef)
    size, ratio = np.meshgrid(np.geomspace(2e7, largest, sizes), np.geomspace(0.3, 400, 120), indexing="ij")
    params, tokens = size.ravel(), (size * ratio).ravel()
    y = law.predict(coef, {"params": params, "tokens": tokens})
    y = y * np.exp(np.random.default_rng(0).normal(0, noise, len(y)))
    columns = {"params": params, "tokens": tokens, "flops": 6 * params * tokens}
    return Observations(
        "loss", columns, y, np.repeat(np.arange(sizes), 120), np.ones(len(y)), len(y), reduction="curves"
    )


def test_the_exponent_of_the_law_without_noise() -> None:
    found = envelope_observations(curves(), draws=60)
    assert found.params.exponent == pytest.approx(0.5126, abs=0.01)
    assert found.tokens.exponent == pytest.approx(0.4874, abs=0.01)
    ends = found.params.exponent_interval(0.9)
    assert ends is not None and ends[0] < 0.5126 < ends[1]
    assert found.size.min() > 2e7 and found.size.max() < 2e10
    assert np.array_equal(found.flops, np.sort(found.flops))


def test_winners_are_warned_of_and_counted() -> None:
    quiet, loud = envelope_observations(curves(1e-5), draws=0), envelope_observations(curves(0.01), draws=0)
    assert quiet.noise == pytest.approx(1e-5, rel=0.5) and loud.noise == pytest.approx(0.01, rel=0.1)
    assert quiet.close is not None and loud.close is not None and loud.close > 0.9 > 0.5 > quiet.close
    with pytest.warns(ScalelawWarning, match=r"favours lucky runs.*\[ENVELOPE_WINNERS_CURSE\]"):
        envelope(curves(0.003), draws=0)


def test_ends_of_runs_are_no_curves() -> None:
    rows = curves().rows(np.arange(119, SIZES * 120, 120))
    with pytest.raises(BadInput, match="every run has one reading"):
        envelope_observations(rows)
    with pytest.raises(BadInput, match="the curves of three sizes never overlap in compute"):
        envelope_observations(curves(sizes=2))
    with pytest.raises(BadTable, match="ENVELOPE_NONE"):
        envelope_observations(curves(sizes=3, largest=2e8))
    with pytest.raises(BadInput, match="draws must be 0"):
        envelope_observations(curves(), draws=1)
