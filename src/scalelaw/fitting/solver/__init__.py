"""Solve many small robust fits of one law at once: coordinates, starts and loss functions."""
