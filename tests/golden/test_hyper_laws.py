"""Laws of learning rate, batch and critical batch, and of laboratories' splits, against section 9, 13h and 13i."""

import numpy as np
import pytest

from scalelaw.core.errors import ScalelawWarning
from scalelaw.fitting.published import published
from scalelaw.laws import get, parse

NON_EMBEDDING = "params_non_embedding"


def value(spelling: str, **x: float) -> float:
    law, source = parse(spelling)
    assert source is not None
    coef = law.vector(law.published[source].coef)
    return float(law.predict(coef, {name: np.array([number]) for name, number in x.items()})[0])


@pytest.mark.parametrize(
    ("spelling", "x", "expected"),
    [
        ("optimal_lr[by=flops]@bi2024", {"flops": 1e20}, 9.860e-4),
        ("optimal_batch[by=flops]@bi2024", {"flops": 1e20}, 1.0171e6),
        ("optimal_lr@li2025", {NON_EMBEDDING: 1e9, "tokens": 1e11}, 1.6325e-3),
        ("optimal_batch@li2025", {"tokens": 1e11}, 1.1077e6),
        ("optimal_lr[by=params_non_embedding]@porian2024", {NON_EMBEDDING: 1e9}, 2.129e-3),
        ("optimal_batch[by=params_non_embedding]@porian2024", {NON_EMBEDDING: 1e9}, 1.6086e6),
        ("optimal_lr[by=flops]@liu2025", {"flops": 1e21}, 8.069e-4),
        ("optimal_batch[by=flops]@liu2025", {"flops": 1e21}, 3.182e6),
    ],
)
def test_section_13h_rates_and_batches(spelling: str, x: dict[str, float], expected: float) -> None:
    assert value(spelling, **x) == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize(
    ("spelling", "flops", "expected"),
    [
        ("optimal_split@bi2024", 1e21, 5.695e10),
        ("optimal_split@grattafiori2024", 3.8e25, 1.629e13),
        ("optimal_split[of=params]@hoffmann2022-envelope", 1e21, 2.860e9),
    ],
)
def test_section_13i_splits(spelling: str, flops: float, expected: float) -> None:
    assert value(spelling, flops=flops) == pytest.approx(expected, rel=5e-4)


def test_section_9b_minicpm_critical_batch() -> None:
    assert value("critical_batch@hu2024", loss=3.0) == pytest.approx(1.275e6, rel=5e-4)


def test_section_9c_the_laws_agree_in_millions_and_sequences_of_512() -> None:
    """302M params, 3.07B tokens: 998 sequences by tokens, 1021 by params; at 20 tokens a param, 1365 and 1371."""
    by_tokens, by_params = "critical_batch[by=tokens]@zhang2024", "critical_batch[by=params]@zhang2024"
    assert value(by_tokens, tokens=3.07e9) / 512 == pytest.approx(998, abs=0.5)
    assert value(by_params, params=302e6) / 512 == pytest.approx(1021, abs=0.5)
    along = value(f"{by_params}-chinchilla", params=302e6)
    assert along == pytest.approx(value(by_tokens, tokens=20 * 302e6), rel=6e-3)


@pytest.mark.parametrize("name", ["optimal_lr", "optimal_batch", "critical_batch", "kaplan_lr"])
def test_every_rate_and_batch_has_its_conditions(name: str) -> None:
    for law in get(name).shapes:
        for source, constants in law.published.items():
            said = set(constants.conditions)
            assert "schedule" in said and said & {"batch", "lr"}, f"{law.spelling}@{source} says {said}"


def test_values_from_memory_warn_when_used() -> None:
    with pytest.warns(ScalelawWarning, match="unverified"):
        published(get("critical_batch"), "su2024")
