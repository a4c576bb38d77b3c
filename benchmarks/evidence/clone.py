"""The first two commands in an empty clone with an empty environment."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from evidence._row import ROOT, Row


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", f"{folder}/scalelaw"], check=True)
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        clean = {"HOME": folder, "PATH": os.defpath, **kept}
        clean["PATH"] = f"{Path(sys.base_prefix) / 'bin'}:{os.defpath}"
        for verb, limit in (("demo", 300), ("test", 480)):
            before = time.perf_counter()
            done = subprocess.run(["make", verb], cwd=f"{folder}/scalelaw", env=clean, capture_output=True, text=True)
            seconds = time.perf_counter() - before
            suite = re.findall(r"\d+ passed.* in ([\d.]+)s", done.stdout)
            measured = f"exit {done.returncode}, {seconds:.0f} s" + (f", suite {suite[-1]} s" if suite else "")
            holds = done.returncode == 0 and seconds <= limit and (not suite or float(suite[-1]) <= 180)
            yield Row(f"make {verb} in an empty clone" + (", suite <= 180 s" if suite else ""), measured, holds,
                      f"git clone; make {verb}", seconds)  # fmt: skip
