"""A job of a sweep: one seed of one rung, as the driver hands it to a worker; knows its runs and what is left to do."""

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
"""Raised when the same settings come to give other losses; runs of several revisions are different runs."""

KEPT = "make room there; what is done is kept, and the same command goes on"
"""What to do where a disk is full."""


@dataclass(frozen=True, eq=False)
class Job:
    """One seed of one rung.

    Attributes:
        ladder: that it is of.
        rung: its model and horizons.
        seed: of weights and order of the data.
        corpus: what is read.
        out: folder of the runs; checkpoints lie in its ``checkpoints``.
        device: ``cpu`` or ``cuda``.
        keep_s: seconds between checkpoints on the way to a branch.
        noise_scale: whether the gradient-noise scale is measured where a branch leaves the trunk; no loss knows of it.
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
        """Short, and unique in its ladder."""
        return f"{self.rung.name}-s{self.seed}{'-held-out' * self.rung.held_out}"

    @cached_property
    def checkpoints(self) -> Path:
        """Folder of the trunk's states: one for all that decides them, horizons left out."""
        said = {
            "shape": asdict(self.rung.shape),
            "hyper": {**asdict(self.rung.hyper), "lr": dict(self.rung.hyper.lr)},
            "seq_len": self.rung.seq_len,
            "seed": self.seed,
            "corpus": self.corpus.digest,
            "revision": REVISION,
            "state": "weights, optimizer, cpu_s",
            **self._precision,
        }
        return self.out / "checkpoints" / digest(said)

    def settings(self, branch: Branch) -> dict[str, Any]:
        """Return what the run of a horizon is told to be."""
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
        """The precision of products, where it is not that of every CPU: its losses are other losses."""
        return {} if self.device == "cpu" else {"precision": precision(self.device)}

    def recorded(self, branch: Branch) -> RunRecord | None:
        """Return the run of a horizon as it is now; None where it was never begun."""
        run = RunSpec.of(self.settings(branch)).digest
        return DirStore(self.out).read(run) if (self.out / run / "run.json").exists() else None

    def is_done(self, branch: Branch) -> bool:
        """Return whether the run of a horizon is finished."""
        found = self.recorded(branch)
        return found is not None and found.state == "finished"

    @property
    def to_do(self) -> tuple[Branch, ...]:
        """Horizons whose runs are not finished, shortest first."""
        return tuple(branch for branch in self.rung.trunk.branches if not self.is_done(branch))

    def to_dict(self) -> dict[str, Any]:
        """Return what a worker needs, as plain values."""
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
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """Return the job of ``to_dict``.

        Raises:
            BadInput: the ladder did not survive being written down.
        """
        ladder = read_ladder(tomllib.loads(said["ladder"]), Ladder)
        if ladder.digest != said["digest"]:
            raise BadInput(f"ladder {ladder.name} has digest {ladder.digest} here, and {said['digest']} was meant")
        return cls(
            ladder,
            ladder.rungs[said["rung"]],
            said["seed"],
            load_corpus(Path(said["corpus"])),
            Path(said["out"]),
            device=said["device"],
            keep_s=said["keep_s"],
            noise_scale=said["noise_scale"],
        )


def precision(device: str) -> str:
    """Return the precision of the products on a device.

    Raises:
        BadInput: there is no such device here.
    """
    from scalelaw.training.model import Program  # with it torch, which no CPU sweep needs to be driven

    return Program.of(device).precision
