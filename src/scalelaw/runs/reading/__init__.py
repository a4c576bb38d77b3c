"""Reading: load a table of runs from files, dataframes, stores and trackers (``load_runs`` in ``load.py``)."""
