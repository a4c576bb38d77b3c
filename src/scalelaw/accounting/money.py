"""Price of device hours, estimated: dollars = hours x rent x (1 + restarts)."""

from scalelaw.accounting.hardware import Device

RESTARTS = 0.1
"""Hours lost to restarts over hours of work: 0.05 to 0.15."""


def cost_dollars(hours: float, device: Device, *, restarts: float = RESTARTS) -> float | None:
    """Estimate the price in dollars; None if the device's price is unknown.

    Example:
        >>> from scalelaw.accounting.hardware import device
        >>> cost_dollars(100, device("h100"), restarts=0)
        265.0
    """
    return None if device.dollars_per_hour is None else hours * device.dollars_per_hour * (1 + restarts)
