"""Grouping: which rows are readings along one run, and which are runs of their own."""
