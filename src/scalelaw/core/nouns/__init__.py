"""Base classes of results and tables: a short repr, columns for dataframes, named coefficients, a figure."""
