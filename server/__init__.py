"""The composition root: builds everything, owns the pump, supervises, shuts down in order."""
