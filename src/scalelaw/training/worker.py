"""A worker of a sweep, a process of its own: reads jobs from stdin, one JSON a line, and says on stdout how they go.

It ends when its parent does. Started by ``executor``, with one thread and an allocator that keeps what it has.
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
"""Seconds to wait for a run that another process is writing: one whose driver was killed is about to notice."""


def main() -> None:
    """Serve until stdin ends."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    warnings.simplefilter("ignore", ScalelawWarning)  # that a dead worker's lock was taken over is the normal case
    try:
        for line in sys.stdin:
            _say(_served(json.loads(line)))
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)


def _served(said: dict[str, Any]) -> dict[str, Any]:
    """Do a job; return how it ended."""
    try:
        _climb(Job.from_dict(said))
    except ScalelawError as error:
        return {"failed": str(error)}
    except MemoryError as error:
        return {"failed": _OUT_OF_MEMORY.format(error)}
    except OSError as error:
        full = f"; {KEPT}" if error.errno in _FULL else ""
        return {"failed": f"{error.filename or said['out']}: {error.strerror or error}{full}"}
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
    gc.freeze()  # what is loaded stays, and is not looked through again
    from scalelaw.training.climb import climb

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return climb(job, lambda steps, loss: _say({"steps": steps, "loss": loss}))
        except RunLocked:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, whatever it is doing."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


if __name__ == "__main__":
    main()
