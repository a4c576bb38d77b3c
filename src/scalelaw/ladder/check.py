"""Check a ladder before training.

code              grade   when
ONE_RAY           warn    every fitted run has about the same tokens per parameter, so N and D are not separable
SPAN_NARROW       warn    fitted sizes, or horizons, span less than a decade
NO_REPEATS        warn    no run has a replicate, so the noise of a run stays unknown
HORIZON_SHORT     warn    a fitted run has fewer tokens per parameter than additive laws need
STEPS_FEW         warn    the shortest horizon has few steps, since its batch is large
WARMUP_LONG       warn    the warmup takes a large share of the shortest horizon
HELD_OUT_NEAR     warn    the held-out runs have little more compute than the largest fitted one
EPOCHS_MANY       warn    more than four passes over the text, and repeated tokens help less
MEMORY_EXCEEDED   warn    a rung does not fit into the device even with a single sequence
"""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.accounting.hardware import Device
from scalelaw.accounting.memory import training_memory
from scalelaw.core.findings import Finding, Grade
from scalelaw.ladder.grid import EXACT, Rung

if TYPE_CHECKING:
    from scalelaw.ladder.ladder import Ladder

LEAST_RATIO = 3.0
"""Tokens per parameter, head included; wide models with fewer are still in their first phase (our prototype)."""
LEAST_STEPS = 300
"""Steps; 244 of 2048 tokens were 2-4 % worse than 488 of 1024 (our prototype)."""
MOST_WARMUP = 0.2
"""Share of a run; 100 of 244 steps cost 0.04 nats (our prototype)."""
LEAST_REACH = 3.0
"""Compute of the held-out runs over the largest fitted one."""
MOST_EPOCHS = 4.0
"""Repeated tokens are nearly as good as new ones up to this many passes (Muennighoff et al. 2023, 2305.16264)."""
LEAST_SPAN = 1.0
"""Decades of size."""
LEAST_RATIO_SPAN = 0.3
"""Decades of tokens per parameter."""


def check_ladder(ladder: "Ladder", device: Device | None = None) -> tuple[Finding, ...]:
    """Return warnings about a ladder, and about its memory on a device if one is given."""
    found = [*_spans(ladder), *_horizons(ladder), *_held_out(ladder)]
    if ladder.data.epochs > MOST_EPOCHS:
        found.append(
            _warn(
                "EPOCHS_MANY",
                f"{ladder.data.epochs:g} passes over the text are allowed",
                "add text, or fit a law of repeated data",
            )
        )
    if device is not None:
        found += _too_large(ladder, device)
    return tuple(found)


def in_parts(rung: Rung, device: Device) -> tuple[int, float]:
    """Return the number of micro-batches per batch on a device, and the memory in bytes, both estimated.

    The number is the smallest power of two that fits, or one sequence per part if none fits.
    """
    parts = 1
    while (needed := _memory(rung, device, parts)) > (device.memory_bytes or np.inf):
        if 2 * parts > rung.trunk.batch_tokens // rung.seq_len:
            break
        parts *= 2
    return parts, needed


def _memory(rung: Rung, device: Device, parts: int) -> float:
    return training_memory(
        rung.shape,
        rung.trunk.batch_tokens / parts,
        optimizer=rung.hyper.optimizer,
        bytes_per_value=device.bytes_per_value,
    ).total


def _warn(code: str, message: str, fix: str, rows: int = 0) -> Finding:
    return Finding(code, Grade.WARN, message, rows, fix)


def _ratio(rung: Rung, tokens: float) -> float:
    return tokens / rung.counts.count(EXACT.params)


def _spans(ladder: "Ladder") -> list[Finding]:
    found = []
    ratios = [_ratio(rung, tokens) for rung in ladder.fitted for tokens in rung.horizons]
    if np.ptp(np.log10(ratios)) < LEAST_RATIO_SPAN:
        message = f"all fitted runs have {min(ratios):.3g} to {max(ratios):.3g} tokens per parameter"
        found.append(_warn("ONE_RAY", message, "give every width several horizons", len(ratios)))
    sizes = [rung.params for rung in ladder.fitted]
    if (span := float(np.ptp(np.log10(sizes)))) < LEAST_SPAN:
        message = f"fitted sizes span {span:.2g} decades"
        found.append(_warn("SPAN_NARROW", message, "add narrower or wider rungs", len(sizes)))
    if all(len(rung.seeds) < 2 for rung in ladder.fitted):
        found.append(_warn("NO_REPEATS", "no run has a replicate", "set seeds = 2 on the cheapest rungs"))
    return found


def _horizons(ladder: "Ladder") -> list[Finding]:
    found = []
    least = {rung: _ratio(rung, rung.horizons[0]) for rung in ladder.fitted}
    if early := [rung for rung, ratio in least.items() if ratio < LEAST_RATIO]:
        worst = min(early, key=lambda rung: least[rung])
        message = (
            f"{len(early)} rungs are fitted below {LEAST_RATIO:g} tokens per parameter, where additive laws do not "
            f"hold yet ({worst.name}: {least[worst]:.2g})"
        )
        found.append(_warn("HORIZON_SHORT", message, "omit their shortest horizons", len(early)))
    first = {rung: rung.trunk.branches[0].steps for rung in ladder.fitted}
    if few := [rung for rung, steps in first.items() if steps < LEAST_STEPS]:
        worst = min(few, key=lambda rung: first[rung])
        message = (
            f"{len(few)} rungs take fewer than {LEAST_STEPS} steps to their shortest horizon "
            f"({worst.name}: {first[worst]} of {worst.trunk.batch_tokens} tokens)"
        )
        found.append(_warn("STEPS_FEW", message, "make the batch smaller or the horizon longer", len(few)))
    if late := [rung for rung, steps in first.items() if rung.trunk.warmup > MOST_WARMUP * steps]:
        worst = late[0]
        message = (
            f"{len(late)} rungs warm up for more than {MOST_WARMUP:.0%} of their shortest horizon "
            f"({worst.name}: {worst.trunk.warmup} of {first[worst]} steps)"
        )
        found.append(_warn("WARMUP_LONG", message, "shorten the warmup", len(late)))
    return found


def _held_out(ladder: "Ladder") -> list[Finding]:
    if not ladder.held_out:
        return []
    reach = max(rung.largest_flops for rung in ladder.held_out) / max(rung.largest_flops for rung in ladder.fitted)
    if reach >= LEAST_REACH:
        return []
    message = f"the largest held-out run has {reach:.2g} x the compute of the largest fitted one"
    return [_warn("HELD_OUT_NEAR", message, "hold out a wider rung at the longest horizon")]


def _too_large(ladder: "Ladder", device: Device) -> list[Finding]:
    have = device.memory_bytes or np.inf
    large = [(rung, needed) for rung in ladder.rungs if (needed := in_parts(rung, device)[1]) > have]
    if not large:
        return []
    rung, needed = large[-1]
    message = (
        f"{len(large)} rungs do not fit into the {have / 1e9:.3g} GB of {device.name} even with one sequence "
        f"({rung.name}: about {needed / 1e9:.3g} GB)"
    )
    return [_warn("MEMORY_EXCEEDED", message, "use a larger device, or shard", len(large))]
