"""Tuning: search the base learning rate and batch of a ladder."""
