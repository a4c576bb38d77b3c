"""Kill writers at random moments, and take the disk away from them."""
