"""Tuning: a search over the base learning rate and batch of a ladder."""
