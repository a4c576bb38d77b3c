"""Laws of data: what it is mixed of, how much pretraining transfers, what fine-tuning adds."""
