"""Best peak learning rate as a product of powers of size, tokens or compute; each source gives batch and schedule."""

from dataclasses import dataclass

from scalelaw.laws._base import Constants
from scalelaw.laws._powers import PowersOfChoice

_BATCH = "swept with the rate; both are at their best"


@dataclass(frozen=True)
class OptimalLr(PowersOfChoice):
    """Peak rate; N without embeddings. It rises with tokens if the batch is free, and falls if the batch is fixed."""

    by: str = "params_non_embedding+tokens"

    formula = "lr = k N^a D^b, k C^a, k N^a or k D^a"
    cite = "Li et al. 2025 (Step Law), arXiv 2503.04715, eq. 1"
    output = "lr"
    traps = (
        "a rate depends on the batch and the schedule: at a fixed batch, the best rate falls with tokens",
        "a rate for AdamW does not apply to another optimizer",
        "by tokens at one size and a batch of 0.5M, Bjorck et al. 2024 find a = -0.32; fit k",
    )
    choices = {  # noqa: RUF012 - shared by all shapes
        "params_non_embedding+tokens": {
            "li2025": Constants(
                {"k": 1.79, "a": -0.713, "b": 0.307},
                "Li et al. 2025 (Step Law), arXiv 2503.04715, eq. 1",
                {"params_non_embedding": (6e7, 1.1e9), "tokens": (2e9, 1e11)},
                conditions={"batch": _BATCH, "schedule": "decay to a fixed rate of 1e-5, for any peak"},
            )
        },
        "flops": {
            "bi2024": Constants(
                {"k": 0.3118, "a": -0.1250},
                "Bi et al. 2024 (DeepSeek LLM), arXiv 2401.02954",
                note="copies print .3188 or .3318; C counts non-embedding FLOP with attention",
                conditions={"batch": _BATCH, "schedule": "multi-step decay"},
            ),
            "liu2025": Constants(
                {"k": 0.0127, "a": -0.057},
                "Liu et al. 2025 (Moonlight), arXiv 2502.16982",
                conditions={"batch": _BATCH, "schedule": "not recorded in our source", "optimizer": "Muon"},
            ),
        },
        "params_non_embedding": {
            "porian2024": Constants(
                {"k": 3.7, "a": -0.36},
                "Porian et al. 2024, arXiv 2406.19146",
                note="N counts the head",
                conditions={"batch": f"{_BATCH}, with AdamW's beta2", "schedule": "constant after warmup"},
            )
        },
        "tokens": {},
    }


LAW = OptimalLr()
