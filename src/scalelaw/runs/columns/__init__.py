"""Columns: which quantity a column holds, in which unit, and what can be computed from others."""
