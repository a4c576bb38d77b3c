"""How well decisions hold: N* at held-out budgets and of simulated truths, by the protocol beside this file."""
