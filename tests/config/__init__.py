"""Tests of config/ and of the demo site."""
