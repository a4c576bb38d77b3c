"""Figures, one a file: ``*_info`` computes, ``draw`` renders."""
