"""Which document a JSON file holds, by its ``schema``."""

import json
from pathlib import Path

from scalelaw.core.reading import LARGEST_DOCUMENT, read_text


def is_fit(path: str | Path) -> bool:
    """Return whether a JSON file says it is a fit."""
    try:
        document = json.loads(read_text(path, LARGEST_DOCUMENT))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and str(document.get("schema", "")).startswith("scalelaw.fit/")
