"""Planning: how to spend a budget, and how sure that is."""
