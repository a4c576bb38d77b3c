"""Type checkers see the types of the installed package: ``py.typed`` is tracked and ships."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_marker_is_in_the_wheel() -> None:
    """Hatch ships every file below the package that git does not ignore, unless it is told otherwise."""
    wheel = CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["src/scalelaw"]} and (ROOT / "src/scalelaw/py.typed").is_file()
    assert "Typing :: Typed" in CONFIG["project"]["classifiers"]
    if (ROOT / ".git").exists():
        ignored = subprocess.run(["git", "check-ignore", "-q", "src/scalelaw/py.typed"], cwd=ROOT, check=False)
        assert ignored.returncode == 1
