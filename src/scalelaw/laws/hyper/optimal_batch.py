"""Best batch in tokens as a power of tokens, compute or size; each source gives learning rate and schedule."""

from dataclasses import dataclass

from scalelaw.core.numbers import PF_DAY
from scalelaw.laws._base import Constants
from scalelaw.laws._powers import PowersOfChoice

_RATE = "swept with the batch; both are at their best"


@dataclass(frozen=True)
class OptimalBatch(PowersOfChoice):
    """The batch of least loss at a given number of tokens; not the critical batch, which trades steps for tokens."""

    by: str = "tokens"

    formula = "B = k D^a, k C^a or k N^a"
    cite = "Li et al. 2025 (Step Law), arXiv 2503.04715, eq. 1"
    output = "batch_tokens"
    traps = ("it counts tokens: multiply a batch in sequences by the sequence length",)
    choices = {  # noqa: RUF012 - shared by all shapes
        "tokens": {
            "li2025": Constants(
                {"k": 0.58, "a": 0.571},
                "Li et al. 2025 (Step Law), arXiv 2503.04715, eq. 1",
                {"tokens": (2e9, 1e11)},
                conditions={"lr": _RATE, "schedule": "decay to a fixed rate of 1e-5, for any peak"},
            )
        },
        "flops": {
            "bi2024": Constants(
                {"k": 0.2920, "a": 0.3271},
                "Bi et al. 2024 (DeepSeek LLM), arXiv 2401.02954",
                note="C counts non-embedding FLOP with attention",
                conditions={"lr": _RATE, "schedule": "multi-step decay"},
            ),
            "liu2025": Constants(
                {"k": 0.0065, "a": 0.4138},
                "Liu et al. 2025 (Moonlight), arXiv 2502.16982",
                conditions={"lr": _RATE, "schedule": "not recorded in our source", "optimizer": "Muon"},
            ),
            "kaplan2020": Constants(
                {"k": 2.0e6 / PF_DAY**0.24, "a": 0.24},
                "Kaplan et al. 2020, arXiv 2001.08361, appendix A",
                note="C is C_min, compute had the batch been far below critical; this batch is the critical one",
                conditions={"lr": "one for each size", "schedule": "cosine to zero"},
            ),
        },
        "params_non_embedding": {
            "porian2024": Constants(
                {"k": 0.7576, "a": 0.703},
                "Porian et al. 2024, arXiv 2406.19146",
                note="N counts the head",
                conditions={"lr": f"{_RATE}, with AdamW's beta2", "schedule": "constant after warmup"},
            )
        },
    }


LAW = OptimalBatch()
