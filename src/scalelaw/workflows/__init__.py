"""Whole jobs, joined from the folders below: study, project, demo, benchmark, reproductions."""
