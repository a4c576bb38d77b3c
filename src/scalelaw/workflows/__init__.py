"""Whole jobs, joined from the layers below."""
