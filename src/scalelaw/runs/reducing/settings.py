"""Number the settings of runs: equal settings mark replicate runs.

Replicate runs share a setting and the inputs of a law. A setting holds every recorded column except those that identify
a run (seed, name, date, machine) and those that report results (losses, scores, times). Runs that differ in a setting,
such as the learning rate, do not measure seed noise.
"""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.names import words
from scalelaw.core.quantities import METRICS, QUANTITIES
from scalelaw.core.types import AnyArray
from scalelaw.runs.reducing.sweeps import NO_CHOICE

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

_WHICH = frozenset(
    {"name", "names", "id", "ids", "uid", "uuid", "seed", "seeds", "rng", "replicate", "repeat", "trial", "date",
     "time", "timestamp", "created", "started", "start", "finished", "ended", "updated", "url", "link", "path",
     "dir", "folder", "file", "filename", "host", "hostname", "node", "nodes", "user", "author", "owner", "note",
     "notes", "comment", "comments", "tag", "tags", "state", "status", "job", "slurm", "commit", "sha", "hash",
     "index", "row", "display", "label", "project", "entity", "parent", "resumed", "run", "experiment", "wandb",
     "git"}
)  # fmt: skip
_OUTCOME = frozenset(
    {"loss", "losses", "ppl", "perplexity", "bpb", "bpc", "acc", "accuracy", "score", "scores", "mfu", "hfu",
     "throughput", "grad", "memory", "mem", "cost", "price", "usd", "energy", "power", "kwh", "wer", "f1", "bleu",
     "nll", "xent", "runtime", "duration", "wall", "walltime", "hours", "hour", "minutes", "seconds", "secs", "sec",
     "elapsed", "days", "speed", "best", "final", "converged", "diverged", "spikes", "sd", "std", "stderr", "se",
     "nan", "decayed"}
)  # fmt: skip
_KNOB = frozenset(
    {"lr", "rate", "wd", "decay", "beta", "beta1", "beta2", "eps", "epsilon", "dropout", "warmup", "clip",
     "momentum", "temperature", "ratio", "mult", "multiplier", "scale", "init", "cooldown", "alpha", "gamma",
     "lambda", "mix"}
)  # fmt: skip
_MOST_DISTINCT = 0.8
_DIGITS = 9


def settings(table: "RunTable") -> AnyArray:
    """Return the number of each run's setting, (runs,)."""
    names = [name for name in table.runs if is_setting(table, name)]
    keys = [_codes(table.runs[name]) for name in names]
    if not keys:
        return np.zeros(len(table), dtype=int)
    return np.asarray(np.unique(np.column_stack(keys), axis=0, return_inverse=True)[1].ravel())


def is_setting(table: "RunTable", name: str) -> bool:
    """Return whether a column is a setting: not an identifier of a run and not a result."""
    values = table.runs[name]
    if name in QUANTITIES:
        known = name == "flops" and "tokens" in table.runs
        return name not in NO_CHOICE - {"flops"} and name.partition("@")[0] not in METRICS and not known
    found = set(words(name))
    if found & (_WHICH | _OUTCOME):
        return False
    if found & _KNOB:
        return True
    return not _own(values)


def _own(values: AnyArray) -> bool:
    """Return whether nearly every run has a different value, as in labels and measurements."""
    codes = _codes(values)
    if len(codes) < 3 or len(np.unique(codes)) <= _MOST_DISTINCT * len(codes):
        return False
    whole = values.dtype == np.float64 and bool(np.all(np.isnan(values) | (values == np.round(values))))
    return not whole


def _codes(values: AnyArray) -> AnyArray:
    """Return a number per distinct value, (n,); missing counts as a value."""
    if values.dtype == np.float64:
        plain = np.array([f"{value:.{_DIGITS}g}" for value in values])
    else:
        plain = np.array([str(value) for value in values])
    return np.asarray(np.unique(plain, return_inverse=True)[1].ravel())
