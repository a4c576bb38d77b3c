"""Solver: many small robust fits of one law at once, their coordinates, starts and loss functions."""
