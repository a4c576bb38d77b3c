"""A worker process of a sweep: reads jobs from stdin, one JSON per line, and writes their progress to stdout.

It ends with its parent. ``executor`` starts it, with one thread and an allocator that keeps freed memory.
"""

import errno
import gc
import json
import os
import sys
import threading
import time
import traceback
import warnings
from typing import Any

from scalelaw.core.errors import RunLocked, ScalelawError, ScalelawWarning
from scalelaw.core.optional import require
from scalelaw.training.job import KEPT, Job

_PATIENCE = 30
"""Seconds to wait for a run that another process holds: a worker of a killed driver ends soon."""


def main() -> None:
    """Serve until stdin ends."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    warnings.simplefilter("ignore", ScalelawWarning)  # taking over a dead worker's lock is normal
    try:
        for line in sys.stdin:
            _write(_served(json.loads(line)))
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)


def _served(message: dict[str, Any]) -> dict[str, Any]:
    """Do a job and return its result."""
    try:
        _climb(Job.from_dict(message))
    except ScalelawError as error:
        return {"failed": str(error)}
    except MemoryError as error:
        return {"failed": _OUT_OF_MEMORY.format(error)}
    except OSError as error:
        full = f"; {KEPT}" if error.errno in _FULL else ""
        return {"failed": f"{error.filename or message['out']}: {error.strerror or error}{full}"}
    except RuntimeError as error:
        if "memory" in str(error):
            return {"failed": _OUT_OF_MEMORY.format(str(error).splitlines()[0])}
        return {"failed": traceback.format_exc(limit=-3)}
    return {"done": True}


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OUT_OF_MEMORY = "out of memory ({}); narrow the rung, shorten seq_len, or lower the recipe's batch_tokens"


def _climb(job: Job) -> None:
    torch = require("torch", extra="train", why="train models")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    gc.freeze()  # exclude loaded modules from garbage collection
    from scalelaw.training.climb import climb

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return climb(job, lambda steps, loss: _write({"steps": steps, "loss": loss}))
        except RunLocked:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def _write(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


if __name__ == "__main__":
    main()
