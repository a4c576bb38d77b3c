"""A law that lacks N proposes the column that is likeliest to hold it, with an option that takes it."""

import re
import shlex

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, NeedsAnswer


@pytest.mark.parametrize("name, scale", [("size_m", 1e6), ("n of net", 1.0), ("width_n", 1.0), ("weights", 1.0)])
@pytest.mark.parametrize("budget", ["flops_budget", "compute_budget"])
def test_a_column_of_sizes_beside_a_budget_is_proposed(name: str, scale: float, budget: str) -> None:
    rng = np.random.default_rng(len(name))
    n, c = np.exp(rng.uniform(17, 20, 24)), np.repeat([1e18, 3e18, 1e19], 8)
    loss = 1.7 + 400 / n**0.33 + 500 / (c / (6 * n)) ** 0.29
    table = {name: n / scale, budget: c, "val_loss": loss}
    with pytest.raises(BadInput, match=re.escape(repr(name))) as refused:
        sl.fit("chinchilla", table, draws=0)
    option = re.search(r"\(CLI: (--column .*?)\)", str(refused.value))
    assert option is not None and "..." not in str(refused.value)
    quantity, _, column = shlex.split(option[1])[1].partition("=")
    try:
        fitted = sl.fit("chinchilla", sl.load_runs(table, columns={quantity: column}), draws=0)
    except NeedsAnswer as asked:
        assert scale > 1 and "--unit params=M" in str(asked)
        fitted = sl.fit("chinchilla", sl.load_runs(table, columns={quantity: column}, units={"params": "M"}), draws=0)
    assert fitted.domain["params"][1] == pytest.approx(n.max(), rel=1e-6)
