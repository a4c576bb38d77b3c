"""What every noun of the library can do besides print: a short repr, columns for dataframes, names, a figure."""
