"""A job of a ladder: one seed of one rung, its runs, and the unfinished ones."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Branch, Intent, Ladder, Rung
from scalelaw.ladder.files import read_ladder
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.run_spec import RunSpec
from scalelaw.runs.storing.store import RunRecord
from scalelaw.training.text.corpus import Corpus, load_corpus

REVISION = 3
"""Incremented when the same settings give other losses; runs of different revisions are different runs."""

KEPT = "make room there; finished work is kept, and the same command continues"
"""Remedy for a full disk."""


@dataclass(frozen=True, eq=False)
class Job:
    """One seed of one rung.

    Attributes:
        ladder: its ladder.
        rung: its model and horizons.
        seed: seed of weights and data order.
        corpus: training and evaluation data.
        out: folder of the runs, with checkpoints in ``checkpoints``.
        device: ``cpu`` or ``cuda``.
        keep_s: seconds between checkpoints of the trunk.
        noise_scale: whether to measure the gradient-noise scale at each branch; losses do not depend on it.
    """

    ladder: Ladder
    rung: Rung
    seed: int
    corpus: Corpus
    out: Path
    device: str = "cpu"
    keep_s: float = 60.0
    noise_scale: bool = False

    @property
    def name(self) -> str:
        """Short name, unique in the ladder."""
        return f"{self.rung.name}-s{self.seed}{'-held-out' * self.rung.held_out}"

    @cached_property
    def checkpoints(self) -> Path:
        """Folder of the trunk's checkpoints, named by a digest of everything except the horizons."""
        parts = {
            "shape": asdict(self.rung.shape),
            "hyper": {**asdict(self.rung.hyper), "lr": dict(self.rung.hyper.lr)},
            "seq_len": self.rung.seq_len,
            "seed": self.seed,
            "corpus": self.corpus.digest,
            "revision": REVISION,
            "state": "weights, optimizer, cpu_s",
            **self._precision,
        }
        return self.out / "checkpoints" / digest(parts)

    def settings(self, branch: Branch) -> dict[str, Any]:
        """Return the settings of the run of a horizon."""
        corpus = self.corpus
        settings = self.ladder.settings(Intent(self.rung, self.seed, branch))
        known = {"bytes_per_token": corpus.bytes_per_token, "irreducible_loss": corpus.entropy_rate}
        return {
            **settings,
            **{name: value for name, value in known.items() if value is not None},
            "optimizer": self.rung.hyper.optimizer,
            "held_out": self.rung.held_out,
            "corpus_digest": corpus.digest,
            "eval_tokens": int(self.ladder.data.eval_tokens),
            "unique_tokens": min(corpus.unique_tokens, branch.tokens),
            "trainer": REVISION,
            **self._precision,
        }

    @cached_property
    def _precision(self) -> dict[str, str]:
        """Precision of matrix products on a GPU, where losses differ; empty on a CPU."""
        return {} if self.device == "cpu" else {"precision": precision(self.device)}

    def recorded(self, branch: Branch) -> RunRecord | None:
        """Return the recorded run of a horizon; None if not started."""
        run = RunSpec.of(self.settings(branch)).digest
        return DirStore(self.out).read(run) if (self.out / run / "run.json").exists() else None

    def is_done(self, branch: Branch) -> bool:
        """Return whether the run of a horizon is finished."""
        found = self.recorded(branch)
        return found is not None and found.state == "finished"

    @property
    def to_do(self) -> tuple[Branch, ...]:
        """Unfinished horizons, shortest first."""
        return tuple(branch for branch in self.rung.trunk.branches if not self.is_done(branch))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a worker."""
        return {
            "ladder": self.ladder.toml(),
            "digest": self.ladder.digest,
            "rung": self.ladder.rungs.index(self.rung),
            "seed": self.seed,
            "corpus": str(self.corpus.folder),
            "out": str(self.out),
            "device": self.device,
            "keep_s": self.keep_s,
            "noise_scale": self.noise_scale,
        }

    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Self:
        """Return the job of ``to_dict``.

        Raises:
            BadInput: the ladder changed in transfer.
        """
        ladder = read_ladder(tomllib.loads(message["ladder"]), Ladder)
        if ladder.digest != message["digest"]:
            raise BadInput(f"ladder {ladder.name} has digest {ladder.digest}, expected {message['digest']}")
        return cls(
            ladder,
            ladder.rungs[message["rung"]],
            message["seed"],
            load_corpus(Path(message["corpus"])),
            Path(message["out"]),
            device=message["device"],
            keep_s=message["keep_s"],
            noise_scale=message["noise_scale"],
        )


def precision(device: str) -> str:
    """Return the precision of matrix products on a device.

    Raises:
        BadInput: the device is unknown or absent.
    """
    from scalelaw.training.model import Program  # imports torch, which the driver of a CPU ladder does not need

    return Program.of(device).precision
