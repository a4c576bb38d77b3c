"""Laws of a score above chance: the chance is part of the law, must be known, and scores stay between it and one."""

from dataclasses import replace

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.laws import AboveChance, get, names, parse
from scalelaw.testing.law_checks import LAW_CHECKS, plausible, points

ABOVE = [name for name in names() if isinstance(get(name), AboveChance)]


def test_the_three_laws_above_chance_are_known() -> None:
    assert ABOVE == ["accuracy_joint_power", "accuracy_logistic", "accuracy_power"]


@pytest.mark.parametrize("name", ABOVE)
def test_without_a_chance_the_law_names_the_remedy_and_the_remedy_works(name: str) -> None:
    law = get(name)
    assert law.chance is None and law.spelling == name
    with pytest.raises(BadInput, match=rf"{name}\[chance=0.25\]") as refused:
        law.predict(np.ones(len(law.coefs)), points(law))
    remedy = str(refused.value).partition("write ")[2].partition(" for")[0]
    known, _ = parse(remedy)
    assert np.isfinite(known.predict(plausible(known), points(known))).all()
    assert replace(law, chance=0.25) == known


@pytest.mark.parametrize("name", ABOVE)
def test_spelling_and_law_are_each_others_inverse(name: str, rng: np.random.Generator) -> None:
    for chance in (0, 1 / 3, 1e-5, 1e-12, 0.5, *rng.uniform(0, 1, 20).tolist()):
        law = get(name, chance=chance)
        assert parse(law.spelling) == (law, None) and law.chance == chance


@pytest.mark.parametrize("chance", [1, 1.0, -0.1, 25, "a quarter", True, float("nan")])
@pytest.mark.parametrize("name", ABOVE)
def test_a_chance_that_is_not_a_fraction_is_refused(name: str, chance: object) -> None:
    with pytest.raises(BadInput, match="not a fraction"):
        get(name, chance=chance)


@pytest.mark.parametrize("ceiling", [False, True])
@pytest.mark.parametrize("name", ABOVE)
def test_scores_lie_between_chance_and_one(name: str, ceiling: bool, rng: np.random.Generator) -> None:
    for chance in rng.uniform(0, 0.9, 10):
        law = get(name, chance=float(chance), ceiling=ceiling)
        x = {key: np.exp(rng.uniform(0, 80, 50)) for key in law.inputs}
        score = law.predict(plausible(law), x)
        assert np.all((score >= chance - 1e-12) & (score <= 1))


@pytest.mark.parametrize(
    "name", ["accuracy_logistic[chance=0.25", "score_linear[", "score_from_loss[", "task_sigmoid["]
)
@pytest.mark.parametrize("source", ["loss", "bpb"])
def test_a_score_falls_with_a_loss_of_either_unit(name: str, source: str) -> None:
    law, _ = parse(name + ("," if name[-1] != "[" else "") + f"input={source}]")
    coef = plausible(law)
    score = law.predict(coef, {source: np.linspace(0.3, 4, 30)})
    assert law.inputs == (source,) and law.output == "score" and np.all(np.diff(score) < 0)


def test_an_error_and_its_score_add_up_to_one() -> None:
    error, score = get("error_from_loss"), get("score_from_loss")
    for constants in score.published.values():
        coef, x = score.vector(constants.coef), {"loss": np.linspace(1.5, 5, 20)}
        np.testing.assert_allclose(error.predict(coef, x) + score.predict(coef, x), 1, rtol=1e-15)
    assert not get("score_from_loss", input="bpb").published


SHAPES = (
    "accuracy_power[chance=0,ceiling=yes]",
    "accuracy_power[chance=0.5,input=tokens]",
    "accuracy_joint_power[chance=0.25,ceiling=yes]",
    "accuracy_joint_power[chance=0,n=params_active]",
    "accuracy_logistic[chance=0.25,ceiling=yes]",
    "accuracy_logistic[chance=0.1,input=loss]",
    "accuracy_logistic[chance=0.5,input=bpb,ceiling=yes]",
    "score_from_loss[input=bpb]",
    "error_from_loss[input=bpb]",
    "score_linear[input=bpb]",
    "task_sigmoid[input=loss]",
)


@pytest.mark.parametrize("check", LAW_CHECKS)
@pytest.mark.parametrize("spelling", SHAPES)
def test_shapes_without_published_constants_pass_the_suite(spelling: str, check: str) -> None:
    LAW_CHECKS[check](parse(spelling)[0])
