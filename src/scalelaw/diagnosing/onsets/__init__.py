"""Whether a score rises smoothly with scale, breaks, or only looks as if it did."""
