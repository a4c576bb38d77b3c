"""Critical batch as a power of loss, size or tokens: beyond it, larger batches save fewer steps."""

from dataclasses import dataclass

from scalelaw.laws._base import Constants
from scalelaw.laws._powers import PowersOfChoice

_CONSTANT_RATE = {"lr": "swept for each batch", "schedule": "constant, weights averaged exponentially"}


@dataclass(frozen=True)
class CriticalBatch(PowersOfChoice):
    """Critical batch as a power of loss, size or tokens; for loss, k is the paper's B_* and a is -1 / alpha_B."""

    by: str = "loss"

    formula = "B_crit = k L^a, k D^a or k N^a"
    cite = "Kaplan et al. 2020, arXiv 2001.08361, eq. 1.4; of tokens and size: Zhang et al. 2024, arXiv 2410.21676"
    output = "critical_batch"
    traps = (
        "it is not the batch of least loss; see optimal_batch",
        "training at it takes twice the fewest steps and twice the fewest tokens",
        "a loss under another tokenizer cannot be used",
    )
    choices = {  # noqa: RUF012 - shared by all shapes
        "loss": {
            "kaplan2020": Constants(
                {"k": 2.1e8, "a": -1 / 0.21},
                "Kaplan et al. 2020, arXiv 2001.08361, eq. 5.3",
                note="the paper's introduction rounds B_* to 2e8",
                conditions={"lr": "one for each size", "schedule": "cosine to zero"},
            ),
            "hu2024": Constants(
                {"k": 1.21e9, "a": -6.24},
                "Hu et al. 2024 (MiniCPM), arXiv 2404.06395",
                conditions={"lr": "held", "schedule": "warmup, stable, decay"},
            ),
            "su2024": Constants(
                {"k": 1.7e8, "a": -1 / 0.205},
                "Su et al. 2024, arXiv 2403.06563, from memory",
                note="the form holds to 33B; its constants must be found again for each set-up",
                unverified=True,
                conditions={"lr": "not recorded in our source", "schedule": "not recorded in our source"},
            ),
        },
        "tokens": {
            "zhang2024": Constants(
                {"k": 22.91 * 512 / 1e6**0.47, "a": 0.47},
                "Zhang et al. 2024, arXiv 2410.21676, in plain tokens",
                {"params": (8.5e7, 1.2e9)},
                note="printed as 22.91 D^.47; that D counts millions and B sequences of 512 is inferred, not printed",
                unverified=True,
                conditions=_CONSTANT_RATE,
            )
        },
        "params": {
            "zhang2024": Constants(
                {"k": 621.34 * 512 / 1e6**0.087, "a": 0.087},
                "Zhang et al. 2024, arXiv 2410.21676, in plain parameters",
                {"params": (8.5e7, 1.2e9)},
                note="printed as 621.34 N^.087 at fixed tokens; millions of N and sequences of 512 are inferred",
                unverified=True,
                conditions=_CONSTANT_RATE,
            ),
            "zhang2024-chinchilla": Constants(
                {"k": 93.20 * 512 / 1e6**0.47, "a": 0.47},
                "Zhang et al. 2024, arXiv 2410.21676, in plain parameters, from memory",
                {"params": (8.5e7, 1.2e9)},
                note="along D = 20 N; printed as 93.20 N^.47; millions of N and sequences of 512 are inferred",
                unverified=True,
                conditions=_CONSTANT_RATE,
            ),
        },
    }


LAW = CriticalBatch()
