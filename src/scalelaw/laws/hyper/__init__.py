"""Laws of hyper-parameters: learning rate, batch, critical batch."""
