"""Tests of the pure router, one file for each module."""
