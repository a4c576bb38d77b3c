"""Published numbers that we compute again, one file per subject, each with its ``FIGURES``."""
