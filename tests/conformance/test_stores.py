"""The store conformance suite, on every store we have."""

import pytest

from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.testing.store_checks import STORE_CHECKS

STORES = {"dirstore": lambda folder: DirStore(folder / "runs")}


@pytest.mark.parametrize("check", STORE_CHECKS)
@pytest.mark.parametrize("store", STORES)
def test_store(store, check, tmp_path):
    STORE_CHECKS[check](lambda: STORES[store](tmp_path))
