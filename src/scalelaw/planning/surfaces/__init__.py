"""Surfaces: loss over params and tokens, in closed form or numeric, and the efficient path along them."""
