"""Grouping: find which rows are checkpoints of one run and which are separate runs."""
