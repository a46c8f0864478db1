"""IVR: immutable flows, their parser and the pure machine that walks a caller through one of them."""
