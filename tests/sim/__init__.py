"""A simulated shift through the dispatcher."""
