"""Recipes that are run by hand; the server imports none of them."""
