"""Laws of the data: repeated, filtered."""
