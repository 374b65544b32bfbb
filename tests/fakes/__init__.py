"""Hand-written doubles with state."""
