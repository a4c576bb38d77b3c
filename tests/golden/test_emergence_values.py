"""Values of the catalogue: exact match and edit distance of tokens, emergence score, onset, resolution limit."""

import numpy as np
import pytest

from scalelaw.diagnosing.onsets.forms import Counts, Curve
from scalelaw.diagnosing.onsets.onset import first_visible
from scalelaw.diagnosing.onsets.token_metrics import edit_distance, emergence_score, exact_match, resolution_limit

SIZES = 10.0 ** np.arange(7, 12)
LOSS = 0.6 * (SIZES / 1e8) ** -0.3


@pytest.mark.parametrize(
    ("p", "five", "thirty", "edits"), [(0.9, 0.590490, 0.0424, 3.0), (0.99, 0.950990, 0.7397, 0.3)]
)
def test_exact_match_is_a_power_of_the_tokens(p: float, five: float, thirty: float, edits: float) -> None:
    loss = -np.log([p])
    assert exact_match(loss, 5)[0] == pytest.approx(five, abs=1e-6)
    assert exact_match(loss, 30)[0] == pytest.approx(thirty, abs=5e-5)
    assert edit_distance(loss, 30)[0] == pytest.approx(edits, abs=1e-9)


def test_a_power_law_of_the_loss_gives_a_sharp_exact_match() -> None:
    assert np.exp(-LOSS) == pytest.approx([0.3021, 0.5488, 0.7403, 0.8601, 0.9272], abs=5e-5)
    assert exact_match(LOSS, 10)[0] == pytest.approx(6.3e-6, abs=4e-6)
    assert exact_match(LOSS, 10)[1:] == pytest.approx([0.00248, 0.04943, 0.22154, 0.46984], abs=5e-6)
    assert edit_distance(LOSS, 10) == pytest.approx([6.979, 4.512, 2.597, 1.399, 0.728], abs=5e-4)


def test_emergence_score_of_a_jump_and_of_a_line() -> None:
    assert emergence_score((0, 0.01, 0, 0.02, 0.35, 0.8)) == pytest.approx(40.0)
    assert emergence_score((0, 0.15, 0.3, 0.45, 0.6, 0.8)) == pytest.approx(5.333, abs=5e-4)
    assert emergence_score((0.8, 0.6, 0.45, 0.3, 0.15, 0)) == pytest.approx(-5.333, abs=5e-4)


def test_onset_of_a_sigmoid_of_known_steepness() -> None:
    x = np.linspace(20, 24, 9)
    middle, half = 22.0, 2.0
    curve = Curve("logistic", np.array([3.0 * (middle - 22.0), 3.0 * half]), np.array(0.0), np.array(np.nan))
    counts = Counts((x - middle) / half, np.zeros(9), np.full(9, 1000.0), np.full(9, 0.25))
    assert middle + half * float(first_visible(counts, curve)[0]) == pytest.approx(20.909, abs=1e-3)


def test_the_rate_that_no_right_item_leaves_open() -> None:
    assert resolution_limit(200) == pytest.approx(0.01487, abs=5e-6)
    assert (1 - 0.001) ** 200 == pytest.approx(0.8186, abs=5e-5)
