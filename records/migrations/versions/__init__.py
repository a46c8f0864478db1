"""The steps. Never edit one that has been released: add another."""
