"""How well a law forecast the dearer runs it had not seen."""
