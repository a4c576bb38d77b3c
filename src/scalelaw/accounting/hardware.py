"""Peak and reached FLOP/s, power and price of devices, each number with its source.

Rates are reached training FLOP per second by model size, counting attention and head; small models do not fill a
device. The source of each rate states whether it is measured or estimated. Describe your own device with ``Device``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName


@dataclass(frozen=True)
class Device:
    """One device, or one core, that trains one run at a time.

    Attributes:
        name: name of the device.
        peak_flops_per_s: dense FLOP/s of its matrix units in the training precision.
        memory_bytes: memory in bytes; None if it depends on the machine.
        watts: power at full load; None if unknown.
        dollars_per_hour: rent; None if unknown.
        rates: model size (N with the head) -> reached FLOP/s, in ascending order.
        sources: field -> source of its value.
        bytes_per_value: bytes per activation value.
    """

    name: str
    peak_flops_per_s: float
    memory_bytes: float | None
    watts: float | None
    dollars_per_hour: float | None
    rates: tuple[tuple[float, float], ...]
    sources: Mapping[str, str] = field(hash=False)
    bytes_per_value: int = 2

    def __post_init__(self) -> None:
        sizes = [size for size, _ in self.rates]
        if not sizes or sizes != sorted(set(sizes)) or not all(size > 0 and rate > 0 for size, rate in self.rates):
            raise BadInput(f"device {self.name}: rates must be positive pairs (params, FLOP/s) with ascending sizes")

    def flops_per_s(self, params: float) -> float:
        """Return the FLOP/s reached with a model of this size, interpolated linearly in logarithms.

        Below the smallest size the first line continues; above the largest size the last rate holds.

        Args:
            params: N with the head but without the lookup.

        Example:
            >>> h100 = device("h100")
            >>> round(h100.flops_per_s(1e12) / h100.peak_flops_per_s, 3)
            0.4
        """
        size, rate = np.log(np.array(self.rates)).T
        at = np.log(float(params))
        if at < size[0] and len(size) > 1:
            slope = (rate[1] - rate[0]) / (size[1] - size[0])
            return float(np.exp(rate[0] + slope * (at - size[0])))
        return float(np.exp(np.interp(at, size, rate)))

    def hours(self, params: float, flops: float) -> float:
        """Return the hours of this device for an amount of compute with a model of this size."""
        return flops / self.flops_per_s(params) / 3600


_CPU_RATES = ((14_432, 11.3e9), (26_234, 15.5e9), (41_122, 17.1e9), (131_394, 29.7e9), (270_818, 36.7e9),
              (459_394, 34.7e9), (2_752_512, 38.3e9))  # fmt: skip
"""One core, fp32, Muon, batches of 1024 tokens, with evaluations: compute of 4M tokens over the CPU seconds."""

_REACHED = ((5e6, 0.06), (20e6, 0.15), (100e6, 0.33), (1e9, 0.40))
"""Size -> share of an accelerator's peak that training reaches."""


def _accelerator(name: str, peak: float, gigabytes: float, watts: float, price: float) -> Device:
    rates = tuple((size, share * peak) for size, share in _REACHED)
    sheet = "vendor's data sheet, dense bf16"
    sources = {
        "peak_flops_per_s": sheet,
        "memory_bytes": sheet,
        "watts": "vendor's data sheet, board power",
        "dollars_per_hour": "estimated: on-demand cloud prices of 2025-26, which drift",
        "rates": "estimated: 6 % of peak at 5M params, 15 % at 20M, 33 % at 100M (our prototype), 40 % at 1B",
    }
    return Device(name, peak, gigabytes * 1e9, watts, price, rates, sources)


DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        each.name: each
        for each in (
            Device(
                "cpu", 86e9, None, 6.25, 0.05, _CPU_RATES,
                {
                    "peak_flops_per_s": "measured: fp32 matrix product on one core with AVX-512 (our prototype)",
                    "watts": "estimated: 350 W of a 56-core server processor, by the core",
                    "dollars_per_hour": "estimated: on-demand cloud core, 2025",
                    "rates": "measured on one core, evaluations included (our prototype)",
                },
                bytes_per_value=4,
            ),
            _accelerator("a100", 312e12, 80, 400, 2.0),
            _accelerator("h100", 989e12, 80, 700, 2.65),
            _accelerator("h200", 989e12, 141, 700, 3.4),
            _accelerator("b200", 2250e12, 192, 1000, 4.6),
            _accelerator("tpu-v5p", 459e12, 95, 550, 2.1),
        )
    }
)  # fmt: skip
"""Name -> device; ``cpu`` is one core."""


def device(name: str) -> Device:
    """Return the device of this name.

    Raises:
        UnknownName: the name is unknown.
    """
    if name not in DEVICES:
        raise UnknownName.among("device", name, DEVICES)
    return DEVICES[name]
