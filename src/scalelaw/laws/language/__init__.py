"""Laws of language-model pretraining, one file a law."""
