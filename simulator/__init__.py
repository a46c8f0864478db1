"""A simulator of a contact center that runs the router's own dispatcher under virtual time (docs/simulator.md)."""
