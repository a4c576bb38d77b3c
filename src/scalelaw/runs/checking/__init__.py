"""Checking: find bad values, units and sizes, and designs that cannot determine a law."""
