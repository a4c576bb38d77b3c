"""Laws of data, over-training and vocabulary: values of sections 6, 7a and 13o."""

import numpy as np
import pytest

from scalelaw.laws import get, parse
from scalelaw.laws.data.filtered import Filtered
from scalelaw.laws.data.repeated import Repeated
from scalelaw.laws.language.vocabulary import Vocabulary

REPEATED = Repeated()
MUENNIGHOFF = REPEATED.vector(REPEATED.published["muennighoff2023"].coef)


def value(spelling: str, **x: float) -> float:
    law, source = parse(spelling)
    assert source is not None
    coef = law.vector(law.published[source].coef)
    return float(law.predict(coef, {name: np.array([number]) for name, number in x.items()})[0])


@pytest.mark.parametrize(("ratio", "loss"), [(20, 2.6060), (320, 2.7017)])
def test_section_6_loss_in_compute_and_ratio(ratio: float, loss: float) -> None:
    """Refitted constants give these; the printed ones are within 5e-4."""
    found = value("over_training@gadre2024-redpajama", flops=1e21, tokens_per_param=ratio)
    assert found == pytest.approx(loss, abs=5e-4)
    params = np.sqrt(1e21 / 6 / ratio)
    assert found == pytest.approx(value("chinchilla@gadre2024-redpajama", params=params, tokens=ratio * params))


@pytest.mark.parametrize(("source", "ratio"), [("c4", 3.4), ("redpajama", 7.4), ("refinedweb", 5.8)])
def test_section_6_best_ratio(source: str, ratio: float) -> None:
    law = get("over_training")
    found = law.best_ratio(law.vector(law.published[f"gadre2024-{source}"].coef))  # type: ignore[attr-defined]
    assert found == pytest.approx(ratio, abs=0.06)


def test_section_6_error_from_loss() -> None:
    assert value("error_from_loss@gadre2024-redpajama", loss=2.5) == pytest.approx(0.4878, abs=6e-5)


def test_section_7a_losses() -> None:
    for params, tokens, loss in ((6.34e9, 242e9, 2.2256440889984477), (8.67e9, 178e9, 2.2269634075087867)):
        found = value("repeated@muennighoff2023", params=params, tokens=tokens, unique_tokens=25e9)
        assert found == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize(
    ("flops", "unique", "params", "epochs", "loss"),
    [(9.2e21, 25e9, 6.784e9, 9.04, 2.2255), (1e25, 1e12, 2.306e11, 7.23, 1.9708)],
)
def test_section_7a_optima(flops: float, unique: float, params: float, epochs: float, loss: float) -> None:
    found, tokens = REPEATED.allocation(MUENNIGHOFF, flops, unique)
    assert found == pytest.approx(params, rel=1e-3) and tokens / unique == pytest.approx(epochs, rel=1e-3)
    assert value("repeated@muennighoff2023", params=found, tokens=tokens, unique_tokens=unique) == pytest.approx(
        loss, abs=6e-5
    )


@pytest.mark.parametrize(
    ("epochs", "worth", "marginal"),
    [(1, 1, 1), (2, 1.968, 0.937), (4, 3.726, 0.823), (8, 6.624, 0.634), (16, 10.583, 0.377), (40, 15.168, 0.079),
     (100, 16.363, 0.002)],
)  # fmt: skip
def test_section_7a_worth_of_epochs(epochs: float, worth: float, marginal: float) -> None:
    x = {"params": np.full(2, 1e9), "tokens": 1e9 * np.array([epochs, epochs + 1e-6]), "unique_tokens": np.full(2, 1e9)}
    tokens = REPEATED.effective(MUENNIGHOFF, x)[1] / 1e9
    assert tokens[0] == pytest.approx(worth, abs=6e-4)
    assert np.diff(tokens)[0] / 1e-6 == pytest.approx(marginal, abs=6e-4)


def test_section_7a_ceilings_and_the_data_wall() -> None:
    far = {"params": np.array([1e30]), "tokens": np.array([1e30]), "unique_tokens": np.array([1e9])}
    params, tokens = REPEATED.effective(MUENNIGHOFF, far)
    usable = REPEATED.matched(MUENNIGHOFF, np.array([1e9]))
    assert tokens / 1e9 == pytest.approx(16.39, abs=6e-3) and params / usable == pytest.approx(6.31, abs=6e-3)
    assert usable / 1e9 == pytest.approx(0.05099, abs=6e-6)
    for unique, wall in ((15e12, 6.88e25), (300e12, 2.75e28)):
        assert 6 * unique * REPEATED.matched(MUENNIGHOFF, np.array([unique])) == pytest.approx(wall, rel=2e-3)


def test_section_7b_a_filtered_pool_halves_its_exponent() -> None:
    """First pass U^-b, second pass 2^-(b/2) more when tau is one, third (3/2)^-(b/4)."""
    law = Filtered()
    coef = law.vector({"d": 0.0, "a": 1.0, "b": 0.2, "tau": 1.0})
    x = {"tokens": 1e6 * np.array([0.5, 1, 2, 3, 2.5]), "unique_tokens": np.full(5, 1e6)}
    first = 1e6**-0.2
    second = first * 2**-0.1
    expected = [(0.5e6) ** -0.2, first, second, second * 1.5**-0.05, second * 1.25**-0.05]
    assert law.predict(coef, x) == pytest.approx(expected, rel=1e-12)


VOCABULARIES = [
    (3e9, 3200, 39368, 42539, 36648),
    (7e9, 4096, 62281, 67450, 59548),
    (70e9, 8192, 211860, 230861, 217961),
]


@pytest.mark.parametrize(("params", "width", "by_flops", "by_slope", "by_fit"), VOCABULARIES)
def test_section_13o_vocabularies(params: float, width: float, by_flops: int, by_slope: int, by_fit: int) -> None:
    split = get("optimal_split", of="params_non_embedding").published["tao2024"].coef
    flops = (params / split["k"]) ** (1 / split["a"])
    first = value("optimal_vocabulary[by=flops]@tao2024", flops=flops) / width
    second = value("optimal_vocabulary@tao2024", params_non_embedding=params) / width
    assert first == pytest.approx(by_flops, abs=1) and second == pytest.approx(by_slope, abs=1)
    law = Vocabulary()
    third = law.best_size(law.vector(law.published["tao2024"].coef), params, width, flops)
    assert third == pytest.approx(by_fit, abs=1)
