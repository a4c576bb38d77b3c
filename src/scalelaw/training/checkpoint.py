"""Checkpoints of a trunk: weights and optimizer state in one safetensors file, bit-exact and replaced atomically."""

import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import Tensor

from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.training.job import KEPT

_NAME = re.compile(r"step-(\d+)\.safetensors")


def save(folder: Path, step: int, state: Mapping[str, Tensor]) -> None:
    """Save the state after a number of steps, and delete earlier ones.

    Raises:
        BadInput: the folder cannot be written.
    """
    path = folder / f"step-{step:08}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = save_tensors({name: tensor.detach() for name, tensor in state.items()}, metadata={"step": str(step)})
        write_whole(path, content)
        for earlier in steps(folder):
            if earlier < step:
                (folder / f"step-{earlier:08}.safetensors").unlink(missing_ok=True)
    except (OSError, SafetensorError, BadInput) as error:
        why = getattr(error.__cause__ or error, "strerror", None) or error
        raise BadInput(f"{folder} cannot be written: {why}; {KEPT}") from error


def steps(folder: Path) -> list[int]:
    """Return the steps of the saved states, ascending."""
    found = (_NAME.fullmatch(path.name) for path in folder.glob("step-*.safetensors"))
    return sorted(int(match[1]) for match in found if match)


def load(folder: Path, step: int) -> dict[str, Tensor]:
    """Load the state after a number of steps.

    Raises:
        BadInput: the file is damaged.
    """
    path = folder / f"step-{step:08}.safetensors"
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise BadInput(f"{path} cannot be read: {error}; delete it to train from the start") from error
