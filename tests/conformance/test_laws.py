"""The law conformance suite, on every law found."""

import pytest

from scalelaw.laws import Law
from scalelaw.testing.law_checks import LAW_CHECKS, instances


@pytest.mark.parametrize("check", LAW_CHECKS)
@pytest.mark.parametrize("law", instances(), ids=lambda law: law.spelling)
def test_law(law: Law, check: str) -> None:
    LAW_CHECKS[check](law)
