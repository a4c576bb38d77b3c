"""What the closed issues promise, measured again: one section a file, each with ``measure() -> Iterator[Row]``."""
