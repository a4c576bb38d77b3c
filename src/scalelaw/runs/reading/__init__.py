"""Reading: files, dataframes, stores and trackers become a table of runs. ``load_runs`` is in ``load.py``."""
