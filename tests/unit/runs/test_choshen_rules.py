"""The ten rules of the guide: each is broken by a table made for it, and by no table made well."""

from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.runs.choshen_rules import check_guide


def table(sizes: int = 6, ratios: tuple[float, ...] = (10, 20, 40), points: int = 5, **more: Any) -> sl.RunTable:
    """Return a table that breaks no rule: six sizes by three ratios, each with checkpoints, one run twice."""
    share = np.linspace(0.2, 1.0, points) if points > 1 else np.ones(1)
    params, ratio = (each.ravel() for each in np.meshgrid(1e6 * 3.0 ** np.arange(sizes), ratios, indexing="ij"))
    params, ratio = np.append(params, params[0]), np.append(ratio, ratio[0])
    columns: dict[str, Any] = {
        "run": np.repeat(np.arange(len(params)), points).astype(str).tolist(),
        "params": np.repeat(params, points),
        "tokens": (params * ratio)[:, None].repeat(points, 1).ravel() * np.tile(share, len(params)),
    }
    columns["loss"] = 1.8 + 480 / columns["params"] ** 0.35 + 2000 / columns["tokens"] ** 0.37
    repeated = {name: np.repeat(values, points).tolist() for name, values in more.items()}
    return sl.load_runs({**columns, **repeated})


def broken(runs: sl.RunTable) -> set[str]:
    return {finding.code for finding in check_guide(runs, runs.endpoints())}


def test_a_table_made_well_breaks_no_rule() -> None:
    assert broken(table()) == set()


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        (table(sizes=5, ratios=(20,)), "GUIDE_NO_HELD_OUT"),
        (table().where(run=[str(run) for run in range(1, 19)]), "GUIDE_NO_SEEDS"),
        (table(points=1), "GUIDE_ENDS_ONLY"),
        (table(sizes=4), "GUIDE_FEW_SIZES"),
        (
            table().exclude(reason="a gap", params=[3e6, 9e6, 2.7e7, 8.1e7]),
            "GUIDE_FAR",
        ),
        (table(sizes=3, ratios=(20,)), "GUIDE_BORROW"),
        (table(sizes=6, ratios=(10, 20)), "GUIDE_FIVE_FREE"),
        (table(family=["a", "b"] * 9 + ["a"]), "GUIDE_POOLED"),
        (table(points=20).after(0.0), ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_is_broken_by_its_table(runs: sl.RunTable, code: str) -> None:
    assert (code in broken(runs)) == bool(code)


def test_checkpoints_of_the_start_are_counted_and_left_out_by_after() -> None:
    early = {
        "run": ["a"] * 20,
        "params": [1e8] * 20,
        "tokens": np.linspace(1e8, 2e9, 20),
        "loss": np.linspace(5, 3, 20),
    }
    runs = sl.load_runs({name: list(values) for name, values in early.items()})
    (found,) = (each for each in check_guide(runs, runs.endpoints()) if each.code == "GUIDE_EARLY")
    assert found.rows == 1
    assert "GUIDE_EARLY" not in broken(runs.after(0.1))
    assert len(runs.after(0.5).curves()) == 11 and runs.after(0.5).endpoints().y == runs.endpoints().y
    assert "of the first 50% of a run are left out" in runs.after(0.5).notes[-1]
    for share in (-0.1, 1.0):
        with pytest.raises(BadInput, match="give a share of a run"):
            runs.after(share)


def test_long_runs_lose_their_first_ten_billion_tokens() -> None:
    tokens = np.array([5e9, 5e10, 3e11])
    runs = sl.load_runs({"run": ["a"] * 3, "params": [1e9] * 3, "tokens": tokens.tolist(), "loss": [3.0, 2.5, 2.3]})
    (found,) = (each for each in check_guide(runs, runs.endpoints()) if each.code == "GUIDE_EARLY")
    assert found.rows == 1, "5B and 50B are before a tenth or 10B; 50B is neither" if found.rows != 1 else ""


@pytest.mark.parametrize(("share", "ripe"), [(0.2, False), (0.35, True), (0.99, False)])
def test_a_run_in_flight_is_ripe_at_a_third(share: float, ripe: bool) -> None:
    runs = sl.load_runs(
        {"run": ["a", "a", "b"], "params": [1e8, 1e8, 1e9], "tokens": [1e8, 2e9, share * 2e10], "loss": [4, 3.5, 3.0],
         "planned_tokens": [2e9, 2e9, 2e10]}
    )  # fmt: skip
    assert ("GUIDE_A_THIRD" in broken(runs)) == ripe


def test_a_review_tells_the_rules_apart_from_what_stops() -> None:
    review = sl.runs.review_runs(table(sizes=3, points=1))
    assert not review.stopped
    assert {finding.code for finding in review.rules} >= {"GUIDE_FEW_SIZES", "GUIDE_ENDS_ONLY"}
    assert not any(finding.code.startswith("GUIDE") for finding in review.findings)
    assert [each["code"] for each in review.to_dict()["rules"]] == [finding.code for finding in review.rules]
    assert "by the rules of Choshen et al. 2024" in str(review)
