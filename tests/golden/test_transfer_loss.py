"""Loss after transfer, section 13n: Kaplan's joint law at the data that transfer is worth."""

import numpy as np
import pytest

from scalelaw.laws import get


def test_section_13n_it_is_the_joint_law_at_the_data_transferred() -> None:
    """D_T of `transfer` in place of D of `kaplan_joint`, 1.4e9 characters for 1e8 at 1e9 parameters."""
    transfer, joint, law = get("transfer"), get("kaplan_joint"), get("transfer_loss")
    of_data, of_loss = transfer.published["hernandez2021-text"].coef, joint.published["kaplan2020"].coef
    text, params = np.array([3e5, 1e8]), np.array([4e7, 1e9])
    moved = transfer.predict(transfer.vector(of_data), {"characters": text, "params_non_embedding": params})
    assert moved == pytest.approx([1.4237e8, 1.3764e9], rel=1e-4)
    expected = joint.predict(joint.vector(of_loss), {"params_non_embedding": params, "tokens": moved})
    coef = {**{name: of_loss[name] for name in ("alpha_N", "alpha_D", "N_c")}, "K": of_loss["D_c"] / of_data["k"],
            "alpha": of_data["alpha"], "beta": of_data["beta"]}  # fmt: skip
    found = law.predict(law.vector(coef), {"characters": text, "params_non_embedding": params})
    np.testing.assert_allclose(found, expected, rtol=1e-12)
