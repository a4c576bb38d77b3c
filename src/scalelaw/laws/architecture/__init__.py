"""Laws of architecture: experts, sparsity, shape."""
