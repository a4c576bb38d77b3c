"""Columns: the quantity and unit each column holds, and quantities computed from other columns."""
