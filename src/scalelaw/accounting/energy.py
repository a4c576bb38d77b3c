"""Energy of device hours, estimated: kWh = hours x kW x utilisation x rest of the node x PUE."""

from scalelaw.accounting.hardware import Device

UTILISATION = 0.8
"""Share of the rated power that training draws, recalled from published runs."""
NODE_OVERHEAD = 1.3
"""Power of a whole node over that of its devices: 1.25 to 1.5."""
POWER_USAGE = 1.2
"""Power of the building over that of the machines (PUE): 1.1 to 1.2 in large centres, 1.55 on average."""


def energy_kwh(
    hours: float,
    device: Device,
    *,
    utilisation: float = UTILISATION,
    node_overhead: float = NODE_OVERHEAD,
    power_usage: float = POWER_USAGE,
) -> float | None:
    """Estimate energy in kWh; None if the device's power is unknown.

    Args:
        hours: device hours.
        device: the device.
        utilisation: share of the rated power drawn.
        node_overhead: power of the node divided by the power of its devices.
        power_usage: power of the building divided by the power of the machines.

    Example:
        >>> from scalelaw.accounting.hardware import device
        >>> round(energy_kwh(1, device("h100"), node_overhead=1), 3)
        0.672
    """
    if device.watts is None:
        return None
    return hours * device.watts / 1000 * utilisation * node_overhead * power_usage
